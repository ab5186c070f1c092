// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// initEnclave has the enclave make its keys and attest them (REG-1 to REG-8). It
// returns Credentials. The enclave refuses a second time: an administrator whose
// connection broke finds the credentials in enclaveStatus.
//
// Codes: bad_arguments, not_admin, foreign_caller, no_definition, malformed,
// wrong_channel, bad_enclave_policy, ledger_unreachable, already_initialised.
func (s *Stub) initEnclave(c call) ([]byte, error) {
	const step = "REG-1"
	args, err := protocol.ParseInitEnclave(c.args)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	committed, err := s.definition(c)
	if err != nil {
		return nil, err
	}
	s.record("REG-2", "lifecycle", "committed definition", c.peer.GetTxID())
	hash, err := channelHash(args.GenesisBlock, c.peer.GetChannelID())
	if err != nil {
		return nil, err
	}
	msps, err := mspConfigurations("REG-2", args.ConfigBlock, c.peer.GetChannelID())
	if err != nil {
		return nil, err
	}
	response := &fpc.InitResponse{}
	request := &fpc.InitRequest{
		CcParams:          committed.CCParams(),
		HostParams:        &fpc.HostParameters{MspId: s.config.MSPID, PeerEndpoint: args.PeerEndpoint},
		ChannelHash:       hash,
		Msps:              msps,
		AttestationParams: s.attestationParams(args.AttestationParams),
	}
	if request.Full, err = s.full(committed, hash); err != nil {
		return nil, err
	}
	request.Registry = s.config.ERCC
	s.admin.Lock()
	defer s.admin.Unlock()
	if err := s.changeAskingLedger(c, "REG-3", methodInit, request, response); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	state := &fpc.StubState{SealedState: response.GetSealedState(), Credentials: response.GetCredentials()}
	if err := s.keep(c, state); err != nil {
		return nil, err
	}
	return encode("REG-8", response.GetCredentials())
}

// refreshEnclave has the same enclave attest anew, with the channel's current
// MSP configurations (REG-15). It returns Credentials. An enclave that was never
// registered is not refreshed: ERCC takes only its first attestation first.
//
// Codes: bad_arguments, not_admin, foreign_caller, malformed, wrong_channel,
// not_registered, not_initialised.
func (s *Stub) refreshEnclave(c call) ([]byte, error) {
	const step = "REG-15"
	args, err := protocol.ParseRefreshEnclave(c.args)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	msps, err := mspConfigurations(step, args.ConfigBlock, c.peer.GetChannelID())
	if err != nil {
		return nil, err
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	if s.state == nil {
		return nil, protocol.Errorf(step, protocol.CodeNotInitialised, "the enclave was never initialised")
	}
	if err := s.checkRegistered(c); err != nil {
		return nil, err
	}
	response := &fpc.RefreshResponse{}
	request := &fpc.RefreshRequest{Msps: msps, AttestationParams: s.attestationParams(args.AttestationParams)}
	if err := s.changeAskingLedger(c, step, methodRefresh, request, response); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	state := proto.CloneOf(s.state)
	state.SealedState, state.Credentials = response.GetSealedState(), response.GetCredentials()
	if err := s.keep(c, state); err != nil {
		return nil, err
	}
	return encode(step, response.GetCredentials())
}

// generateCCKeys has the enclave make the chaincode's key set (KEY-1, KEY-2), of
// the generation that follows the registered one. It returns Signed, of
// KeyRegistration. An administrator whose connection broke finds it in
// enclaveStatus.
//
// Codes: bad_arguments, not_admin, foreign_caller, not_initialised,
// already_provisioned.
func (s *Stub) generateCCKeys(c call) ([]byte, error) {
	const step = "KEY-1"
	suite, err := protocol.ParseGenerateCCKeys(c.args)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	current, err := s.registeredKey(c)
	if err != nil {
		return nil, err
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	response := &fpc.GenerateCCKeysResponse{}
	request := &fpc.GenerateCCKeysRequest{Suite: suite, Generation: current.GetGeneration() + 1}
	if err := s.change(c, step, methodGenerateCCKeys, request, response, nil); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	state := proto.CloneOf(s.state)
	if state == nil {
		state = &fpc.StubState{}
	}
	state.SealedState, state.Registration = response.GetSealedState(), response.GetRegistration()
	if err := s.keep(c, state); err != nil {
		return nil, err
	}
	return encode("KEY-2", response.GetRegistration())
}

// ledgerStatus is the ledger host's method that says how it is: LedgerStatusRequest,
// LedgerStatus.
const ledgerStatus = "status"

// enclaveStatus returns EnclaveStatus, completed with the credentials and the
// key registration that the enclave answered last, and with what the ledger host
// says. Nothing in it is secret.
func (s *Stub) enclaveStatus(c call) ([]byte, error) {
	status := &fpc.EnclaveStatus{}
	if err := s.ask(c.ctx, "INV-8", methodStatus, &fpc.StatusRequest{}, status); err != nil {
		return nil, err
	}
	if s.config.Ledger != "" {
		status.Ledger, status.LedgerFailure = s.ledger.relay(c.ctx, ledgerStatus, nil)()
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	status.Credentials, status.Registration = s.state.GetCredentials(), s.state.GetRegistration()
	return encode("INV-8", status)
}

// keep stores a new sealed state before anybody learns of it (REG-7). If it
// cannot, the enclave holds keys that no restart would bring back: the stub ends
// both, and the retry begins where the disk is. Called with admin held.
func (s *Stub) keep(c call, state *fpc.StubState) error {
	if err := s.dir.Store(state); err != nil {
		err = protocol.Errorf("REG-7", protocol.CodeSealedState, "sealed state could not be stored: %w", err)
		s.end(err)
		return errors.Join(err, s.enclave.Stop())
	}
	s.state = state
	s.stores.Add(1)
	s.config.Meter.Sealed()
	s.record("REG-7", "enclave", "sealed state", c.peer.GetTxID())
	return nil
}

// definition returns the committed definition of the stub's own chaincode.
func (s *Stub) definition(c call) (*definition.Definition, error) {
	d, err := definition.Committed(c.peer, s.config.Chaincode)
	if errors.Is(err, definition.ErrNotCommitted) {
		return nil, protocol.Errorf("REG-2", protocol.CodeNoDefinition, "%w", err)
	}
	if err != nil {
		return nil, protocol.Errorf("REG-2", protocol.CodeInternal, "%w", err)
	}
	return d, nil
}

func (s *Stub) attestationParams(given []byte) []byte {
	if len(given) != 0 {
		return given
	}
	return s.config.AttestationParams()
}

func encode(step string, m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode: %w", err)
	}
	return b, nil
}
