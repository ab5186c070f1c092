// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"maps"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// privateStub is one invocation as its chaincode sees it. It may be used from
// several goroutines, and gives errors once the chaincode has answered.
type privateStub struct {
	shim.Args
	*ledger
	proposal    *verifiedProposal
	transient   map[string][]byte
	decorations map[string][]byte
	event       *shim.ChaincodeEvent // guarded by ledger.mu
}

var _ shim.ChaincodeStubInterface = (*privateStub)(nil)

// GetTxID returns the transaction id, recomputed from the proposal.
func (s *privateStub) GetTxID() string { return s.proposal.txID.String() }

// GetChannelID returns the channel's name.
func (s *privateStub) GetChannelID() string { return s.state.params.GetChannelId() }

// GetTxTimestamp returns the time that the client put into its proposal: as true
// as the client is honest. Nil if it put none.
func (s *privateStub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	if s.proposal.timestamp == nil {
		return nil, nil
	}
	return proto.CloneOf(s.proposal.timestamp), nil
}

// GetCreator returns the serialised identity that signed the proposal; it was
// verified against the attested MSP configurations (INV-10).
func (s *privateStub) GetCreator() ([]byte, error) { return bytes.Clone(s.proposal.creator), nil }

// GetTransient returns the transient data, which came sealed with the arguments.
func (s *privateStub) GetTransient() (map[string][]byte, error) { return maps.Clone(s.transient), nil }

// GetBinding returns SHA-256 over nonce, creator and epoch.
func (s *privateStub) GetBinding() ([]byte, error) {
	return shim.Binding(s.proposal.nonce, s.proposal.creator, s.proposal.epoch), nil
}

// GetDecorations returns what the peer's decorators added. Nobody vouches for
// it: a host can put anything here. Its hash is part of exec and signed with the
// result.
func (s *privateStub) GetDecorations() map[string][]byte { return maps.Clone(s.decorations) }

// GetSignedProposal returns the proposal as the client signed it: its argument is
// the sealed request.
func (s *privateStub) GetSignedProposal() (*shim.SignedProposal, error) {
	return s.proposal.copyProposal(), nil
}

// SetEvent sets the invocation's event. The name is public, the payload sealed
// with the chaincode's event key (INV-15).
func (s *privateStub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return shim.ErrEmptyEventName
	}
	if !utf8.ValidString(name) {
		return protocol.Errorf("INV-14", protocol.CodeBadArguments, "event name %q is not valid UTF-8", name)
	}
	if err := s.begin("INV-14"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.event = &shim.ChaincodeEvent{EventName: name, Payload: bytes.Clone(payload)}
	return nil
}
