// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const (
	valid              = peer.TxValidationCode_VALID
	badPayload         = peer.TxValidationCode_BAD_PAYLOAD
	badHeader          = peer.TxValidationCode_BAD_COMMON_HEADER
	badCreator         = peer.TxValidationCode_BAD_CREATOR_SIGNATURE
	badTransaction     = peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION
	badConfig          = peer.TxValidationCode_INVALID_CONFIG_TRANSACTION
	unsupported        = peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD
	badTxID            = peer.TxValidationCode_BAD_PROPOSAL_TXID
	duplicate          = peer.TxValidationCode_DUPLICATE_TXID
	policyFailure      = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
	readConflict       = peer.TxValidationCode_MVCC_READ_CONFLICT
	phantom            = peer.TxValidationCode_PHANTOM_READ_CONFLICT
	badHeaderExtension = peer.TxValidationCode_BAD_HEADER_EXTENSION
	badResponse        = peer.TxValidationCode_BAD_RESPONSE_PAYLOAD
	badSet             = peer.TxValidationCode_BAD_RWSET
	illegalSet         = peer.TxValidationCode_ILLEGAL_WRITESET
	noChaincode        = peer.TxValidationCode_INVALID_CHAINCODE
	otherReason        = peer.TxValidationCode_INVALID_OTHER_REASON
)

// TestVectors makes transactions with a story each, has a real network judge
// them, and compares: with the expected verdict, and with the embedded network's
// ledger. What an honest orderer orders goes through it; the rest is shown to
// the peers by one that forges. With -record it writes vectors/.
func TestVectors(t *testing.T) {
	ctx, n := startNetwork(t)
	doomed := n.newMember(t, 1, "doomed", ca.RoleClient)
	doomedPeer := n.newMember(t, 2, "doomedpeer", ca.RolePeer)
	r := newRecording(ctx, t, n)
	f := r.forger
	r.define("kv", "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')", 1)
	r.define("plain", "OR('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')", 1)
	r.tellOfEndorsements()
	r.tellOfVersions()
	r.tellOfRanges()
	r.tellOfKeyPolicies()
	r.tellOfForms()

	r.define("kv", "OR('Org2MSP.peer')", 2)
	r.tell(
		story{"new rule of the chaincode not satisfied", policyFailure, f.make(f.writing("a").endorsedBy(f.peers[0], f.peers[2]))},
		story{"new rule of the chaincode satisfied", valid, f.make(f.writing("a").endorsedBy(f.peers[1]))},
	)

	byDoomed, byDoomedPeer := f.writing("d"), f.of(rwset.Namespace{Name: "plain", Writes: []rwset.Write{{Key: "d", Value: []byte("v")}}})
	byDoomed.creator = doomed
	byDoomedPeer = byDoomedPeer.endorsedBy(doomedPeer)
	before := f.make(byDoomedPeer)
	r.tell(
		story{"creator before the revocation", valid, f.make(byDoomed)},
		story{"endorser before the revocation", valid, f.make(byDoomedPeer)},
	)
	r.configure("revocation of a client", edited(t, channel.SetCRLs("Org2MSP", n.revocation(t, 1, "doomed"))), n.Orgs[1].Admin)
	r.configure("revocation of a peer", edited(t, channel.SetCRLs("Org3MSP", n.revocation(t, 2, "doomedpeer"))), n.Orgs[2].Admin)
	r.tell(
		story{"endorsed before the revocation, ordered after it", policyFailure, before},
		story{"endorser after the revocation", policyFailure, f.make(byDoomedPeer)},
		story{"another endorser of that organisation", valid, f.make(byDoomedPeer.endorsedBy(f.peers[2]))},
	)
	r.configure("timeout of batches", setBatchTimeout(t, "150ms"), n.ordererAdmin(t))
	r.tellOfHashes() // last: Org3's peer waits for the private data

	o := n.forge(t, slices.Clone(r.chain))
	r.show(o, story{"creator after the revocation", badCreator, f.make(byDoomed)})
	r.showForgeries(o)
	r.judgedByLedgerEnclave()
	r.write("stories", "one raft orderer; the last blocks are by one that forges, with its key")
}

