// SPDX-License-Identifier: Apache-2.0

// Package ercc is untrusted: the enclave registry is an ordinary chaincode that
// many organisations endorse, and nobody believes a single peer's answer. What
// it writes is deterministic, so that all endorsers agree.
//
// It keeps the attestation policy (LC-5), registered enclaves (REG-11 to
// REG-15) and chaincode keys (KEY-3, KEY-6, KEY-7), and answers clients and stubs.
// One file per concern: policy.go, register.go and verify.go, revoke.go,
// cckeys.go, keyexport.go, query.go; store.go holds the state keys.
package ercc

import (
	"log/slog"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/calls"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace"
)

// Config says how a registry judges.
type Config struct {
	// Name is the registry's own chaincode name; empty: protocol.ERCCName. A
	// chaincode cannot learn its name from the peer: when another chaincode
	// calls it, the proposal is that one's, and so would be the definition that
	// approves a policy.
	Name string
	// Verifiers check evidence, by platform. Which platforms are good enough
	// is for the approved policy to say.
	Verifiers map[string]attest.Verifier
	// Now is the endorser's own clock, against which a transaction's timestamp
	// is held (REG-12); nil: time.Now.
	Now func() time.Time
	// Trace records the steps that the registry receives; nil: none.
	Trace trace.Recorder
	// Meter measures the calls; nil: nobody does.
	Meter Meter
	// Log is told of refusals, and at debug level of every call; nil: nothing is
	// logged.
	Log *slog.Logger
}

// Registry is the enclave registry.
type Registry struct{ config Config }

var _ shim.Chaincode = (*Registry)(nil)

// New returns a registry.
func New(config Config) *Registry {
	if config.Name == "" {
		config.Name = protocol.ERCCName
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Trace == nil {
		config.Trace = trace.Nop
	}
	if config.Meter == nil {
		config.Meter = calls.Unmeasured{}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{config: config}
}

// function is one function of the registry.
type function struct {
	from  string   // who calls it; admin: not through another chaincode
	steps []string // of the flows, which the call is
	run   func(t *tx, args [][]byte) ([]byte, error)
	// stubStep is the step for which a stub calls it; empty: it does not, or
	// does nothing else.
	stubStep string
}

var functions = map[string]function{
	protocol.FuncSetPolicy:       {"admin", []string{"LC-5"}, (*tx).setPolicy, ""},
	protocol.FuncRegisterEnclave: {"admin", []string{"REG-11"}, (*tx).registerEnclave, ""},
	protocol.FuncRevokeEnclave:   {"admin", []string{"REG-14"}, (*tx).revokeEnclave, ""},
	protocol.FuncRegisterCCKeys:  {"admin", []string{"KEY-3"}, (*tx).registerCCKeys, ""},
	protocol.FuncPutKeyExport:    {"admin", []string{"KEY-6"}, (*tx).putKeyExport, ""},

	protocol.FuncGetKeyExport:                 {"stub", []string{"KEY-7"}, (*tx).getKeyExport, ""},
	protocol.FuncQueryPolicy:                  {"client", []string{"LC-5"}, (*tx).queryPolicy, ""},
	protocol.FuncQueryChaincodeEncryptionKey:  {"client", []string{"INV-2"}, (*tx).queryChaincodeEncryptionKey, "KEY-1"},
	protocol.FuncQueryListEnclaveCredentials:  {"client", []string{"INV-5"}, (*tx).queryListEnclaveCredentials, ""},
	protocol.FuncQueryListProvisionedEnclaves: {"client", []string{"INV-5"}, (*tx).queryListProvisionedEnclaves, ""},
	protocol.FuncQueryEnclaveCredentials:      {"client", []string{"INV-5"}, (*tx).queryEnclaveCredentials, "REG-15"},
	protocol.FuncQueryRegistryView:            {"client", []string{"INV-2", "INV-5"}, (*tx).queryRegistryView, ""},
	protocol.FuncQueryValidationView:          {"stub", []string{"VAL-2"}, (*tx).queryValidationView, ""},
}

// Init does nothing: the registry starts without a policy and refuses every
// registration until one is stored (LC-5).
func (r *Registry) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function of the registry. A refusal is a response of status
// 500 whose message is a protocol.StepError's text.
func (r *Registry) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	args := stub.GetArgs()
	if len(args) == 0 {
		args = [][]byte{nil}
	}
	name := string(args[0])
	payload, err := r.observed(name, stub.GetTxID(), func() ([]byte, error) { return r.run(stub, name, args[1:]) })
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(payload)
}

func (r *Registry) run(stub shim.ChaincodeStubInterface, name string, args [][]byte) ([]byte, error) {
	f, known := functions[name]
	if !known {
		return nil, protocol.Errorf("REG-11", protocol.CodeUnknownFunction, "the registry has no function %.64q", name)
	}
	t := &tx{registry: r, stub: stub, store: store{stub}}
	t.received(f, name)
	if f.from == "admin" {
		if err := admin.Direct(f.steps[0], stub, r.config.Name); err != nil {
			return nil, err
		}
	}
	return f.run(t, args)
}
