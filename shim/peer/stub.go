// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// stub is a transaction as its chaincode sees it.
type stub struct {
	shim.Args
	tx          *transaction
	proposal    proposal
	decorations map[string][]byte
	event       *shim.ChaincodeEvent

	batchMu sync.Mutex
	batch   *[]*peer.WriteRecord // nil: writes are sent at once
}

var (
	_ shim.ChaincodeStubInterface = (*stub)(nil)
	_ shim.RawRangeStub           = (*stub)(nil)
	_ shim.ContextStub            = (*stub)(nil)
)

func newStub(t *transaction, m *message) (*stub, error) {
	input := &peer.ChaincodeInput{}
	if err := proto.Unmarshal(m.GetPayload(), input); err != nil {
		return nil, fmt.Errorf("chaincode input: %w", err)
	}
	p, err := readProposal(m.GetProposal())
	if err != nil {
		return nil, err
	}
	return &stub{Args: input.GetArgs(), tx: t, proposal: p, decorations: input.GetDecorations()}, nil
}

// Context is done when the peer is gone, gave the transaction up to start it
// anew, or the chaincode has returned.
func (s *stub) Context() context.Context { return s.tx.ctx }

func (s *stub) GetTxID() string      { return s.tx.key.txID }
func (s *stub) GetChannelID() string { return s.tx.key.channel }

func (s *stub) GetCreator() ([]byte, error) { return s.proposal.creator, nil }

func (s *stub) GetTransient() (map[string][]byte, error) { return s.proposal.transient, nil }

func (s *stub) GetBinding() ([]byte, error)                      { return s.proposal.binding, nil }
func (s *stub) GetDecorations() map[string][]byte                { return s.decorations }
func (s *stub) GetSignedProposal() (*shim.SignedProposal, error) { return s.proposal.signed, nil }
func (s *stub) CreateCompositeKey(t string, a []string) (string, error) {
	return shim.CreateCompositeKey(t, a)
}

func (s *stub) SplitCompositeKey(key string) (string, []string, error) {
	return shim.SplitCompositeKey(key)
}

func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	if s.proposal.timestamp == nil {
		return nil, errors.New("the proposal carries no timestamp")
	}
	return s.proposal.timestamp, nil
}

func (s *stub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return shim.ErrEmptyEventName
	}
	s.event = &shim.ChaincodeEvent{EventName: name, Payload: payload}
	return nil
}

// InvokeChaincode calls another chaincode. What keeps the call from happening
// is a response of status ERROR; its text is the payload, as Fabric's shim has
// it, and the message.
func (s *stub) InvokeChaincode(name string, args [][]byte, channel string) *shim.Response {
	response, err := s.invoke(name, args, channel)
	if err != nil {
		return &shim.Response{Status: shim.ERROR, Message: err.Error(), Payload: []byte(err.Error())}
	}
	return response
}

func (s *stub) invoke(name string, args [][]byte, channel string) (*shim.Response, error) {
	if channel != "" {
		name += "/" + channel
	}
	request := &peer.ChaincodeSpec{ChaincodeId: &peer.ChaincodeID{Name: name}, Input: &peer.ChaincodeInput{Args: args}}
	answer := &message{}
	if err := s.tx.askFor(peer.ChaincodeMessage_INVOKE_CHAINCODE, request, answer); err != nil {
		return nil, err
	}
	if answer.GetType() != peer.ChaincodeMessage_COMPLETED {
		return nil, &PeerError{Request: "INVOKE_CHAINCODE", Text: string(answer.GetPayload())}
	}
	response := &shim.Response{}
	if err := proto.Unmarshal(answer.GetPayload(), response); err != nil {
		return nil, fmt.Errorf("response of chaincode %s: %w", name, err)
	}
	return response, nil
}
