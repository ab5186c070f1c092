// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"reflect"
	"testing"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const notValidated = peer.TxValidationCode_NOT_VALIDATED

func untainted(string) bool { return false }

// only is the set of one tainted namespace.
func only(tainted string) func(string) bool {
	return func(namespace string) bool { return namespace == tainted }
}

// judgeUnder judges the envelopes as the next block.
func (s *scene) judgeUnder(rules Rules, envelopes ...[]byte) *Result {
	s.t.Helper()
	b := &common.Block{Header: &common.BlockHeader{Number: s.height}, Data: &common.BlockData{Data: envelopes}}
	r, err := rules.Block(b, s.bundle, s.ledger)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// foreignScene has three chaincodes, of which "foreign" is judged by a plugin.
func foreignScene(t *testing.T) *scene {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "foreign", ValidationPlugin: "custom"})
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	s.define(lifecycle.Definition{Name: "other", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	return s
}

// and adds a namespace to what a transaction read and wrote.
func (d draft) and(ns rwset.Namespace) draft {
	d.set.Namespaces = append(append([]rwset.Namespace{}, d.set.Namespaces...), ns)
	return d
}

func writingTo(name, key string) rwset.Namespace {
	return rwset.Namespace{Name: name, Writes: []rwset.Write{{Key: key, Value: []byte("v")}}}
}

func readingFrom(name, key string) rwset.Namespace {
	return rwset.Namespace{Name: name, Reads: []rwset.Read{{Key: key}}}
}

// One undecided transaction leaves the others their verdicts, as long as they do
// not look at what it may have written.
func TestForeignPluginTaints(t *testing.T) {
	s := foreignScene(t)
	foreign := s.tx(s.writing("foreign", "k", 1).and(writingTo("other", "k")))
	var plugin *ForeignPluginError
	var tainted *TaintedError
	var repeats *RepeatsUndecidedError
	for _, c := range []struct {
		name       string
		txs        [][]byte
		want       []peer.TxValidationCode
		namespaces []string // of the last transaction
		cause      any      // of the last transaction
	}{
		{"alone", [][]byte{foreign}, []peer.TxValidationCode{notValidated}, []string{"foreign", "other"}, &plugin},
		{"invoked without writing", [][]byte{s.tx(s.draft("foreign", readingFrom("foreign", "k"), 1))}, []peer.TxValidationCode{notValidated}, nil, &plugin},
		{"invoked, writing elsewhere", [][]byte{s.tx(s.draft("foreign", writingTo("kv", "k"), 1))}, []peer.TxValidationCode{notValidated}, []string{"kv"}, &plugin},
		{
			"another namespace is under-endorsed",
			[][]byte{s.tx(s.writing("foreign", "k", 2).and(writingTo("other", "k")))},
			[]peer.TxValidationCode{policyFailure},
			nil, nil,
		},
		{
			"it conflicts with what is known",
			[][]byte{s.tx(s.writing("foreign", "k", 1).and(rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: "k", Version: &rwset.Version{Block: 9}}}}))},
			[]peer.TxValidationCode{readConflict},
			nil, nil,
		},
		{"others are decided", [][]byte{foreign, s.tx(s.writing("kv", "k", 1))}, []peer.TxValidationCode{notValidated, valid}, nil, nil},
		{"blind writes are decided", [][]byte{foreign, s.tx(s.writing("other", "k", 1))}, []peer.TxValidationCode{notValidated, valid}, nil, nil},
		{
			"what reads them is not",
			[][]byte{foreign, s.tx(s.draft("kv", readingFrom("other", "z"), 1).and(writingTo("kv", "k")))},
			[]peer.TxValidationCode{notValidated, notValidated},
			[]string{"kv"},
			&tainted,
		},
		{
			"nor what reads from that",
			[][]byte{
				foreign, s.tx(s.draft("kv", readingFrom("other", "z"), 1).and(writingTo("kv", "k"))),
				s.tx(s.draft("kv", rwset.Namespace{Name: "kv", Ranges: []rwset.Range{{Start: "a", End: "b", Exhausted: true}}}, 1)),
			},
			[]peer.TxValidationCode{notValidated, notValidated, notValidated},
			nil, &tainted,
		},
		{
			"unless it conflicts anyway",
			[][]byte{foreign, s.tx(s.draft("kv", readingFrom("other", "z"), 1).and(rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: "k", Version: &rwset.Version{Block: 9}}}}))},
			[]peer.TxValidationCode{notValidated, readConflict},
			nil, nil,
		},
		{"twice", [][]byte{foreign, foreign}, []peer.TxValidationCode{notValidated, notValidated}, []string{"foreign", "other"}, &plugin},
		{"before it", [][]byte{s.tx(s.draft("kv", readingFrom("other", "z"), 1)), foreign}, []peer.TxValidationCode{valid, notValidated}, []string{"foreign", "other"}, &plugin},
		{
			"another with its id",
			func() [][]byte {
				first, second := s.writing("foreign", "k", 1), s.writing("kv", "k", 1)
				first.nonce = nonce(t)
				second.nonce = first.nonce
				return [][]byte{s.tx(first), s.tx(second)}
			}(),
			[]peer.TxValidationCode{notValidated, notValidated},
			[]string{"kv"},
			&repeats,
		},
		{
			"its id came before",
			func() [][]byte {
				first, second := s.writing("kv", "k", 1), s.writing("foreign", "k", 1)
				first.nonce = nonce(t)
				second.nonce = first.nonce
				return [][]byte{s.tx(first), s.tx(second)}
			}(),
			[]peer.TxValidationCode{valid, duplicate},
			nil, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.judgeUnder(Rules{Tainted: untainted}, c.txs...)
			wantCodes(t, r, c.want...)
			s.wantUndecided(t, r, len(c.txs)-1, c.namespaces, c.cause)
		})
	}
}

