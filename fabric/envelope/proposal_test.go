// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestProposal(t *testing.T) {
	n := newNetwork(t)
	p, err := envelope.UnpackProposal(n.signed)
	if err != nil {
		t.Fatal(err)
	}
	if p.ChannelID() != "mychannel" || p.Chaincode != "auction" || p.TxID() != n.txID || !p.Timestamp().Equal(at) ||
		!bytes.Equal(p.Creator(), n.client.Creator()) || len(p.Args()) != 2 || string(p.Transient["secret"]) != "s" {
		t.Errorf("got %+v", p)
	}
	if ids := policy.Identities([]policy.SignedData{p.SignedData()}, n.manager); len(ids) != 1 {
		t.Error("the creator's signature does not verify")
	}
	// The hash does not depend on transient data, and names header and input.
	header := &common.Header{}
	if err := proto.Unmarshal(n.proposal.GetHeader(), header); err != nil {
		t.Fatal(err)
	}
	visible, err := proto.Marshal(&peer.ChaincodeProposalPayload{Input: input(t, n.proposal)})
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(slices.Concat(header.GetChannelHeader(), header.GetSignatureHeader(), visible))
	if !bytes.Equal(p.Hash, want[:]) {
		t.Errorf("got proposal hash %x, want %x", p.Hash, want)
	}
	for _, payload := range [][]byte{n.proposal.GetPayload(), visible} {
		if got, err := envelope.ProposalHash(header, payload); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("got proposal hash %x, %v, want %x", got, err, want)
		}
	}
}

func input(t *testing.T, p *peer.Proposal) []byte {
	t.Helper()
	payload := &peer.ChaincodeProposalPayload{}
	if err := proto.Unmarshal(p.GetPayload(), payload); err != nil {
		t.Fatal(err)
	}
	return payload.GetInput()
}

// parts are the decoded parts of a proposal, for tests that change one.
type parts struct {
	channel    common.ChannelHeader
	signature  common.SignatureHeader
	extension  peer.ChaincodeHeaderExtension
	invocation peer.ChaincodeInvocationSpec
	signed     []byte
	raw        func(p *peer.Proposal)
}

func (n *network) change(t *testing.T, f func(p *parts)) *peer.SignedProposal {
	t.Helper()
	p := &parts{signed: []byte("signature"), raw: func(*peer.Proposal) {}}
	header, payload := &common.Header{}, &peer.ChaincodeProposalPayload{}
	decode := func(raw []byte, m proto.Message) {
		if err := proto.Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
	}
	encode := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	decode(n.proposal.GetHeader(), header)
	decode(n.proposal.GetPayload(), payload)
	decode(header.GetChannelHeader(), &p.channel)
	decode(header.GetSignatureHeader(), &p.signature)
	decode(p.channel.GetExtension(), &p.extension)
	decode(payload.GetInput(), &p.invocation)
	f(p)
	if p.channel.Extension != nil {
		p.channel.Extension = encode(&p.extension)
	}
	proposal := &peer.Proposal{
		Header:  encode(&common.Header{ChannelHeader: encode(&p.channel), SignatureHeader: encode(&p.signature)}),
		Payload: encode(&peer.ChaincodeProposalPayload{Input: encode(&p.invocation)}),
	}
	p.raw(proposal)
	return &peer.SignedProposal{ProposalBytes: encode(proposal), Signature: p.signed}
}

func TestUnpackProposalRefuses(t *testing.T) {
	n := newNetwork(t)
	for _, c := range []struct {
		name string
		f    func(p *parts)
		want string
	}{
		{"nothing changed", func(*parts) {}, ""},
		{"type CONFIG", func(p *parts) { p.channel.Type = int32(common.HeaderType_CONFIG) }, ""},
		{"type MESSAGE", func(p *parts) { p.channel.Type = 0 }, envelope.CodeHeaderType},
		{"type CONFIG_UPDATE", func(p *parts) { p.channel.Type = int32(common.HeaderType_CONFIG_UPDATE) }, envelope.CodeHeaderType},
		{"epoch", func(p *parts) { p.channel.Epoch = 1 }, envelope.CodeEpoch},
		{"no nonce", func(p *parts) { p.signature.Nonce = nil }, envelope.CodeMissing},
		{"no creator", func(p *parts) { p.signature.Creator = nil }, envelope.CodeMissing},
		{"other nonce", func(p *parts) { p.signature.Nonce[0] ^= 1 }, envelope.CodeTxID},
		{"other creator", func(p *parts) { p.signature.Creator = n.peers[0].Creator() }, envelope.CodeTxID},
		{"upper-case id", func(p *parts) { p.channel.TxId = "A" + p.channel.TxId[1:] }, envelope.CodeTxID},
		{"no id", func(p *parts) { p.channel.TxId = "" }, envelope.CodeTxID},
		{"no signature", func(p *parts) { p.signed = nil }, envelope.CodeMissing},
		{"no extension", func(p *parts) { p.channel.Extension = nil }, envelope.CodeMissing},
		{"no chaincode", func(p *parts) { p.extension.ChaincodeId = nil }, envelope.CodeMissing},
		{"empty chaincode", func(p *parts) { p.extension.ChaincodeId.Name = "" }, envelope.CodeMissing},
		{"no spec", func(p *parts) { p.invocation.ChaincodeSpec = nil }, envelope.CodeMissing},
		{"no input", func(p *parts) { p.invocation.ChaincodeSpec.Input = nil }, envelope.CodeMissing},
		{"broken header", func(p *parts) { p.raw = func(m *peer.Proposal) { m.Header = []byte{0xff} } }, envelope.CodeMalformed},
		{"broken payload", func(p *parts) { p.raw = func(m *peer.Proposal) { m.Payload = []byte{0xff} } }, envelope.CodeMalformed},
	} {
		p, err := envelope.UnpackProposal(n.change(t, c.f))
		if got := code(err); got != c.want {
			t.Errorf("%s: got code %q (%v), want %q", c.name, got, err, c.want)
		}
		if (p == nil) != (err != nil) {
			t.Errorf("%s: got proposal %v beside error %v", c.name, p, err)
		}
	}
	if _, err := envelope.UnpackProposal(nil); code(err) != envelope.CodeMissing {
		t.Errorf("nil: got %v, want code %q", err, envelope.CodeMissing)
	}
}

func TestNewProposalRefuses(t *testing.T) {
	good := envelope.Request{Chaincode: "a", Creator: []byte("c"), Nonce: []byte("n")}
	for name, f := range map[string]func(r *envelope.Request){
		"no chaincode": func(r *envelope.Request) { r.Chaincode = "" },
		"no creator":   func(r *envelope.Request) { r.Creator = nil },
		"no nonce":     func(r *envelope.Request) { r.Nonce = nil },
		"not UTF-8":    func(r *envelope.Request) { r.ChannelID = "\xff" },
	} {
		r := good
		f(&r)
		if _, _, err := envelope.NewProposal(r); code(err) != envelope.CodeRequest {
			t.Errorf("%s: got %v, want code %q", name, err, envelope.CodeRequest)
		}
	}
	if _, _, err := envelope.NewProposal(good); err != nil {
		t.Error(err)
	}
}
