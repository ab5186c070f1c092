// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"errors"
	"regexp"
	"time"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace"
)

// maxClockDifference is how far a transaction's timestamp may be from the
// endorser's own clock (REG-12). The timestamp is the client's, and the same at
// all endorsers; the clock keeps it honest.
const maxClockDifference = 10 * time.Minute

var (
	chaincodeName = regexp.MustCompile(`^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$`)
	enclaveID     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// tx is one transaction at the registry, with what its steps ask of the peer.
type tx struct {
	registry *Registry
	stub     shim.ChaincodeStubInterface
	store    store
}

// received records a call. What a stub asks for is part of what the stub was
// called for: the transaction's proposal is to its chaincode.
func (t *tx) received(f function, name string) {
	if f.stubStep != "" && t.calledByChaincode() {
		t.record(f.stubStep, "stub", name)
		return
	}
	for _, step := range f.steps {
		t.record(step, f.from, name)
	}
}

func (t *tx) calledByChaincode() bool {
	signed, err := t.stub.GetSignedProposal()
	if err != nil {
		return false
	}
	p, err := envelope.UnpackProposal(signed)
	return err == nil && p.Chaincode != t.registry.config.Name
}

func (t *tx) record(step, from, what string) {
	t.registry.config.Trace.Record(trace.Event{Step: step, From: from, To: "ercc", What: what, TxID: t.stub.GetTxID()})
}

// policy returns the policy that ERCC's committed definition approves now. A
// policy stored under an earlier definition counts as none.
func (t *tx) policy(step string) (*protocol.RegistryPolicy, error) {
	stored, err := t.store.policy()
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, protocol.Errorf(step, protocol.CodeNoPolicy, "ERCC has no policy stored")
	}
	approved, err := t.definition(step, t.registry.config.Name)
	if err != nil {
		return nil, err
	}
	return protocol.CheckPolicy(step, stored, approved.GetVersion())
}

// definition returns a chaincode's committed definition, as this peer has it.
func (t *tx) definition(step, name string) (*definition.Definition, error) {
	d, err := definition.Committed(t.stub, name)
	if errors.Is(err, definition.ErrNotCommitted) {
		return nil, protocol.Errorf(step, protocol.CodeNoDefinition, "%w", err)
	}
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "%w", err)
	}
	return d, nil
}

// time returns the transaction's timestamp, at which evidence is judged.
func (t *tx) time(step string) (time.Time, error) {
	stamp, err := t.stub.GetTxTimestamp()
	if err != nil {
		return time.Time{}, protocol.Errorf(step, protocol.CodeClock, "read the transaction's timestamp: %w", err)
	}
	if err := stamp.CheckValid(); err != nil {
		return time.Time{}, protocol.Errorf(step, protocol.CodeClock, "transaction's timestamp: %w", err)
	}
	at := stamp.AsTime()
	if off := at.Sub(t.registry.config.Now()); off.Abs() > maxClockDifference {
		return time.Time{}, protocol.Errorf(step, protocol.CodeClock, "transaction's timestamp %s is %s off this endorser's clock, at most %s are allowed",
			at.Format(time.RFC3339), off.Round(time.Second), maxClockDifference)
	}
	return at, nil
}

// oneChaincode reads the arguments of a query about one chaincode.
func oneChaincode(step, function string, args [][]byte) (string, error) {
	name, err := protocol.ParseChaincodeArgs(step, function, args)
	if err != nil {
		return "", err
	}
	return name, checkName(step, name)
}

// oneEnclave reads the arguments of a function on one enclave.
func oneEnclave(step, function string, args [][]byte) (chaincode, enclave string, err error) {
	if chaincode, enclave, err = protocol.ParseEnclaveArgs(step, function, args); err != nil {
		return "", "", err
	}
	if err := checkName(step, chaincode); err != nil {
		return "", "", err
	}
	return chaincode, enclave, checkEnclaveID(step, enclave)
}

// checkName and checkEnclaveID refuse what has not Fabric's or our form: it
// could name other state keys.
func checkName(step, name string) error {
	if !chaincodeName.MatchString(name) {
		return protocol.Errorf(step, protocol.CodeBadArguments, "%.64q is not a chaincode name", name)
	}
	return nil
}

func checkEnclaveID(step, id string) error {
	if !enclaveID.MatchString(id) {
		return protocol.Errorf(step, protocol.CodeBadArguments, "%.80q is not an enclave id (64 hex digits)", id)
	}
	return nil
}
