// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// spoiltOnes are transactions that an orderer takes and a peer cannot take
// apart. Each is alone in its block: behind some of them peers wait for ever.
func spoiltOnes(f *follower, forge *forger) {
	t := f.t
	header := func(change func(*common.ChannelHeader)) func(*common.Payload) {
		return func(p *common.Payload) { edit(t, &p.Header.ChannelHeader, change) }
	}
	transaction := func(change func(*peer.Transaction)) func(*common.Payload) {
		return func(p *common.Payload) { edit(t, &p.Data, change) }
	}
	action := func(change func(*peer.ChaincodeActionPayload)) func(*common.Payload) {
		return transaction(func(tx *peer.Transaction) { edit(t, &tx.Actions[0].Payload, change) })
	}
	for _, spoil := range []func(*common.Payload){
		func(p *common.Payload) { p.Data = []byte{0xff} },
		func(p *common.Payload) { p.Data = nil },
		transaction(func(tx *peer.Transaction) { tx.Actions = nil }),
		transaction(func(tx *peer.Transaction) { tx.Actions = append(tx.Actions, tx.Actions[0]) }),
		transaction(func(tx *peer.Transaction) {
			tx.Actions[0].Header = encode(t, &common.SignatureHeader{Creator: forge.clients[1].Creator(), Nonce: forge.nonce()})
		}),
		transaction(func(tx *peer.Transaction) {
			tx.Actions[0].Header = encode(t, &common.SignatureHeader{Creator: forge.clients[1].Creator()})
		}),
		action(func(a *peer.ChaincodeActionPayload) { a.ChaincodeProposalPayload = nil }),
		action(func(a *peer.ChaincodeActionPayload) { a.Action.Endorsements = nil }),
		header(func(h *common.ChannelHeader) { h.Type = 77 }),
		header(func(h *common.ChannelHeader) { h.Type = int32(common.HeaderType_MESSAGE) }),
		header(func(h *common.ChannelHeader) { h.Epoch = 7 }),
		header(func(h *common.ChannelHeader) { h.TxId = "abc" }),
		header(func(h *common.ChannelHeader) { h.TxId = "" }),
	} {
		d := forge.writing("s")
		d.payload = spoil
		f.take(f.submit(forge.make(d)))
	}
}

// longRanges are range queries long enough for Fabric's own Merkle summaries.
func longRanges(f *follower, forge *forger) {
	const rows = 130
	many := rwset.Namespace{Name: "kv"}
	for i := range rows {
		many.Writes = append(many.Writes, rwset.Write{Key: fmt.Sprintf("r%03d", i), Value: []byte("v")})
	}
	f.take(f.submit(forge.make(forge.of(many))))
	written := rwset.Version{Block: f.ledger.Height() - 1}
	s, err := rwset.NewSummarizer(rwset.DefaultMaxDegree)
	forge.must(err)
	for _, w := range many.Writes {
		forge.must(s.Add(rwset.Read{Key: w.Key, Version: &written}))
	}
	_, summary, err := s.Finish()
	forge.must(err)
	d := forge.of(rwset.Namespace{
		Name: "kv", Ranges: []rwset.Range{{Start: "r", End: "s", Exhausted: true, Summary: summary}},
		Writes: []rwset.Write{{Key: "r050", Value: []byte("w")}},
	})
	before := f.counts[peer.TxValidationCode_VALID]
	f.take(f.submit(forge.make(d))) // valid, and makes the next one a phantom
	f.take(f.submit(forge.make(d)))
	if got := f.counts[peer.TxValidationCode_VALID] - before; got != 1 {
		f.t.Errorf("of two transactions over the same long range: got %d valid, want 1", got)
	}
}

// configUpdates change the channel, or try to: the orderer and Bundle.Propose
// must agree on who may, and the ledgers follow.
func configUpdates(f *follower) {
	t, orgs := f.t, f.n.Orgs
	ordererAdmin := f.n.ordererAdmin(t)
	timeout := func(text string) func(*common.ConfigGroup) { return setBatchTimeout(t, text) }
	anchors := func(g *common.ConfigGroup) {
		g.Groups["Application"].Groups["Org2"].Values["AnchorPeers"].Value = encode(t, &peer.AnchorPeers{AnchorPeers: []*peer.AnchorPeer{{Host: "localhost", Port: 1}}})
	}
	noPolicy := func(g *common.ConfigGroup) { delete(g.Groups["Application"].Groups["Org3"].Policies, "Endorsement") }
	acls := func(g *common.ConfigGroup) {
		g.Groups["Application"].Values["ACLs"] = &common.ConfigValue{ModPolicy: "Admins", Value: encode(t, &peer.ACLs{
			Acls: map[string]*peer.APIResource{"peer/Propose": {PolicyRef: "/Channel/Application/Writers"}},
		})}
	}
	for _, u := range []struct {
		name    string
		change  func(*common.ConfigGroup)
		signers []msp.Signer
		taken   bool
	}{
		{"timeout, signed by nobody", timeout("150ms"), nil, false},
		{"timeout, signed by a client", timeout("150ms"), []msp.Signer{orgs[0].Client}, false},
		{"timeout, signed by application admins", timeout("150ms"), []msp.Signer{orgs[0].Admin, orgs[1].Admin}, false},
		{"timeout", timeout("150ms"), []msp.Signer{ordererAdmin}, true},
		{"negative timeout", timeout("-1s"), []msp.Signer{ordererAdmin}, false},
		{"anchors, signed by other organisations", anchors, []msp.Signer{orgs[0].Admin, orgs[2].Admin}, false},
		{"anchors", anchors, []msp.Signer{orgs[1].Admin}, true},
		{"a policy less", noPolicy, []msp.Signer{orgs[2].Admin}, true},
		{"ACLs, signed by one", acls, []msp.Signer{orgs[0].Admin}, false},
		{"ACLs, signed by a majority", acls, []msp.Signer{orgs[0].Admin, orgs[2].Admin}, true},
	} {
		e := f.configUpdate(u.change, u.signers)
		_, ours := f.ledger.Bundle().Propose(e)
		theirs := f.n.OrdererConn().Broadcast(f.ctx, e)
		if (ours == nil) != u.taken || (theirs == nil) != u.taken {
			t.Errorf("%s: we say %v, the orderer says %v, want taken %t", u.name, ours, theirs, u.taken)
		}
		if theirs == nil {
			f.take(1)
		}
	}
}

func (f *follower) configUpdate(change func(*common.ConfigGroup), signers []msp.Signer) *common.Envelope {
	f.t.Helper()
	return f.updateOf(f.ledger.Bundle(), f.n.Orgs[0].Admin, change, signers)
}

// updateOf is an update of a configuration, sent by sender.
func (f *follower) updateOf(bundle *channel.Bundle, sender msp.Signer, change func(*common.ConfigGroup), signers []msp.Signer) *common.Envelope {
	f.t.Helper()
	from := bundle.Config()
	to := proto.CloneOf(from)
	change(to.ChannelGroup)
	update, err := channel.ComputeUpdate(f.n.Channel, from, to)
	if err != nil {
		f.t.Fatal(err)
	}
	raw := encode(f.t, update)
	var signatures []*common.ConfigSignature
	forge := &forger{t: f.t}
	for _, signer := range signers {
		s, err := channel.SignUpdate(raw, forge.nonce(), signer)
		if err != nil {
			f.t.Fatal(err)
		}
		signatures = append(signatures, s)
	}
	e, err := channel.UpdateEnvelope(f.n.Channel, raw, signatures, forge.nonce(), time.Now(), sender)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}
