// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// generator makes random transactions around the state that the follower has.
//
// It keeps away from what no peer of these versions survives, and what
// fabric/validate answers by a verdict: a key deleted and given metadata in one
// block, or written twice by one transaction after it was deleted (panic);
// collections that nobody defined (panic); a transaction with metadata that fails
// before its endorsements are judged, and behind it in the block a write of the
// key (the peer waits for ever); two bad namespaces in a transaction (which of
// them decides is chance).
type generator struct {
	f       *follower
	forger  *forger
	random  *rand.Rand
	earlier []*common.Envelope
	seconds []msp.Signer // second peers of Org2; all but the last are revoked
	state   *ledger.Snapshot
}

const (
	lasting  = 6                       // keys a to f are never deleted; only they get metadata
	allKeys  = 12                      // a to l
	implicit = "_implicit_org_Org3MSP" // the followed peer keeps no plaintext of it, and waits for none
)

func pick[T any](g *generator, of ...T) T { return of[g.random.IntN(len(of))] }

// one is true in one of n cases.
func (g *generator) one(n int) bool { return g.random.IntN(n) == 0 }

func (g *generator) key(of int) string { return string(rune('a' + g.random.IntN(of))) }

// round makes the transactions of one or two blocks.
func (g *generator) round() []*common.Envelope {
	var err error
	g.state, err = g.f.ledger.Snapshot()
	g.forger.must(err)
	defer g.state.Close()
	var envelopes []*common.Envelope
	for range 5 + g.random.IntN(20) {
		d := g.transaction()
		e := g.forger.make(d)
		envelopes = append(envelopes, e)
		if g.one(15) {
			envelopes = append(envelopes, e)
		}
		if !changesPolicies(d.set) && g.one(10) {
			g.earlier = append(g.earlier, e)
		}
	}
	if len(g.earlier) > 5 {
		envelopes = append(envelopes, g.earlier[0])
		g.earlier = g.earlier[1:]
	}
	return envelopes
}

func changesPolicies(set rwset.Set) bool {
	return slices.ContainsFunc(set.Namespaces, func(ns rwset.Namespace) bool {
		return len(ns.Metadata) > 0 || slices.ContainsFunc(ns.Collections, func(c rwset.Collection) bool { return len(c.Metadata) > 0 })
	})
}

func (g *generator) transaction() forgery {
	switch g.random.IntN(12) {
	case 0:
		d := g.forger.of(g.namespace("kv", false))
		d.set.Namespaces = append(d.set.Namespaces, g.namespace("plain", false))
		return g.proposed(d)
	case 1:
		d := g.forger.of(rwset.Namespace{Name: "kv"})
		d.set.Namespaces = append(d.set.Namespaces, rwset.Namespace{
			Name: pick(g, "undefined", "", "lscc", "qscc", "_lifecycle"), Writes: []rwset.Write{{Key: "k", Value: []byte("v")}},
		})
		return d
	case 2:
		return g.spoilt()
	default:
		return g.proposed(g.forger.of(g.namespace(pick(g, "kv", "kv", "plain"), true)))
	}
}

// proposed gives a transaction some proposer and endorsers, who may be too few
// or the wrong ones.
func (g *generator) proposed(d forgery) forgery {
	d.creator = pick(g, g.forger.clients...)
	all := slices.Clone(g.forger.peers)
	g.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if at := slices.Index(all, g.forger.peers[1]); len(g.seconds) > 0 && g.one(4) {
		all[at] = pick(g, g.seconds...)
	}
	d.endorsers = all[:pick(g, 1, 2, 2, 2, 3, 3, 3)]
	if g.one(15) {
		d.endorsers = append(slices.Clone(g.forger.clients), d.endorsers[0])
	}
	return d
}

// spoilt is a transaction with one fault.
func (g *generator) spoilt() forgery {
	d := g.forger.of(g.namespace("kv", false))
	switch g.random.IntN(11) {
	case 0:
		d.set.Namespaces = append(d.set.Namespaces, d.set.Namespaces[0])
	case 1:
		d.ran = "other"
	case 2:
		d.version = ""
	case 3:
		d = g.forger.of(rwset.Namespace{Name: pick(g, "undefined", "qscc", "_lifecycle")})
	case 4:
		d.event = encode(g.forger.t, &peer.ChaincodeEvent{ChaincodeId: pick(g, "kv", "other"), EventName: "e"})
	case 5:
		d.event = []byte{0xff}
	case 6:
		d.endorsed = func(r *peer.ProposalResponse) { r.Endorsement.Signature[8] ^= 1 }
	case 7:
		d.endorsed = func(r *peer.ProposalResponse) { r.Endorsement.Endorser = []byte("nobody") }
	case 8:
		extension := pick(g, nil, []byte{0xff}, encode(g.forger.t, &peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{}}))
		d.header = func(h *common.ChannelHeader) { h.Extension = extension }
	case 9:
		d.rawSet = pick(g, []byte{}, []byte{0xff}, []byte{0x12, 0x02, 0x12, 0x00})
	case 10: // every key twice
		w := rwset.Write{Key: g.key(lasting), Value: []byte("v")}
		d.set.Namespaces[0].Writes = []rwset.Write{w, w}
	}
	return d
}

