// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"reflect"
	"testing"

	"github.com/privatechaincode/fpc/fabric/rwset"
)

// What one transaction after the other makes of a key: key "old" is in the
// state with value "1" and metadata, key "new" is not.
func TestBatch(t *testing.T) {
	meta := []rwset.Entry{{Name: "n", Value: []byte("m")}}
	other := []rwset.Entry{{Name: "n", Value: []byte("o")}}
	write := func(key, value string) rwset.Namespace {
		return rwset.Namespace{Name: "ns", Writes: []rwset.Write{{Key: key, Value: []byte(value)}}}
	}
	del := func(key string) rwset.Namespace {
		return rwset.Namespace{Name: "ns", Writes: []rwset.Write{{Key: key, Delete: true}}}
	}
	md := func(key string, entries []rwset.Entry) rwset.Namespace {
		return rwset.Namespace{Name: "ns", Metadata: []rwset.MetadataWrite{{Key: key, Entries: entries}}}
	}
	both := func(a, b rwset.Namespace) rwset.Namespace {
		a.Writes, a.Metadata = append(a.Writes, b.Writes...), append(a.Metadata, b.Metadata...)
		return a
	}
	at := func(tx uint64) rwset.Version { return rwset.Version{Block: 5, Tx: tx} }
	for _, c := range []struct {
		name string
		txs  []rwset.Namespace
		want []Update
	}{
		{"new key", []rwset.Namespace{write("new", "2")}, []Update{{Key: "new", Value: []byte("2"), Version: at(0)}}},
		{"value keeps metadata", []rwset.Namespace{write("old", "2")}, []Update{{Key: "old", Value: []byte("2"), Metadata: meta, Version: at(0)}}},
		{"metadata keeps value", []rwset.Namespace{md("old", other)}, []Update{{Key: "old", KeepValue: true, Metadata: other, Version: at(0)}}},
		{"metadata removed", []rwset.Namespace{md("old", nil)}, []Update{{Key: "old", KeepValue: true, Version: at(0)}}},
		{"value and metadata", []rwset.Namespace{both(write("new", "2"), md("new", other))}, []Update{{Key: "new", Value: []byte("2"), Metadata: other, Version: at(0)}}},
		{"value, metadata removed", []rwset.Namespace{both(write("old", "2"), md("old", nil))}, []Update{{Key: "old", Value: []byte("2"), Version: at(0)}}},
		{"delete", []rwset.Namespace{del("old")}, []Update{{Key: "old", Delete: true, Version: at(0)}}},
		{"delete wins over metadata", []rwset.Namespace{both(del("old"), md("old", other))}, []Update{{Key: "old", Delete: true, Version: at(0)}}},
		{"empty value is a delete", []rwset.Namespace{write("old", "")}, []Update{{Key: "old", Delete: true, Version: at(0)}}},
		{"metadata of no key", []rwset.Namespace{md("new", other)}, nil},
		{"last write wins", []rwset.Namespace{write("new", "2"), write("new", "3")}, []Update{{Key: "new", Value: []byte("3"), Version: at(1)}}},
		{"value, then metadata", []rwset.Namespace{write("new", "2"), md("new", other)}, []Update{{Key: "new", Value: []byte("2"), Metadata: other, Version: at(1)}}},
		{"metadata, then value", []rwset.Namespace{md("old", other), write("old", "2")}, []Update{{Key: "old", Value: []byte("2"), Metadata: other, Version: at(1)}}},
		{"metadata twice", []rwset.Namespace{md("old", other), md("old", nil)}, []Update{{Key: "old", KeepValue: true, Version: at(1)}}},
		{"delete, then value has no metadata", []rwset.Namespace{del("old"), write("old", "2")}, []Update{{Key: "old", Value: []byte("2"), Version: at(1)}}},
		// A peer panics.
		{"delete, then metadata", []rwset.Namespace{del("old"), md("old", other)}, []Update{{Key: "old", Delete: true, Version: at(0)}}},
		// Fabric adds its flags: two writes of a key in one set are none, but
		// drop the metadata; two deletions too.
		{"written twice in one set", []rwset.Namespace{both(write("old", "2"), write("old", "3"))}, []Update{{Key: "old", KeepValue: true, Version: at(0)}}},
		{"new key written twice in one set", []rwset.Namespace{both(write("new", "2"), write("new", "3"))}, nil},
		{"deleted twice in one set", []rwset.Namespace{both(del("old"), del("old"))}, []Update{{Key: "old", KeepValue: true, Version: at(0)}}},
		{"sorted", []rwset.Namespace{both(write("z", "1"), write("y", "1"))}, []Update{
			{Key: "y", Value: []byte("1"), Version: at(0)}, {Key: "z", Value: []byte("1"), Version: at(0)},
		}},
	} {
		l := newLedger()
		l.put("ns", "old", item{value: []byte("1"), metadata: meta, version: rwset.Version{Block: 2}})
		b := newBatch(l, untainted)
		for i, ns := range c.txs {
			if err := b.apply(&rwset.Set{Namespaces: []rwset.Namespace{ns}}, at(uint64(i))); err != nil {
				t.Fatal(c.name, err)
			}
		}
		for i := range c.want {
			c.want[i].Namespace = "ns"
		}
		if got, _ := b.updates(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestBatchHashed(t *testing.T) {
	at := [2]string{"ns", "coll"}
	l := newLedger()
	l.putHashed(at, string(sha("old")), item{value: sha("1"), version: rwset.Version{Block: 2}})
	meta := []rwset.Entry{{Name: "n", Value: []byte("m")}}
	set := &rwset.Set{Namespaces: []rwset.Namespace{{Name: "ns", Collections: []rwset.Collection{{
		Name: "coll",
		Writes: []rwset.HashedWrite{
			{KeyHash: sha("new"), ValueHash: sha("2")}, {KeyHash: sha("gone"), Delete: true, Purge: true}, {KeyHash: sha("empty"), ValueHash: sha("")},
		},
		Metadata: []rwset.HashedMetadataWrite{{KeyHash: sha("old"), Entries: meta}},
	}}}}}
	b := newBatch(l, untainted)
	v := rwset.Version{Block: 5}
	if err := b.apply(set, v); err != nil {
		t.Fatal(err)
	}
	public, hashed := b.updates()
	if len(public) != 0 {
		t.Errorf("public updates: got %+v, want none", public)
	}
	want := map[string]HashedUpdate{
		"new":   {ValueHash: sha("2")},
		"gone":  {Delete: true, Purge: true},
		"empty": {Delete: true},
		"old":   {KeepValue: true, Metadata: meta},
	}
	if len(hashed) != len(want) {
		t.Fatalf("got %d hashed updates, want %d", len(hashed), len(want))
	}
	for name, w := range want {
		w.Namespace, w.Collection, w.KeyHash, w.Version = "ns", "coll", sha(name), v
		found := false
		for _, got := range hashed {
			found = found || reflect.DeepEqual(got, w)
		}
		if !found {
			t.Errorf("%s: got %+v, want %+v among them", name, hashed, w)
		}
	}
}
