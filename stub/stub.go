// SPDX-License-Identifier: Apache-2.0

// Package stub is untrusted: to the peer it is a chaincode, to the enclave its
// host. It relays proposals and state accesses, keeps the sealed state, and
// replays what an enclave signed (validateEnclaveEndorsement). A lying stub
// can refuse service; it cannot open or forge anything.
//
// One stub serves one chaincode on one channel. Without an enclave it only
// validates: every organisation that endorses validations runs such a one.
package stub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/stub/statedir"
	"github.com/privatechaincode/fpc/stub/validation"
	"github.com/privatechaincode/fpc/trace"
)

// Defaults of Config: a zero field means its default.
const (
	DefaultMaxInvocations = 128
	DefaultTimeout        = time.Minute
)

// Config says what a stub serves.
type Config struct {
	// Chaincode is the stub's own chaincode name. It cannot be learnt from the
	// peer: when another chaincode calls it, the proposal is that one's, and
	// so would be the enclaves whose results are written into this state.
	Chaincode string
	// ERCC is the registry's chaincode name; empty: protocol.ERCCName.
	ERCC string
	// MSPID is the organisation whose peer this stub serves: its
	// administrators may call the admin functions.
	MSPID string
	// Start starts the enclave; nil: the stub only validates. The secret is
	// kept in StateDir; simulated enclaves derive their sealing key from it.
	Start func(ctx context.Context, hostSecret [32]byte) (Enclave, error)
	// AttestationParams returns what the enclave's platform is asked for where
	// the administrator says nothing; nil: nothing.
	AttestationParams func() []byte
	// Ledger is the socket of this peer's fpc-ledger-host; empty: enclaves here
	// are of Lite mode only.
	Ledger string
	// StateDir is the state directory of this enclave; unused without Start.
	StateDir string
	// AwaitState makes a stub whose state directory another one holds wait for
	// it, as long as its start may take. Else that is an error at once.
	AwaitState bool
	// MaxInvocations bounds the invocations that run at the same time; more
	// wait.
	MaxInvocations int
	// Timeout bounds one invocation, waiting included.
	Timeout time.Duration
	// Trace records the steps that the stub receives; nil: none. The enclave's
	// are recorded under EnclaveProcess and its process id.
	Trace          trace.Recorder
	EnclaveProcess string
	// Meter measures the calls; nil: nobody does.
	Meter Meter
	// Log is told of refusals and of the enclave's end, and at debug level of
	// every call; nil: nothing is logged.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.ERCC == "" {
		c.ERCC = protocol.ERCCName
	}
	if c.MaxInvocations <= 0 {
		c.MaxInvocations = DefaultMaxInvocations
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Trace == nil {
		c.Trace = trace.Nop
	}
	if c.EnclaveProcess == "" {
		c.EnclaveProcess = "enclave"
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.AttestationParams == nil {
		c.AttestationParams = func() []byte { return nil }
	}
	return c
}

// Stub is the FPC stub of one chaincode on one channel.
type Stub struct {
	config  Config
	dir     *statedir.Dir // nil without an enclave, like the next
	enclave Enclave
	ledger  ledgerHost
	slots   chan struct{} // one token per running invocation
	known   validation.Known

	admin sync.Mutex     // held while sealed state is made and stored
	state *fpc.StubState // as stored last; nil: none. Guarded by admin

	stores atomic.Uint64 // how often state was stored, to tell whether it was

	mu   sync.Mutex
	err  error
	done chan struct{}
}

var _ shim.Chaincode = (*Stub)(nil)

// New takes the state directory, starts the enclave and restores it (INV-6a to
// INV-6d). A state that the enclave cannot open is an error, and stays as it
// is. ctx bounds the start only.
func New(ctx context.Context, config Config) (*Stub, error) {
	config = config.withDefaults()
	if config.Chaincode == "" {
		return nil, errors.New("stub: no chaincode name")
	}
	s := &Stub{config: config, ledger: ledgerHost{socket: config.Ledger}, slots: make(chan struct{}, config.MaxInvocations), done: make(chan struct{})}
	if config.Start == nil {
		return s, nil
	}
	if config.MSPID == "" {
		return nil, errors.New("stub: no MSP id: the enclave's organisation must be named")
	}
	if err := s.startEnclave(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("stub: %w", err)
	}
	go s.watch()
	return s, nil
}

// Done is closed when the enclave has ended: the program should end too, so that
// its supervisor or the peer starts both anew (INV-6a).
func (s *Stub) Done() <-chan struct{} { return s.done }

// Err says why the stub is done; nil while it is not, and after Close.
func (s *Stub) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the enclave and gives the state directory free.
func (s *Stub) Close() error {
	s.end(nil)
	var errs []error
	if s.enclave != nil {
		errs = append(errs, s.enclave.Stop())
	}
	s.ledger.close()
	if s.dir != nil {
		errs = append(errs, s.dir.Close())
	}
	return errors.Join(errs...)
}

// Init does nothing.
func (s *Stub) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// call is one call of a function of the stub.
type call struct {
	ctx  context.Context
	peer shim.ChaincodeStubInterface
	args [][]byte // after the function's name
}

// function is one function of the stub.
type function struct {
	step, from string // of the flows; empty: not a step. From an admin: not through another chaincode
	enclave    bool   // whether it needs one
	run        func(s *Stub, c call) ([]byte, error)
}

var functions = map[string]function{
	protocol.FuncInvoke:         {"INV-7", "peer", true, (*Stub).chaincodeInvoke},
	protocol.FuncValidate:       {"VAL-1", "peer", false, (*Stub).validateEnclaveEndorsement},
	protocol.FuncInitEnclave:    {"REG-1", "admin", true, (*Stub).initEnclave},
	protocol.FuncRefreshEnclave: {"REG-15", "admin", true, (*Stub).refreshEnclave},
	protocol.FuncGenerateCCKeys: {"KEY-1", "admin", true, (*Stub).generateCCKeys},
	protocol.FuncEnclaveStatus:  {"", "", true, (*Stub).enclaveStatus},

	protocol.FuncCertificateRequest: {"REG-9", "admin", true, (*Stub).certificateRequest},
	protocol.FuncInstallCertificate: {"REG-9", "admin", true, (*Stub).installCertificate},
	protocol.FuncPrepareStatement:   {"KEY-5", "admin", true, (*Stub).prepareStatement},
	protocol.FuncExportCCKeys:       {"KEY-5", "admin", true, (*Stub).exportCCKeys},
	protocol.FuncImportCCKeys:       {"KEY-7", "admin", true, (*Stub).importCCKeys},
}

// codeNoEnclave: this stub only validates.
const codeNoEnclave protocol.Code = "no_enclave"

// Invoke runs one function of the stub. A refusal is a response of status 500
// whose message is a protocol.StepError's text.
func (s *Stub) Invoke(peer shim.ChaincodeStubInterface) *shim.Response {
	args := peer.GetArgs()
	if len(args) == 0 {
		args = [][]byte{nil}
	}
	name := string(args[0])
	payload, err := s.observed(name, peer.GetTxID(), func() ([]byte, error) { return s.run(peer, name, args[1:]) })
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(payload)
}

func (s *Stub) run(peer shim.ChaincodeStubInterface, name string, args [][]byte) ([]byte, error) {
	f, known := functions[name]
	if !known {
		return nil, protocol.Errorf("INV-7", protocol.CodeUnknownFunction, "a private chaincode's stub has no function %.64q", name).
			WithHint("private chaincodes are called by an FPC client: fpc chaincode invoke, or the client SDK")
	}
	if f.enclave && s.enclave == nil {
		return nil, protocol.Errorf("INV-7", codeNoEnclave, "this peer has no enclave of chaincode %s, it only validates", s.config.Chaincode).
			WithHint("call a peer that the registered credentials name; to host the enclave here, start the stub with --enclave and --state, or, where the peer launches it, set FPC_STATE in the peer's environment")
	}
	if f.step != "" {
		s.record(f.step, f.from, name, peer.GetTxID())
	}
	if f.from == "admin" {
		if err := admin.Direct(f.step, peer, s.config.Chaincode); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(contextOf(peer), s.config.Timeout)
	defer cancel()
	return f.run(s, call{ctx: ctx, peer: peer, args: args})
}

// contextOf returns the transaction's context where the shim has one.
func contextOf(peer shim.ChaincodeStubInterface) context.Context {
	if c, ok := peer.(shim.ContextStub); ok {
		return c.Context()
	}
	return context.Background()
}

func (s *Stub) record(step, from, what, txID string) {
	s.config.Trace.Record(trace.Event{Step: step, From: from, To: "stub", What: what, TxID: txID})
}
