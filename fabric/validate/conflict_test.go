// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"iter"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// model is the oracle: one namespace as a plain map that every valid
// transaction is applied to at once, with no notion of a batch. Its reads are
// by version; a key that the block touched has none that a transaction can
// have read.
type model struct {
	keys    map[string]item
	touched map[string]bool
}

func (m *model) clone() *model {
	return &model{keys: maps.Clone(m.keys), touched: map[string]bool{}}
}

func (m *model) rows(r rwset.Range) []rwset.Read {
	var rows []rwset.Read
	for _, key := range slices.Sorted(maps.Keys(m.keys)) {
		inside := key >= r.Start && (r.End == "" || key < r.End || key == r.End && !r.Exhausted)
		if inside {
			rows = append(rows, rwset.Read{Key: key, Version: versionOf(m.keys, key)})
		}
	}
	return rows
}

func (m *model) judge(ns rwset.Namespace) peer.TxValidationCode {
	for _, r := range ns.Reads {
		if m.touched[r.Key] || !rwset.Same(versionOf(m.keys, r.Key), r.Version) {
			return peer.TxValidationCode_MVCC_READ_CONFLICT
		}
	}
	for _, r := range ns.Ranges {
		rows := m.rows(r)
		if r.Summary != nil {
			s, err := rwset.NewSummarizer(r.Summary.MaxDegree)
			if err != nil {
				return peer.TxValidationCode_PHANTOM_READ_CONFLICT
			}
			for _, row := range rows {
				if err := s.Add(row); err != nil {
					panic(err)
				}
			}
			if _, now, err := s.Finish(); err != nil || !now.Equal(r.Summary) {
				return peer.TxValidationCode_PHANTOM_READ_CONFLICT
			}
			continue
		}
		if !slices.EqualFunc(rows, r.Rows, func(a, b rwset.Read) bool { return a.Key == b.Key && rwset.Same(a.Version, b.Version) }) {
			return peer.TxValidationCode_PHANTOM_READ_CONFLICT
		}
	}
	return peer.TxValidationCode_VALID
}

// apply takes over writes that name each key once.
func (m *model) apply(ns rwset.Namespace, v rwset.Version) {
	for _, w := range ns.Writes {
		m.touched[w.Key] = true
		if w.IsDelete() {
			delete(m.keys, w.Key)
			continue
		}
		m.keys[w.Key] = item{value: w.Value, metadata: m.keys[w.Key].metadata, version: v}
	}
	for _, w := range ns.Metadata {
		it, ok := m.keys[w.Key]
		if !ok {
			continue
		}
		m.touched[w.Key] = true
		m.keys[w.Key] = item{value: it.value, metadata: w.Entries, version: v}
	}
}

// drawNamespace draws a read/write set whose reads are mostly those of the
// committed state.
func drawNamespace(t *rapid.T, committed *model) rwset.Namespace {
	key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"})
	fresh := func(label string) bool { return rapid.IntRange(0, 9).Draw(t, label) > 0 }
	ns := rwset.Namespace{Name: "ns"}
	for _, k := range rapid.SliceOfN(key, 0, 2).Draw(t, "reads") {
		v := versionOf(committed.keys, k)
		if !fresh("read is current") {
			v = &rwset.Version{Block: 7}
		}
		ns.Reads = append(ns.Reads, rwset.Read{Key: k, Version: v})
	}
	for range rapid.IntRange(0, 2).Draw(t, "ranges") {
		r := rwset.Range{
			Start: rapid.SampledFrom([]string{"", "a", "b", "d"}).Draw(t, "start"), End: rapid.SampledFrom([]string{"", "d", "f", "h"}).Draw(t, "end"),
			Exhausted: rapid.Bool().Draw(t, "exhausted"),
		}
		r.Exhausted = r.Exhausted || r.End == "" // the last key seen has a name
		s, err := rwset.NewSummarizer(uint32(rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "degree")))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range committed.rows(r) {
			if !fresh("row is current") {
				continue
			}
			if err := s.Add(row); err != nil {
				t.Fatal(err)
			}
		}
		if r.Rows, r.Summary, err = s.Finish(); err != nil {
			t.Fatal(err)
		}
		ns.Ranges = append(ns.Ranges, r)
	}
	for _, k := range rapid.SliceOfNDistinct(key, 0, 3, rapid.ID[string]).Draw(t, "writes") {
		w := rwset.Write{Key: k, Value: []byte(rapid.StringMatching("[a-z]").Draw(t, "value"))}
		if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
			w.Value, w.Delete = nil, rapid.Bool().Draw(t, "flag")
		}
		ns.Writes = append(ns.Writes, w)
	}
	for _, k := range rapid.SliceOfNDistinct(key, 0, 1, rapid.ID[string]).Draw(t, "metadata") {
		w := rwset.MetadataWrite{Key: k}
		if rapid.Bool().Draw(t, "set") {
			w.Entries = []rwset.Entry{{Name: "n", Value: []byte("m")}}
		}
		ns.Metadata = append(ns.Metadata, w)
	}
	return ns
}

