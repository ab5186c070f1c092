// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"crypto/rand"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// forger makes transactions with the peers' own keys, so that endorsements can
// stand under anything.
type forger struct {
	t       *testing.T
	channel string
	clients []msp.Signer
	peers   []msp.Signer
}

func newForger(t *testing.T, n *Network) *forger {
	f := &forger{t: t, channel: n.Channel}
	for i, org := range n.Orgs {
		f.clients = append(f.clients, org.Client)
		f.peers = append(f.peers, n.peerSigner(t, i))
	}
	return f
}

// forgery is a transaction to be, and how it is spoilt.
type forgery struct {
	creator   msp.Signer
	chaincode string
	ran       string
	version   string
	set       rwset.Set
	rawSet    []byte // in place of set
	event     []byte
	endorsers []msp.Signer
	header    func(*common.ChannelHeader)  // before the endorsers sign
	endorsed  func(*peer.ProposalResponse) // after they signed
	payload   func(*common.Payload)        // before the creator signs
}

// writing is a good transaction that writes one key of kv.
func (f *forger) writing(key string) forgery {
	return f.of(rwset.Namespace{Name: "kv", Writes: []rwset.Write{{Key: key, Value: []byte("value")}}})
}

// of is a good transaction over one namespace.
func (f *forger) of(ns rwset.Namespace) forgery {
	return forgery{
		creator: f.clients[0], chaincode: ns.Name, ran: ns.Name, version: "1.0",
		set: rwset.Set{Namespaces: []rwset.Namespace{ns}}, endorsers: f.peers,
	}
}

func (f *forger) nonce() []byte {
	b := make([]byte, envelope.NonceSize)
	if _, err := rand.Read(b); err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *forger) make(d forgery) *common.Envelope {
	f.t.Helper()
	proposal, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: f.channel, Chaincode: d.chaincode, Creator: d.creator.Creator(), Nonce: f.nonce(),
		Args: [][]byte{[]byte("f")}, Timestamp: time.Now(),
	})
	f.must(err)
	header := &common.Header{}
	f.must(proto.Unmarshal(proposal.Header, header))
	if d.header != nil {
		edit(f.t, &header.ChannelHeader, d.header)
		proposal.Header = encode(f.t, header)
	}
	if d.rawSet == nil {
		d.rawSet, err = d.set.Marshal()
		f.must(err)
	}
	payload, err := envelope.CreateTransaction(proposal, f.endorse(d, header, proposal)...)
	f.must(err)
	if d.payload != nil {
		edit(f.t, &payload, d.payload)
	}
	signature, err := d.creator.Sign(payload)
	f.must(err)
	return &common.Envelope{Payload: payload, Signature: signature}
}

func (f *forger) endorse(d forgery, header *common.Header, proposal *peer.Proposal) []*peer.ProposalResponse {
	f.t.Helper()
	hash, err := envelope.ProposalHash(header, proposal.Payload)
	f.must(err)
	result, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: hash, ReadWriteSet: d.rawSet, Event: d.event, Response: &peer.Response{Status: 200},
		ChaincodeID: &peer.ChaincodeID{Name: d.ran, Version: d.version},
	})
	f.must(err)
	var responses []*peer.ProposalResponse
	for _, e := range d.endorsers {
		endorsement, err := envelope.Endorse(result, e)
		f.must(err)
		r := &peer.ProposalResponse{Response: &peer.Response{Status: 200}, Payload: result, Endorsement: endorsement}
		if d.endorsed != nil {
			d.endorsed(r)
		}
		responses = append(responses, r)
	}
	return responses
}

func (f *forger) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// edit changes a serialised message in place.
func edit[M any, P interface {
	*M
	proto.Message
}](t *testing.T, raw *[]byte, change func(P)) {
	t.Helper()
	m := P(new(M))
	if err := proto.Unmarshal(*raw, m); err != nil {
		t.Fatal(err)
	}
	change(m)
	*raw = encode(t, m)
}
