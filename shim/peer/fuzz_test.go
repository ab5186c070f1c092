// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// recorded is a stream whose peer sends given messages, whatever it is asked.
type recorded struct{ messages chan *message }

func (r recorded) Send(*message) error { return nil }

func (r recorded) Recv() (*message, error) {
	m, ok := <-r.messages
	if !ok {
		return nil, io.EOF
	}
	return m, nil
}

// curious is a chaincode that reads everything it can.
type curious struct{}

func (curious) Init(stub shim.ChaincodeStubInterface) *shim.Response { return curious{}.Invoke(stub) }

func (curious) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	_, _ = stub.GetTxTimestamp()
	_, _ = stub.GetMultipleStates("a", "b")
	if rows, _, err := stub.GetStateByRangeWithPagination("", "", 1, ""); err == nil {
		for rows.HasNext() {
			if _, err := rows.Next(); err != nil {
				break
			}
		}
		_ = rows.Close()
	}
	_, _ = stub.GetStateValidationParameter("k")
	return stub.InvokeChaincode("other", nil, "")
}

// FuzzMessages: whatever a peer sends, the session ends without a panic. Two
// messages are of the fuzzer; the first starts a transaction if it is one, the
// second can be its answer.
func FuzzMessages(f *testing.F) {
	seed := func(first, second *message) {
		a, _ := proto.Marshal(first)
		b, _ := proto.Marshal(second)
		f.Add(a, b)
	}
	page, _ := proto.Marshal(&peer.QueryResponse{Results: []*peer.QueryResultBytes{{ResultBytes: []byte{0xff}}}, HasMore: true, Metadata: []byte{8, 1}})
	begin := &message{Type: peer.ChaincodeMessage_TRANSACTION, Txid: "t", ChannelId: "c", Proposal: &peer.SignedProposal{}}
	seed(begin, &message{Type: peer.ChaincodeMessage_RESPONSE, Txid: "t", ChannelId: "c", Payload: page})
	seed(begin, &message{Type: peer.ChaincodeMessage_ERROR, Txid: "t", ChannelId: "c", Payload: []byte("no")})
	seed(&message{Type: peer.ChaincodeMessage_INIT}, &message{Type: peer.ChaincodeMessage_KEEPALIVE})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		messages := make(chan *message, 5)
		messages <- &message{Type: peer.ChaincodeMessage_REGISTERED}
		messages <- &message{Type: peer.ChaincodeMessage_READY}
		for _, b := range [][]byte{first, second} {
			m := &message{}
			if proto.Unmarshal(b, m) == nil {
				messages <- m
			}
		}
		close(messages)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := newSession(recorded{messages}, "id", curious{}, Options{}.withDefaults()).run(ctx); err == nil {
			t.Error("the session ended without the reason, want one: the stream ended")
		}
	})
}

// FuzzReadProposal: a proposal is read or refused, without a panic.
func FuzzReadProposal(f *testing.F) {
	f.Add([]byte{})
	header, _ := proto.Marshal(&peer.Proposal{Header: []byte{10, 0}, Payload: []byte{18, 4, 10, 0, 18, 0}})
	f.Add(header)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readProposal(&peer.SignedProposal{ProposalBytes: b})
		if err == nil && len(p.binding) != 32 {
			t.Errorf("binding of %d bytes, want 32", len(p.binding))
		}
	})
}