// Several blocks of random transactions: verdicts and resulting state are the
// oracle's.
func TestConflictsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m := newLedger(), &model{keys: map[string]item{}}
		for number := range uint64(rapid.IntRange(1, 4).Draw(t, "blocks")) {
			committed := &model{keys: l.public["ns"]}
			m = m.clone()
			b := newBatch(l, untainted)
			for i := range uint64(rapid.IntRange(1, 6).Draw(t, "transactions")) {
				ns := drawNamespace(t, committed)
				set := &rwset.Set{Namespaces: []rwset.Namespace{ns}}
				got, reason, err := b.check(set)
				if err != nil {
					t.Fatal(err)
				}
				if reason == nil {
					got = peer.TxValidationCode_VALID
				}
				if want := m.judge(ns); got != want {
					t.Fatalf("block %d, transaction %d: got %s (%v), want %s", number, i, got, reason, want)
				}
				if reason != nil {
					continue
				}
				v := rwset.Version{Block: number, Tx: i}
				m.apply(ns, v)
				if err := b.apply(set, v); err != nil {
					t.Fatal(err)
				}
			}
			r := &Result{}
			r.Updates, r.Hashed = b.updates()
			l.apply(r)
			if got := l.public["ns"]; len(got)+len(m.keys) > 0 && !reflect.DeepEqual(got, m.keys) {
				t.Fatalf("state after block %d: got %v, want %v", number, got, m.keys)
			}
		}
	})
}

func TestHashedReads(t *testing.T) {
	l := newLedger()
	at := [2]string{"ns", "coll"}
	l.putHashed(at, string(sha("k")), item{value: sha("v"), version: rwset.Version{Block: 3}})
	set := func(c rwset.Collection) *rwset.Set {
		c.Name = "coll"
		return &rwset.Set{Namespaces: []rwset.Namespace{{Name: "ns", Collections: []rwset.Collection{c}}}}
	}
	read := func(key string, v *rwset.Version) *rwset.Set {
		return set(rwset.Collection{Reads: []rwset.HashedRead{{KeyHash: sha(key), Version: v}}})
	}
	b := newBatch(l, untainted)
	check := func(what string, s *rwset.Set, want bool) {
		t.Helper()
		code, reason, err := b.check(s)
		if err != nil {
			t.Fatal(err)
		}
		if (reason == nil) != want || reason != nil && code != peer.TxValidationCode_MVCC_READ_CONFLICT {
			t.Errorf("%s: got %s (%v), want valid %t", what, code, reason, want)
		}
	}
	check("current", read("k", &rwset.Version{Block: 3}), true)
	check("absent", read("l", nil), true)
	check("stale", read("k", &rwset.Version{Block: 2}), false)
	check("there, read as absent", read("k", nil), false)
	if err := b.apply(set(rwset.Collection{Writes: []rwset.HashedWrite{{KeyHash: sha("l"), Delete: true}}}), rwset.Version{Block: 4}); err != nil {
		t.Fatal(err)
	}
	check("deleted in this block, though it was not there", read("l", nil), false)
}

