// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package trust_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

func encoded(f *testing.F, m proto.Message) []byte {
	f.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// proposed is a proposal of Alice's, signed, and its transaction id.
func proposed(f *testing.F, w *clienttest.World, chaincode string, args [][]byte) (*peer.SignedProposal, string) {
	f.Helper()
	message, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: clienttest.ChannelID, Chaincode: chaincode, Creator: w.Alice.Creator(),
		Nonce: make([]byte, envelope.NonceSize), Args: args, Timestamp: clienttest.Noon,
	})
	if err != nil {
		f.Fatal(err)
	}
	signed, err := envelope.SignProposal(message, w.Alice)
	if err != nil {
		f.Fatal(err)
	}
	return signed, txID
}

// FuzzAgreed: whatever one peer answers, it alone convinces nobody.
func FuzzAgreed(f *testing.F) {
	w := clienttest.New(f, 3)
	asked, _ := proposed(f, w, protocol.ERCCName, protocol.ChaincodeArgs(protocol.FuncQueryRegistryView, clienttest.Chaincode))
	honest, err := w.Peers[0].ProcessProposal(f.Context(), asked)
	if err != nil {
		f.Fatal(err)
	}
	good := encoded(f, honest)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(encoded(f, &peer.ProposalResponse{Response: &peer.Response{Status: 500, Message: "INV-5 [not_found] no"}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		answer := &peer.ProposalResponse{}
		if proto.Unmarshal(b, answer) != nil {
			return
		}
		got, err := w.Pins.Agreed(asked, []*peer.ProposalResponse{answer, answer, answer}, 0)
		if err == nil || protocol.CodeOf(err) == "" {
			t.Fatalf("one peer's word, three times: got %v and error %v, want a refusal with a code", got, err)
		}
	})
}

// FuzzAnswer: whatever a peer gives for ccrsp_msg, nothing is accepted but what
// the enclave signed.
func FuzzAnswer(f *testing.F) {
	w := clienttest.New(f, 3)
	payload, err := protocol.MarshalRegistryView(w.View)
	if err != nil {
		f.Fatal(err)
	}
	policy := w.Trust()
	c, err := trust.Check(w.Pins, &policy, clienttest.Chaincode, &envelope.Result{
		Response: &peer.Response{Status: 200, Payload: payload}, ChaincodeID: &peer.ChaincodeID{Name: protocol.ERCCName, Version: w.View.ErccVersion},
	}, clienttest.Noon)
	if err != nil {
		f.Fatal(err)
	}
	request, err := c.Seal(keys.PadPadme, w.Alice.Creator(), [][]byte{[]byte("echo"), []byte("hello")}, nil)
	if err != nil {
		f.Fatal(err)
	}
	sent, txID := proposed(f, w, clienttest.Chaincode, request.Args())
	honest, err := w.Peers[0].ProcessProposal(f.Context(), sent)
	if err != nil {
		f.Fatal(err)
	}
	good := honest.GetResponse().GetPayload()
	if _, err := request.Verify(sent, txID, good); err != nil {
		f.Fatalf("the honest answer: %v", err)
	}
	signed, err := protocol.ParseResponse("INV-22", good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, ccrsp []byte) {
		answer, err := request.Verify(sent, txID, ccrsp)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("refusal without code: %v", err)
			}
			return
		}
		if r, err := protocol.ParseResponse("INV-22", ccrsp); err != nil || string(r.GetResponse()) != string(signed.GetResponse()) {
			t.Fatalf("accepted %x, which the enclave never signed: %v", ccrsp, answer)
		}
	})
}
