// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Requests are padded, arguments and transient data together, unless the client
// says otherwise for that chaincode.
func TestRequestsArePadded(t *testing.T) {
	w := clienttest.New(t, 3)
	network := w.Connect(w.Config())
	for name, test := range map[string]struct {
		contract *client.Contract
		same     bool
	}{
		"by default":      {network.Contract(clienttest.Chaincode), true},
		"without padding": {network.Contract(clienttest.Chaincode, client.WithoutPadding()), false},
	} {
		length := func(arg, transient int) int {
			t.Helper()
			p, err := test.contract.NewProposal(t.Context(), "echo", client.WithArguments(strings.Repeat("a", arg)),
				client.WithTransient(map[string][]byte{"t": make([]byte, transient)}))
			if err != nil {
				t.Fatal(err)
			}
			return requestLength(t, p)
		}
		short, args, transient := length(1000, 1000), length(1003, 1000), length(1000, 1004)
		if (args == short) != test.same || (transient == short) != test.same {
			t.Errorf("%s: requests of 2000, 2003 and 2004 bytes of data have %d, %d and %d sealed, want the same: %v", name, short, args, transient, test.same)
		}
		if !test.same && (args != short+3 || transient != short+4) {
			t.Errorf("%s: got %d, %d and %d bytes, want the differences of the data", name, short, args, transient)
		}
		if got, err := test.contract.Evaluate(t.Context(), "echo", "a"); err != nil || string(got) != "echo a" {
			t.Errorf("%s: Evaluate = %q, %v, want \"echo a\"", name, got, err)
		}
	}
}

// Each request has a response key of its own: who learns one answer's key learns
// nothing of another's.
func TestResponseKeysAreFresh(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	seen := make(map[string]bool)
	for range 3 {
		p, err := contract.NewProposal(t.Context(), "echo")
		if err != nil {
			t.Fatal(err)
		}
		binding := keys.RequestBinding{ChannelHash: w.Pins.ChannelHash(), ChaincodeID: clienttest.Chaincode, Creator: w.Alice.Creator()}
		clear, _, err := protocol.OpenRequest(w.Enclave.DK, binding, requestOf(t, p))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(clear.GetResponseKey())] = true
	}
	if len(seen) != 3 {
		t.Errorf("three requests have %d response keys, want 3", len(seen))
	}
}

// requestLength is the length of the ciphertext in a proposal.
func requestLength(t *testing.T, p *client.Proposal) int {
	t.Helper()
	return proto.Size(requestOf(t, p))
}

// requestOf is the sealed request in a proposal.
func requestOf(t *testing.T, p *client.Proposal) *pb.Request {
	t.Helper()
	unsigned, err := envelope.UnpackProposal(&peer.SignedProposal{ProposalBytes: p.Bytes(), Signature: []byte("none")})
	if err != nil {
		t.Fatal(err)
	}
	ccreq, err := protocol.ParseInvoke(unsigned.Args()[1:])
	if err != nil {
		t.Fatal(err)
	}
	request, err := protocol.ParseRequest(ccreq)
	if err != nil {
		t.Fatal(err)
	}
	return request
}
