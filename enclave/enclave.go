// SPDX-License-Identifier: Apache-2.0

// Package enclave is trusted: it is the chaincode enclave (FPC_stub_enclave of
// the specification). It holds the keys, checks proposals, opens requests, runs
// the chaincode, and seals and signs what leaves.
//
// Everything it is handed comes from an untrusted host. It has no clock, no
// logger and no descriptor besides its transport; the steps it took are returned
// to the host, which records them.
package enclave

import (
	"context"
	"errors"
	"io"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

// Methods that a host may call, with the message that each carries.
const (
	MethodInit           = "init"           // InitRequest, InitResponse: REG-3 to REG-7
	MethodRestore        = "restore"        // RestoreRequest, RestoreResponse: INV-6c, INV-6d
	MethodRefresh        = "refresh"        // RefreshRequest, RefreshResponse: REG-15
	MethodGenerateCCKeys = "generateCCKeys" // GenerateCCKeysRequest, GenerateCCKeysResponse: KEY-1, KEY-2
	MethodInvoke         = "invoke"         // InvokeRequest, InvokeResponse: INV-8 to INV-17
	MethodStatus         = "status"         // StatusRequest, EnclaveStatus
)

// StateAccess is a running invocation's way to the ledger state, through the
// untrusted host.
//
// A malicious implementer can return old values, hide, add or reorder rows,
// swap values, claim absence, answer the same access differently twice, block
// for ever, and learn which keys are accessed in which order. The enclave
// detects values that it did not write under that key (EX-1) and rows out of
// order; for rollback and hidden rows Lite relies on the replay at commit.
type StateAccess interface {
	Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error)
}

// Config is what an enclave is made of.
type Config struct {
	Rand io.Reader
	// Confinement is reported in EnclaveStatus, nothing else.
	Confinement []string
}

// Enclave is one chaincode enclave. Its methods may be called concurrently.
type Enclave struct{}

// New returns an enclave that holds no keys yet: Init or Restore comes next.
func New(c Config) (*Enclave, error) { return &Enclave{}, nil }

var errNotYet = errors.New("enclave: not there yet")

// Init makes the enclave's keys and attests them: REG-3 to REG-7.
func (e *Enclave) Init(ctx context.Context, req *fpc.InitRequest) (*fpc.InitResponse, error) {
	return nil, errNotYet
}

// Restore unseals an earlier state: INV-6c, INV-6d.
func (e *Enclave) Restore(ctx context.Context, req *fpc.RestoreRequest) (*fpc.RestoreResponse, error) {
	return nil, errNotYet
}

// Refresh attests the same keys anew: REG-15.
func (e *Enclave) Refresh(ctx context.Context, req *fpc.RefreshRequest) (*fpc.RefreshResponse, error) {
	return nil, errNotYet
}

// GenerateCCKeys makes the chaincode's keys: KEY-1, KEY-2.
func (e *Enclave) GenerateCCKeys(ctx context.Context, req *fpc.GenerateCCKeysRequest) (*fpc.GenerateCCKeysResponse, error) {
	return nil, errNotYet
}

// Invoke runs the chaincode: INV-8 to INV-17.
func (e *Enclave) Invoke(ctx context.Context, req *fpc.InvokeRequest, host StateAccess) (*fpc.InvokeResponse, error) {
	return nil, errNotYet
}

// Status tells what the enclave is, and nothing secret.
func (e *Enclave) Status() *fpc.EnclaveStatus { return &fpc.EnclaveStatus{} }

// Handle answers one call of the transport.
func (e *Enclave) Handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	return nil, errNotYet
}