// wantUndecided checks that exactly the transactions without a verdict are
// reported, the last one with these namespaces and this cause, and that nothing
// of them is applied.
func (s *scene) wantUndecided(t *testing.T, r *Result, last int, namespaces []string, cause any) {
	t.Helper()
	at := 0
	for i, code := range r.Codes {
		if code != notValidated {
			continue
		}
		if at >= len(r.Undecided) || r.Undecided[at].Tx != i || r.Undecided[at].TxID != r.Txs[i].TxID {
			t.Fatalf("undecided: got %+v, want transaction %d as entry %d", r.Undecided, i, at)
		}
		at++
		for _, u := range r.Updates {
			if u.Version == (rwset.Version{Block: s.height, Tx: uint64(i)}) {
				t.Errorf("transaction %d is undecided, and yet changes %s of %s", i, u.Key, u.Namespace)
			}
		}
	}
	if at != len(r.Undecided) {
		t.Fatalf("undecided: got %d entries, want %d", len(r.Undecided), at)
	}
	if cause == nil {
		if r.Codes[last] == notValidated {
			t.Errorf("the last transaction is undecided: %v", r.Reasons[last])
		}
		return
	}
	u := r.Undecided[at-1]
	if u.Tx != last || !reflect.DeepEqual(u.Namespaces, namespaces) || !errors.As(u.Err, cause) {
		t.Errorf("got transaction %d, namespaces %q, cause %T (%v), want %d, %q, %T", u.Tx, u.Namespaces, u.Err, u.Err, last, namespaces, cause)
	}
}

// A namespace that was tainted by an earlier block.
func TestTaintedBefore(t *testing.T) {
	s := foreignScene(t)
	var tainted *TaintedError
	for _, c := range []struct {
		name       string
		tx         draft
		want       peer.TxValidationCode
		namespaces []string
	}{
		{"not touched", s.writing("kv", "k", 1), valid, nil},
		{"read", s.draft("kv", readingFrom("other", "k"), 1).and(writingTo("kv", "k")), notValidated, []string{"kv"}},
		{"hash read", s.draft("kv", rwset.Namespace{Name: "other", Collections: []rwset.Collection{{Name: "c", Reads: []rwset.HashedRead{{KeyHash: sha("k")}}}}}, 1), notValidated, nil},
		// A key's own policy may have changed.
		{"written", s.writing("other", "k", 1), notValidated, []string{"other"}},
		{"invoked only", s.draft("other", rwset.Namespace{Name: "other"}, 1), valid, nil},
		{"invoked only, under-endorsed", s.draft("other", rwset.Namespace{Name: "other"}, 2), policyFailure, nil},
		{"written, under-endorsed elsewhere", s.writing("other", "k", 2).and(writingTo("kv", "k")), policyFailure, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.judgeUnder(Rules{Tainted: only("other")}, s.tx(c.tx))
			wantCodes(t, r, c.want)
			var cause any
			if c.want == notValidated {
				cause = &tainted
			}
			s.wantUndecided(t, r, 0, c.namespaces, cause)
		})
	}
}

// What stops every peer stops the ledger enclave too.
func TestTaintsDoNotHideHalts(t *testing.T) {
	s := foreignScene(t)
	s.ledger.put("kv", "k", item{value: []byte("v"), metadata: []rwset.Entry{{Name: "VALIDATION_PARAMETER", Value: []byte{0xff}}}})
	b := &common.Block{Header: &common.BlockHeader{Number: s.height}, Data: &common.BlockData{Data: [][]byte{s.tx(s.writing("kv", "k", 1))}}}
	var halt *HaltError
	if _, err := (Rules{Tainted: untainted}).Block(b, s.bundle, s.ledger); !errors.As(err, &halt) {
		t.Errorf("key policy that does not decode: got %v, want a HaltError", err)
	}
}

// A configuration that requires an unknown capability is told apart.
func TestUnknownCapability(t *testing.T) {
	s := newScene(t)
	capabilities := &common.Capabilities{Capabilities: map[string]*common.Capability{"V9_9": {}, "V2_0": {}}}
	_, err := s.judge(s.configTx(s.update(func(g *common.ConfigGroup) *common.ConfigValue { return g.Values["Capabilities"] },
		capabilities, s.orderer.Admin(), s.orgs[0].Admin(), s.orgs[1].Admin())))
	var halt *HaltError
	if !errors.As(err, &halt) || !channel.IsUnknownCapability(err) {
		t.Errorf("got %v, want a HaltError for an unknown capability", err)
	}
	if channel.IsUnknownCapability(errors.New("another")) {
		t.Error("another error passes for an unknown capability")
	}
}