// tellOfEndorsements: whose signatures a transaction needs.
func (r *recording) tellOfEndorsements() {
	f := r.forger
	write := func(name string) rwset.Namespace {
		return rwset.Namespace{Name: name, Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}}
	}
	both := f.of(write("kv"))
	both.set.Namespaces = append(both.set.Namespaces, write("plain"))
	lifecycle := f.of(write("kv")).endorsedBy(f.peers[0], f.peers[1])
	lifecycle.set.Namespaces = append(lifecycle.set.Namespaces, rwset.Namespace{Name: "_lifecycle", Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}})
	undefined := f.of(write("kv"))
	undefined.set.Namespaces = append(undefined.set.Namespaces, write("undefined"))
	changed := f.writing("k")
	changed.payload = r.action(func(a *peer.ChaincodeActionPayload) {
		edit(r.t, &a.Action.ProposalResponsePayload, func(p *peer.ProposalResponsePayload) {
			edit(r.t, &p.Extension, func(c *peer.ChaincodeAction) { c.Results = nil })
		})
	})
	forged := f.writing("k").endorsedBy(f.peers[0], f.peers[1])
	forged.endorsed = func(e *peer.ProposalResponse) { e.Endorsement.Signature[9] ^= 1 }
	event := f.writing("e")
	event.event = encode(r.t, &peer.ChaincodeEvent{ChaincodeId: "kv", EventName: "e"})
	r.tell(
		story{"endorsed by two of three", valid, f.make(f.writing("k").endorsedBy(f.peers[0], f.peers[2]))},
		story{"endorsed by one of two", policyFailure, f.make(f.writing("k").endorsedBy(f.peers[0]))},
		story{"endorsed by one, twice", policyFailure, f.make(f.writing("k").endorsedBy(f.peers[0], f.peers[0]))},
		story{"endorsed by clients", policyFailure, f.make(f.writing("k").endorsedBy(f.clients...))},
		story{"endorsement signatures forged", policyFailure, f.make(forged)},
		story{"read/write set changed", policyFailure, f.make(changed)},
		story{"two chaincodes, endorsed for both", valid, f.make(both)},
		story{"two chaincodes, endorsed for the other", policyFailure, f.make(both.endorsedBy(f.peers[0]))},
		story{"also writes to the lifecycle, endorsed by two", valid, f.make(lifecycle)},
		story{"also writes to the lifecycle, endorsed by one", policyFailure, f.make(lifecycle.endorsedBy(f.peers[0]))},
		story{"also writes to an undefined chaincode", noChaincode, f.make(undefined)},
		story{"undefined chaincode", noChaincode, f.make(f.of(write("undefined")))},
		story{"event", valid, f.make(event)},
	)
}

// tellOfVersions: what was read must not have changed.
func (r *recording) tellOfVersions() {
	f := r.forger
	r.tell(story{"first write of a key", valid, f.make(f.writing("m"))})
	at := rwset.Version{Block: r.ledger.Height() - 1}
	read := func(v *rwset.Version) forgery {
		return f.of(rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: "m", Version: v}}, Writes: []rwset.Write{{Key: "m", Value: []byte("w")}}})
	}
	again := f.make(f.writing("n"))
	r.tell(
		story{"read of a key as if it were absent", readConflict, f.make(read(nil))},
		story{"read of another version", readConflict, f.make(read(&rwset.Version{Block: at.Block, Tx: 7}))},
		story{"read and written", valid, f.make(read(&at))},
		story{"read what changed in the block or before it", readConflict, f.make(read(&at))},
		story{"once", valid, again},
		story{"the same again, in the block or after it", duplicate, again},
	)
	r.tell(story{"the same again, later", duplicate, again})
	gone := f.of(rwset.Namespace{Name: "kv", Writes: []rwset.Write{{Key: "m", Delete: true}}})
	r.tell(story{"deletion", valid, f.make(gone)}, story{"read of what was deleted", readConflict, f.make(read(&at))})
	r.tell(story{"read of an absent key", valid, f.make(read(nil))})
}

