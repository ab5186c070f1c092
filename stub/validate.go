// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/stub/validation"
)

// validateEnclaveEndorsement replays what an enclave signed (VAL-1 to VAL-4): it
// looks the enclave up, makes the checks of package validation, and writes. It
// needs no enclave, and any organisation's peer can run it.
//
// Codes: bad_arguments, no_registry, and those of package validation.
func (s *Stub) validateEnclaveEndorsement(c call) ([]byte, error) {
	ccrsp, err := protocol.ParseValidate(c.args)
	if err != nil {
		return nil, err
	}
	claim, err := validation.Parse(ccrsp)
	if err != nil {
		return nil, err
	}
	creator, err := c.peer.GetCreator()
	if err != nil {
		return nil, protocol.Errorf("VAL-3", protocol.CodeInternal, "read creator: %w", err)
	}
	view := &fpc.ValidationView{}
	args := protocol.EnclaveArgs(protocol.FuncQueryValidationView, s.config.Chaincode, claim.EnclaveID())
	if err := s.askRegistry(c, "VAL-2", args, view); err != nil {
		return nil, err
	}
	outer := validation.Outer{ChannelID: c.peer.GetChannelID(), Chaincode: s.config.Chaincode, Creator: creator}
	s.record("VAL-3", "stub", "verify response", c.peer.GetTxID())
	endorsement, err := s.known.Verify(claim, outer, view)
	if err != nil {
		return nil, err
	}
	s.record("VAL-4", "stub", "replay", c.peer.GetTxID())
	return nil, replay(c.peer, endorsement)
}

func replay(peer shim.ChaincodeStubInterface, endorsement *validation.Endorsement) error {
	raw, ok := peer.(shim.RawRangeStub)
	if !ok {
		return protocol.Errorf("VAL-4", protocol.CodeInternal, "%w: ranges", shim.ErrUnsupported)
	}
	peer.StartWriteBatch()
	if err := endorsement.Replay(peerState{peer, raw}); err != nil {
		return err
	}
	if err := peer.FinishWriteBatch(); err != nil {
		return protocol.Errorf("VAL-4", protocol.CodeInternal, "the peer failed to write: %w", err)
	}
	return nil
}

// peerState is the peer's state as package validation needs it.
type peerState struct {
	shim.ChaincodeStubInterface
	shim.RawRangeStub
}

var _ validation.State = peerState{}
