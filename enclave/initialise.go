// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

const hashSize = 32

// Init makes the enclave's keys and attests them: REG-3 to REG-7. It works once
// in the life of a process, and not after Restore. What it is told is not
// checked against anything: it is attested, and the registry checks (REG-12).
// The mode is settled here for good. In Full the ledger enclave, met through the
// host, is attested too (REG-5).
//
// Codes: already_initialised, malformed, wrong_msp, attestation, and in Full
// ledger_unreachable and those of the session.
func (e *Enclave) Init(ctx context.Context, req *fpc.InitRequest, host StateAccess) (*fpc.InitResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.state.Load(); s != nil {
		return nil, protocol.Errorf("REG-3", protocol.CodeAlreadyInitialised, "this is enclave %.12s of chaincode %q", s.id, s.params.GetChaincodeId())
	}
	s, err := newState(req)
	if err != nil {
		return nil, err
	}
	var log steps
	log.add("REG-3", stub, enclave, "init")
	log.add("REG-4", enclave, enclave, "generate Enclave_VK, Enclave_EK")
	if req.GetFull() {
		if err := e.meetLedger(ctx, s, req.GetRegistry(), &telling{host, &log}); err != nil {
			return nil, err
		}
		log.add("REG-5", ledgerEnclave, enclave, "session accept")
	}
	credentials, err := e.attest(s, true, req.GetAttestationParams())
	if err != nil {
		return nil, err
	}
	log.add("REG-6", enclave, enclave, "attest AttestedData")
	sealed, err := e.become(ctx, s)
	if err != nil {
		return nil, err
	}
	return &fpc.InitResponse{Credentials: credentials, SealedState: sealed, Steps: log}, nil
}

// newState checks the form of an InitRequest and makes the enclave's keys.
func newState(req *fpc.InitRequest) (*state, error) {
	const step = "REG-3"
	bad := func(what string) error {
		return protocol.Errorf(step, protocol.CodeMalformed, "init request: %s", what)
	}
	cc, host := req.GetCcParams(), req.GetHostParams()
	switch {
	case cc.GetChaincodeId() == "" || cc.GetVersion() == "" || cc.GetChannelId() == "":
		return nil, bad("CC_Params lack chaincode, version or channel")
	case host.GetMspId() == "" || host.GetPeerEndpoint() == "":
		return nil, bad("Host_Params lack MSP or peer endpoint")
	case len(req.GetChannelHash()) != hashSize:
		return nil, bad("Channel_hash has not 32 bytes")
	}
	members, err := newMembership(req.GetMsps())
	if err != nil {
		return nil, err
	}
	suite, err := keys.ParseSuite(req.GetSuite())
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeBadArguments, "%w", err)
	}
	if suite == keys.SuiteX25519 {
		return nil, protocol.Errorf(step, protocol.CodeBadArguments, "Enclave_EK of suite %s: the chaincode's keys, sealed to it, stand on the ledger for ever (KEY-6)", suite)
	}
	s := &state{params: cc, host: host, channelHash: req.GetChannelHash(), msps: req.GetMsps(), members: members}
	if s.roots, err = members.pinRoots(nil); err != nil {
		return nil, err
	}
	if s.sk, err = keys.NewEnclaveSK(); err != nil {
		return nil, protocol.Errorf("REG-4", protocol.CodeInternal, "%w", err)
	}
	if s.vk, err = s.sk.VK(); err != nil {
		return nil, protocol.Errorf("REG-4", protocol.CodeInternal, "%w", err)
	}
	s.id = s.vk.ID()
	if s.dk, err = keys.GenerateEnclaveDK(suite); err != nil {
		return nil, protocol.Errorf("REG-4", protocol.CodeInternal, "%w", err)
	}
	return s, nil
}

// attest makes AttestedData of the state and has the platform attest its hash
// (REG-6). It writes both into the state, which nobody else sees yet.
func (e *Enclave) attest(s *state, onCreation bool, params []byte) (*fpc.Credentials, error) {
	const step = "REG-6"
	ek, err := s.dk.Public()
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "%w", err)
	}
	roots, err := protocol.MSPRootsHash(s.members.configs)
	if err != nil {
		return nil, err
	}
	config, err := protocol.MSPConfigHash(s.msps)
	if err != nil {
		return nil, err
	}
	data := &fpc.AttestedData{
		CcParams:       s.params,
		HostParams:     s.host,
		EnclaveVk:      s.vk.DER(),
		EnclaveEk:      ek.PB(),
		ChannelHash:    s.channelHash,
		MspRootsHash:   roots,
		MspConfigHash:  config,
		ConfigSequence: s.msps.GetConfigSequence(),
		OnCreation:     onCreation,
	}
	s.full.attest(data)
	if s.attested, err = marshal(data); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode AttestedData: %w", err)
	}
	evidence, custody, err := e.config.Platform.Attest(protocol.StatementHash(s.attested), params)
	if err != nil {
		return nil, protocol.Errorf(step, CodeAttestation, "platform %s: %w", e.config.Platform.Name(), err)
	}
	s.custody = custody
	return &fpc.Credentials{AttestedData: s.attested, Evidence: evidence, Certificate: s.full.certificatePEM()}, nil
}

func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}