// tellOfRanges: no row of a range that was read may be new, changed or gone.
func (r *recording) tellOfRanges() {
	f := r.forger
	many := rwset.Namespace{Name: "kv"}
	for _, key := range []string{"r1", "r2", "r3"} {
		many.Writes = append(many.Writes, rwset.Write{Key: key, Value: []byte("v")})
	}
	r.tell(story{"three rows", valid, f.make(f.of(many))})
	at := &rwset.Version{Block: r.ledger.Height() - 1}
	rows := func(keys ...string) (all []rwset.Read) {
		for _, key := range keys {
			all = append(all, rwset.Read{Key: key, Version: at})
		}
		return all
	}
	over := func(end string, exhausted bool, rows []rwset.Read) forgery {
		return f.of(rwset.Namespace{Name: "kv", Ranges: []rwset.Range{{Start: "r", End: end, Exhausted: exhausted, Rows: rows}}, Writes: []rwset.Write{{Key: "s", Value: []byte("v")}}})
	}
	r.tell(
		story{"all rows", valid, f.make(over("s", true, rows("r1", "r2", "r3")))},
		story{"rows up to the last one read", valid, f.make(over("r2", false, rows("r1", "r2")))},
		story{"a row left out", phantom, f.make(over("s", true, rows("r1", "r3")))},
		story{"a row too many", phantom, f.make(over("s", true, rows("r1", "r2", "r25", "r3")))},
		story{"a row of another version", phantom, f.make(over("s", true, []rwset.Read{{Key: "r1", Version: &rwset.Version{Block: 1}}, rows("r2")[0], rows("r3")[0]}))},
	)
	r.tell(story{"a new row", valid, f.make(f.writing("r15"))}, story{"all rows but the new one", phantom, f.make(over("s", true, rows("r1", "r2", "r3")))})
}

// tellOfKeyPolicies: a key's own rule takes the place of its chaincode's.
func (r *recording) tellOfKeyPolicies() {
	f := r.forger
	rule, err := policy.Parse("OR('Org3MSP.peer')")
	f.must(err)
	entries := []rwset.Entry{{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: encode(r.t, rule)}}
	write := rwset.Namespace{Name: "kv", Writes: []rwset.Write{{Key: "p", Value: []byte("v")}}}
	set := rwset.Namespace{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "p", Entries: entries}}}
	drop := rwset.Namespace{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "p"}}}
	two, third := []msp.Signer{f.peers[0], f.peers[1]}, []msp.Signer{f.peers[2]}
	r.tell(story{"key without a rule of its own", valid, f.make(f.of(write).endorsedBy(two...))})
	r.tell(story{"rule for the key", valid, f.make(f.of(set).endorsedBy(two...))})
	r.tell(
		story{"key written by the chaincode's rule", policyFailure, f.make(f.of(write).endorsedBy(two...))},
		story{"key written by its own rule", valid, f.make(f.of(write).endorsedBy(third...))},
		story{"rule changed by the chaincode's rule", policyFailure, f.make(f.of(drop).endorsedBy(two...))},
	)
	r.tell(story{"rule dropped by itself", valid, f.make(f.of(drop).endorsedBy(third...))})
	r.tell(story{"key without its rule again", valid, f.make(f.of(write).endorsedBy(two...))})
}

// tellOfHashes: private data, of which the followed peer has only the hashes.
func (r *recording) tellOfHashes() {
	f := r.forger
	key, value := sha256.Sum256([]byte("k")), sha256.Sum256([]byte("v"))
	write := f.of(rwset.Namespace{Name: "plain", Collections: []rwset.Collection{{Name: implicit, Writes: []rwset.HashedWrite{{KeyHash: key[:], ValueHash: value[:]}}}}})
	r.tell(
		story{"private write, endorsed by another organisation", policyFailure, f.make(write.endorsedBy(f.peers[0]))},
		story{"private write, endorsed by its organisation", valid, f.make(write.endorsedBy(f.peers[2]))},
	)
	stale := f.of(rwset.Namespace{Name: "plain", Collections: []rwset.Collection{{Name: implicit, Reads: []rwset.HashedRead{{KeyHash: key[:]}}}}})
	r.tell(story{"private read of another version", readConflict, f.make(stale)})
}

