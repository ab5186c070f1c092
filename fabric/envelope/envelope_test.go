// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// network is a client and two peers, and what they make together.
type network struct {
	manager  *msp.Manager
	client   *fpctest.Member
	peers    []*fpctest.Member
	proposal *peer.Proposal
	signed   *peer.SignedProposal
	txID     string
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	one, two := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	n := &network{manager: fpctest.NewManager(t, one, two), client: one.Client(), peers: []*fpctest.Member{one.Peer(), two.Peer()}}
	var err error
	n.proposal, n.txID, err = envelope.NewProposal(envelope.Request{
		ChannelID: "mychannel", Chaincode: "auction", Creator: n.client.Creator(), Nonce: bytes.Repeat([]byte{7}, envelope.NonceSize),
		Args: [][]byte{[]byte("bid"), []byte("100")}, Transient: map[string][]byte{"secret": []byte("s")}, Timestamp: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.signed, err = envelope.SignProposal(n.proposal, n.client); err != nil {
		t.Fatal(err)
	}
	return n
}

// respond endorses a result for the network's proposal.
func (n *network) respond(t testing.TB, endorser msp.Signer, result string) *peer.ProposalResponse {
	t.Helper()
	p, err := envelope.UnpackProposal(n.signed)
	if err != nil {
		t.Fatal(err)
	}
	response := &peer.Response{Status: 200, Payload: []byte(result)}
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: p.Hash, ReadWriteSet: []byte(result), Response: response, ChaincodeID: &peer.ChaincodeID{Name: "auction", Version: "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Endorse(payload, endorser)
	if err != nil {
		t.Fatal(err)
	}
	return &peer.ProposalResponse{Version: 1, Response: response, Payload: payload, Endorsement: e}
}

// transaction is the network's proposal, endorsed by all peers and signed.
func (n *network) transaction(t testing.TB) *common.Envelope {
	t.Helper()
	var responses []*peer.ProposalResponse
	for _, p := range n.peers {
		responses = append(responses, n.respond(t, p, "result"))
	}
	payload, err := envelope.CreateTransaction(n.proposal, responses...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Sign(payload, n.client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func code(err error) string {
	var e *envelope.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "no envelope.Error: " + err.Error()
	}
	return ""
}

// TestForeignSigner: nobody signs in another's name by mistake.
func TestForeignSigner(t *testing.T) {
	n := newNetwork(t)
	if _, err := envelope.SignProposal(n.proposal, n.peers[0]); code(err) != envelope.CodeForeignSigner {
		t.Errorf("proposal: got %v, want code %q", err, envelope.CodeForeignSigner)
	}
	if _, err := envelope.Sign(n.transaction(t).GetPayload(), n.peers[0]); code(err) != envelope.CodeForeignSigner {
		t.Errorf("transaction: got %v, want code %q", err, envelope.CodeForeignSigner)
	}
}

func TestNewSigned(t *testing.T) {
	n := newNetwork(t)
	seek := &orderer.SeekInfo{Behavior: orderer.SeekInfo_FAIL_IF_NOT_READY}
	e, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_DELIVER_SEEK_INFO, ChannelID: "mychannel", Timestamp: at, TLSCertHash: []byte("hash"), Data: seek,
	}, n.client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.Open(e); code(err) != envelope.CodeHeaderType {
		t.Errorf("a Deliver request opens as a transaction: %v", err)
	}
	opened, err := envelope.OpenAny(e)
	if err != nil {
		t.Fatal(err)
	}
	got := &orderer.SeekInfo{}
	if err := proto.Unmarshal(opened.Payload.GetData(), got); err != nil || !proto.Equal(got, seek) {
		t.Errorf("got %v, %v, want %v", got, err, seek)
	}
	if string(opened.Channel.GetTlsCertHash()) != "hash" || !opened.Timestamp().Equal(at) {
		t.Errorf("got header %v", opened.Channel)
	}
	if ids := policy.Identities([]policy.SignedData{opened.SignedData()}, n.manager); len(ids) != 1 {
		t.Error("the signature does not verify")
	}
	if _, err := opened.Transaction(); code(err) != envelope.CodeWrongType {
		t.Errorf("got %v, want code %q", err, envelope.CodeWrongType)
	}
	unsigned, err := envelope.NewSigned(envelope.Message{Type: common.HeaderType_CONFIG, Data: seek}, nil)
	if err != nil || len(unsigned.GetSignature()) != 0 {
		t.Errorf("got %v, %v, want no signature", unsigned, err)
	}
}