func (g *generator) namespace(name string, withMetadata bool) rwset.Namespace {
	ns := rwset.Namespace{Name: name}
	for range g.random.IntN(3) {
		k := g.key(allKeys)
		ns.Reads = append(ns.Reads, rwset.Read{Key: k, Version: g.version(name, k)})
	}
	for range max(0, g.random.IntN(5)-2) {
		ns.Ranges = append(ns.Ranges, g.rangeQuery(name))
	}
	for range g.random.IntN(4) {
		w := rwset.Write{Key: g.key(allKeys), Value: []byte(strconv.Itoa(g.random.IntN(1000)))}
		if w.Key[0] >= 'a'+lasting && g.one(3) {
			w.Value, w.Delete = nil, true
		}
		if !slices.ContainsFunc(ns.Writes, func(o rwset.Write) bool { return o.Key == w.Key }) {
			ns.Writes = append(ns.Writes, w)
		}
	}
	if withMetadata && g.one(4) {
		m := rwset.MetadataWrite{Key: g.key(lasting)}
		if !g.one(3) {
			m.Entries = g.keyPolicy()
		}
		ns.Metadata = append(ns.Metadata, m)
	}
	if g.one(4) {
		ns.Collections = append(ns.Collections, g.collection(name, withMetadata))
	}
	return ns
}

func (g *generator) collection(namespace string, withMetadata bool) rwset.Collection {
	c := rwset.Collection{Name: implicit}
	key, value := sha256.Sum256([]byte(g.key(allKeys))), sha256.Sum256([]byte(g.key(allKeys)))
	if g.one(2) {
		var v *rwset.Version
		if at, err := g.state.Hash(namespace, implicit, key[:]); err != nil {
			g.forger.t.Fatal(err)
		} else if at != nil && !g.one(6) {
			v = &at.Version
		}
		c.Reads = append(c.Reads, rwset.HashedRead{KeyHash: key[:], Version: v})
	}
	if !g.one(3) {
		c.Writes = append(c.Writes, rwset.HashedWrite{KeyHash: key[:], ValueHash: value[:]})
	}
	if withMetadata && g.one(3) {
		c.Metadata = append(c.Metadata, rwset.HashedMetadataWrite{KeyHash: key[:], Entries: g.keyPolicy()})
	}
	return c
}

func (g *generator) keyPolicy() []rwset.Entry {
	p, err := policy.Parse(pick(g, "OR('Org1MSP.peer')", "OR('Org2MSP.peer')", "AND('Org1MSP.peer','Org3MSP.peer')", "OR('Org3MSP.member')"))
	g.forger.must(err)
	return []rwset.Entry{{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: encode(g.forger.t, p)}}
}

// version is a key's version, seldom another one.
func (g *generator) version(namespace, key string) *rwset.Version {
	if g.one(8) {
		return pick(g, nil, &rwset.Version{Block: 1}, &rwset.Version{Block: g.f.ledger.Height() - 1})
	}
	at, err := g.state.State(namespace, key)
	g.forger.must(err)
	if at == nil {
		return nil
	}
	return &at.Version
}

// rangeQuery is a range with its rows or their summary, seldom wrong.
func (g *generator) rangeQuery(namespace string) rwset.Range {
	r := rwset.Range{Start: g.key(allKeys), End: g.key(allKeys), Exhausted: g.one(2)}
	if r.Start > r.End {
		r.Start, r.End = r.End, r.Start
	}
	if g.one(4) {
		r.Start = ""
	}
	if g.one(4) {
		r.End, r.Exhausted = "", true
	}
	s, err := rwset.NewSummarizer(uint32(pick(g, 2, 3, rwset.DefaultMaxDegree)))
	g.forger.must(err)
	rows, err := g.state.Range(namespace, r.Start, r.End)
	g.forger.must(err)
	defer rows.Close()
	for rows.Next() {
		row := rows.Row()
		g.forger.must(s.Add(rwset.Read{Key: row.Key, Version: &row.Version}))
	}
	g.forger.must(rows.Err())
	if !r.Exhausted { // the end is the last row seen
		if v := g.version(namespace, r.End); v != nil {
			g.forger.must(s.Add(rwset.Read{Key: r.End, Version: v}))
		}
	}
	r.Rows, r.Summary, err = s.Finish()
	g.forger.must(err)
	switch {
	case len(r.Rows) > 0 && g.one(10):
		r.Rows = r.Rows[1:]
	case r.Summary != nil && g.one(10):
		r.Summary.Hashes[0] = make([]byte, sha256.Size)
	}
	return r
}