// tellOfForms: what an orderer lets through and a peer cannot take apart.
func (r *recording) tellOfForms() {
	t, f := r.t, r.forger
	header := func(change func(*common.ChannelHeader)) func(*common.Payload) {
		return func(p *common.Payload) { edit(t, &p.Header.ChannelHeader, change) }
	}
	for _, s := range []struct {
		name  string
		want  peer.TxValidationCode
		spoil func(*forgery)
	}{
		{"type 77", badHeader, func(d *forgery) { d.payload = header(func(h *common.ChannelHeader) { h.Type = 77 }) }},
		{"epoch", badHeader, func(d *forgery) { d.payload = header(func(h *common.ChannelHeader) { h.Epoch = 7 }) }},
		{"transaction id of something else", badTxID, func(d *forgery) { d.payload = header(func(h *common.ChannelHeader) { h.TxId = "abc" }) }},
		{"transaction garbage", badTransaction, func(d *forgery) { d.payload = func(p *common.Payload) { p.Data = []byte{0xff} } }},
		{"two actions", badTransaction, func(d *forgery) {
			d.payload = func(p *common.Payload) {
				edit(t, &p.Data, func(tx *peer.Transaction) { tx.Actions = append(tx.Actions, tx.Actions[0]) })
			}
		}},
		{"hash of another proposal", badTransaction, func(d *forgery) {
			d.payload = r.action(func(a *peer.ChaincodeActionPayload) {
				a.ChaincodeProposalPayload = append(a.ChaincodeProposalPayload, 0x0a, 0)
			})
		}},
		{"header extension garbage", badHeaderExtension, func(d *forgery) { d.header = func(h *common.ChannelHeader) { h.Extension = []byte{0xff} } }},
		{"no result", badResponse, func(d *forgery) {
			d.payload = r.action(func(a *peer.ChaincodeActionPayload) {
				edit(t, &a.Action.ProposalResponsePayload, func(p *peer.ProposalResponsePayload) { p.Extension = nil })
			})
		}},
		{"read/write set garbage", badSet, func(d *forgery) { d.rawSet = []byte{0xff} }},
		{"namespace twice", illegalSet, func(d *forgery) { d.set.Namespaces = append(d.set.Namespaces, d.set.Namespaces[0]) }},
		{"another chaincode ran", noChaincode, func(d *forgery) { d.ran = "plain" }},
		{"no version", noChaincode, func(d *forgery) { d.version = "" }},
		{"event of another chaincode", otherReason, func(d *forgery) { d.event = encode(t, &peer.ChaincodeEvent{ChaincodeId: "plain"}) }},
	} {
		d := f.writing("f")
		s.spoil(&d)
		r.tell(story{s.name, s.want, f.make(d)})
	}
}

// showForgeries: what no honest orderer lets through, a block each. Envelopes
// that do not decode or are not signed are missing: peers do not take a block
// with one (fabric/block, Check).
func (r *recording) showForgeries(o *forgingOrderer) {
	t, f := r.t, r.forger
	signature := func(change func(*common.SignatureHeader)) func(*common.Payload) {
		return func(p *common.Payload) { edit(t, &p.Header.SignatureHeader, change) }
	}
	header := func(change func(*common.ChannelHeader)) func(*common.Payload) {
		return func(p *common.Payload) { edit(t, &p.Header.ChannelHeader, change) }
	}
	stranger, err := ca.NewAuthority("stranger", "stranger", time.Now().Add(-time.Hour))
	f.must(err)
	certificate, key, err := stranger.Issue(ca.Request{CommonName: "User1", OUs: []string{ca.RoleClient}})
	f.must(err)
	impostor, err := msp.NewSigner("Org1MSP", certificate, key)
	f.must(err)
	// Peers of Fabric 2.5 take the channel's name from a block's first transaction.
	good := func() story {
		return story{"first of its block", valid, f.make(f.writing("g").endorsedBy(f.peers[1]))}
	}
	for _, s := range []struct {
		name   string
		want   peer.TxValidationCode
		spoil  func(*forgery)
		signed func(*common.Envelope)
	}{
		{"payload garbage", badPayload, nil, func(e *common.Envelope) { e.Payload = []byte{0xff} }},
		{"channel header garbage", badHeader, func(d *forgery) { d.payload = func(p *common.Payload) { p.Header.ChannelHeader = []byte{0xff} } }, nil},
		{"no nonce", badHeader, func(d *forgery) { d.payload = signature(func(h *common.SignatureHeader) { h.Nonce = nil }) }, nil},
		{"no creator", badHeader, func(d *forgery) { d.payload = signature(func(h *common.SignatureHeader) { h.Creator = nil }) }, nil},
		{"signature of something else", badCreator, nil, func(e *common.Envelope) { e.Payload = append(e.Payload, 0x1a, 0) }},
		{"creator of no MSP", badCreator, func(d *forgery) {
			d.payload = signature(func(h *common.SignatureHeader) { h.Creator = []byte("nobody") })
		}, nil},
		{"creator of another authority", badCreator, func(d *forgery) { d.creator = impostor }, nil},
		{"name of another channel", badCreator, func(d *forgery) { d.payload = header(func(h *common.ChannelHeader) { h.ChannelId = "other" }) }, nil},
		{"creator whose certificate has expired", valid, func(d *forgery) { d.creator = r.n.expired(t, 1) }, nil},
		{"type CONFIG_UPDATE", unsupported, func(d *forgery) { d.payload = header(func(h *common.ChannelHeader) { h.Type = 2 }) }, nil},
	} {
		d := f.writing("f").endorsedBy(f.peers[1])
		if s.spoil != nil {
			s.spoil(&d)
		}
		e := f.make(d)
		if s.signed != nil {
			s.signed(e)
		}
		r.show(o, good(), story{s.name, s.want, e})
	}
	once := f.make(f.writing("t").endorsedBy(f.peers[1]))
	r.show(o, story{"twice in a block", valid, once}, story{"twice in a block, the second", duplicate, once})
	p := f.of(rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: "u"}}, Writes: []rwset.Write{{Key: "u", Value: []byte("v")}}}).endorsedBy(f.peers[1])
	ranged := f.of(rwset.Namespace{Name: "kv", Ranges: []rwset.Range{{Start: "u", End: "v", Exhausted: true}}}).endorsedBy(f.peers[1])
	r.show(o,
		story{"read of an absent key and write, in one block", valid, f.make(p)},
		story{"the same key, read before it was written in the block", readConflict, f.make(p)},
		story{"a range that the block has changed", phantom, f.make(ranged)})
	empty := f.writing("f")
	empty.payload = func(p *common.Payload) {
		header(func(h *common.ChannelHeader) { h.Type = int32(common.HeaderType_CONFIG) })(p)
		p.Data = nil
	}
	r.show(o, good(), story{"type CONFIG, without a configuration", badConfig, f.make(empty)})
}