// What no peer writes into a read/write set, and what stops or crashes a peer,
// is a conflict.
func TestImpossibleRanges(t *testing.T) {
	l := newLedger()
	l.put("ns", "a", item{value: []byte("v"), version: rwset.Version{Block: 3}})
	for name, r := range map[string]rwset.Range{
		"row without a version": {Start: "a", End: "b", Exhausted: true, Rows: []rwset.Read{{Key: "a"}}},
		"degree 0":              {Start: "a", End: "b", Exhausted: true, Summary: &rwset.Summary{}},
		"degree 1":              {Start: "a", End: "b", Exhausted: true, Summary: &rwset.Summary{MaxDegree: 1, MaxLevel: 1}},
		"summary of few rows":   {Start: "a", End: "b", Exhausted: true, Summary: &rwset.Summary{MaxDegree: 50, MaxLevel: 1}},
		"iterator never moved":  {Start: "a"},
	} {
		set := &rwset.Set{Namespaces: []rwset.Namespace{{Name: "ns", Ranges: []rwset.Range{r}}}}
		if code, reason, err := newBatch(l, untainted).check(set); reason == nil || err != nil || code != peer.TxValidationCode_PHANTOM_READ_CONFLICT {
			t.Errorf("%s: got %s (%v), %v, want a phantom conflict", name, code, reason, err)
		}
	}
}

func TestStateFailures(t *testing.T) {
	broken := brokenState{newLedger()}
	for name, ns := range map[string]rwset.Namespace{
		"read":        {Reads: []rwset.Read{{Key: "k"}}},
		"range":       {Ranges: []rwset.Range{{Start: "a", Exhausted: true}}},
		"hashed read": {Collections: []rwset.Collection{{Name: "c", Reads: []rwset.HashedRead{{KeyHash: sha("k")}}}}},
		"last row":    {Ranges: []rwset.Range{{Start: "a", End: "b", Rows: []rwset.Read{{Key: "a"}}}}},
	} {
		if _, _, err := newBatch(broken, untainted).check(&rwset.Set{Namespaces: []rwset.Namespace{ns}}); !errors.Is(err, errBroken) {
			t.Errorf("%s from a state that fails: got %v, want %v", name, err, errBroken)
		}
	}
	set := &rwset.Set{Namespaces: []rwset.Namespace{{Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}}}}
	if err := newBatch(broken, untainted).apply(set, rwset.Version{}); !errors.Is(err, errBroken) {
		t.Errorf("write over a state that fails: got %v, want %v", err, errBroken)
	}
	s := newScene(t)
	tx := Check(s.tx(s.writing("kv", "k", 1)), s.bundle)
	if _, err := Finish(1, []*Tx{tx}, s.bundle, broken); !errors.Is(err, errBroken) {
		t.Errorf("block over a state that fails: got %v, want %v", err, errBroken)
	}
}

// brokenState fails.
type brokenState struct{ *ledger }

var errBroken = errors.New("disk on fire")

func (brokenState) HasTx(string) (bool, error)                     { return false, errBroken }
func (brokenState) Version(string, string) (*rwset.Version, error) { return nil, errBroken }
func (brokenState) Metadata(string, string) ([]rwset.Entry, error) { return nil, errBroken }
func (brokenState) Range(string, string, string) iter.Seq2[rwset.Read, error] {
	return func(yield func(rwset.Read, error) bool) { yield(rwset.Read{}, errBroken) }
}

func (brokenState) HashedVersion(string, string, []byte) (*rwset.Version, error) {
	return nil, errBroken
}
