// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// lines is a stream on which a chaincode says a few things and hangs up.
type lines struct{ said []*peer.ChaincodeMessage }

func (*lines) Send(*peer.ChaincodeMessage) error { return nil }

func (l *lines) Recv() (*peer.ChaincodeMessage, error) {
	if len(l.said) == 0 {
		return nil, errors.New("hung up")
	}
	msg := l.said[0]
	l.said = l.said[1:]
	return msg, nil
}

// FuzzMessage lets a chaincode send any message while it executes.
func FuzzMessage(f *testing.F) {
	for kind := range peer.ChaincodeMessage_Type_name {
		f.Add(kind, []byte(nil))
	}
	raw, err := proto.Marshal(&peer.ChaincodeSpec{ChaincodeId: &peer.ChaincodeID{Name: "kv:1/elsewhere"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(int32(peer.ChaincodeMessage_INVOKE_CHAINCODE), raw)
	support := New(Config{
		MayCall:     func(*Invocation, string) error { return nil },
		Simulate:    func(string, string) (*simulator.Simulator, error) { return nil, errors.New("no such channel") },
		Definitions: none{},
	})
	f.Fuzz(func(t *testing.T, kind int32, payload []byte) {
		said := &peer.ChaincodeMessage{Type: peer.ChaincodeMessage_Type(kind), Payload: payload, Txid: "tx", ChannelId: "ch"}
		r := &runtime{support: support, packageID: "kv:0"}
		s := r.newSession(&lines{said: []*peer.ChaincodeMessage{said}})
		ended := &simulator.Simulator{} // every access is refused: it has no snapshot
		c := newCall(t.Context(), support, &Invocation{ChannelID: "ch", TxID: "tx", Sim: ended, Proposal: &envelope.Proposal{Signed: &peer.SignedProposal{}, Signature: nil}}, "kv")
		if err := s.open(c); err != nil {
			t.Fatal(err)
		}
		if err := s.serve(); err == nil {
			t.Error("got a session that ended without a reason")
		}
	})
}

// none defines no chaincode.
type none struct{}

func (none) Runnable(*Invocation, string) (*Definition, error) { return nil, errors.New("not found") }