// action edits the one action of a payload's transaction.
func (r *recording) action(change func(*peer.ChaincodeActionPayload)) func(*common.Payload) {
	return func(p *common.Payload) {
		edit(r.t, &p.Data, func(tx *peer.Transaction) { edit(r.t, &tx.Actions[0].Payload, change) })
	}
}

// endorsedBy is the transaction with other endorsers.
func (d forgery) endorsedBy(endorsers ...msp.Signer) forgery {
	d.endorsers = endorsers
	return d
}

// edited applies an edit to a channel's group.
func edited(t *testing.T, change channel.Edit) func(*common.ConfigGroup) {
	return func(g *common.ConfigGroup) {
		if err := change(&common.Config{ChannelGroup: g}); err != nil {
			t.Fatal(err)
		}
	}
}

func setBatchTimeout(t *testing.T, timeout string) func(*common.ConfigGroup) {
	return func(g *common.ConfigGroup) {
		g.Groups["Orderer"].Values["BatchTimeout"].Value = encode(t, &orderer.BatchTimeout{Timeout: timeout})
	}
}

// ordererAdmin is the administrator of the organisation that orders.
func (n *Network) ordererAdmin(t *testing.T) msp.Signer {
	t.Helper()
	admin, err := n.ordererOrg.User("Admin")
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

// newMember issues an organisation another certificate.
func (n *Network) newMember(t *testing.T, org int, name, role string) msp.Signer {
	t.Helper()
	if err := n.orgs[org].AddUser(name, role); err != nil {
		t.Fatal(err)
	}
	signer, err := n.orgs[org].User(name)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// certificate is a member's, as PEM.
func (n *Network) certificate(t *testing.T, org int, name string) []byte {
	t.Helper()
	id := &msppb.SerializedIdentity{}
	signer, err := n.orgs[org].User(name)
	if err != nil {
		t.Fatal(err)
	}
	unmarshal(t, signer.Creator(), id)
	return id.IdBytes
}

// revocation is a list that revokes a member of an organisation.
func (n *Network) revocation(t *testing.T, org int, name string) []byte {
	t.Helper()
	list, err := n.orgs[org].CA.Revoke(1, time.Now(), n.certificate(t, org, name))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// expired is a client of an organisation whose certificate has ended.
func (n *Network) expired(t *testing.T, org int) msp.Signer {
	t.Helper()
	certificate, key, err := n.orgs[org].CA.Issue(ca.Request{CommonName: "late", OUs: []string{ca.RoleClient}, NotAfter: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := msp.NewSigner(n.orgs[org].MSPID, certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func unmarshal(t *testing.T, raw []byte, into proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
