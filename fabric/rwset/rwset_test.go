// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

func TestSame(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b *Version
		want bool
	}{
		{"both absent", nil, nil, true},
		{"one absent", &Version{}, nil, false},
		{"equal", &Version{3, 1}, &Version{3, 1}, true},
		{"other transaction", &Version{3, 1}, &Version{3, 2}, false},
		{"other block", &Version{3, 1}, &Version{4, 1}, false},
	} {
		if got := Same(c.a, c.b); got != c.want {
			t.Errorf("%s: Same = %t, want %t", c.name, got, c.want)
		}
		if got := Same(c.b, c.a); got != c.want {
			t.Errorf("%s, swapped: Same = %t, want %t", c.name, got, c.want)
		}
	}
}

// The order of accesses must not show in the result (EX-4).
func TestBuilderOrder(t *testing.T) {
	accesses := []func(*Builder){
		func(b *Builder) { b.Read("ns2", "b", &Version{1, 0}) },
		func(b *Builder) { b.Read("ns2", "a", nil) },
		func(b *Builder) { b.Write("ns1", "z", []byte("1")) },
		func(b *Builder) { b.Delete("ns1", "y") },
		func(b *Builder) { b.Metadata("ns1", "y", map[string][]byte{"n2": {2}, "n1": {1}}) },
		func(b *Builder) { b.PrivateWrite("ns1", "coll2", "k", []byte("v")) },
		func(b *Builder) { b.PrivateRead("ns1", "coll1", "k", nil) },
		func(b *Builder) { b.PrivateMetadata("ns1", "coll2", "l", map[string][]byte{"n": {1}}) },
		func(b *Builder) { b.PrivatePurge("ns1", "coll2", "j") },
	}
	var forth, back Builder
	for i := range accesses {
		accesses[i](&forth)
		accesses[len(accesses)-1-i](&back)
	}
	a, err := forth.Build()
	if err != nil {
		t.Fatal(err)
	}
	b, err := back.Build()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Public, b.Public) {
		t.Errorf("order of accesses shows: got %x and %x", a.Public, b.Public)
	}
	if !proto.Equal(a.Private, b.Private) {
		t.Errorf("order of accesses shows in private part: got %v and %v", a.Private, b.Private)
	}
	parsed, err := Parse(a.Public)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(parsed, a.Set) {
		t.Errorf("parsed back: got %+v, want %+v", parsed, a.Set)
	}
}

func TestBuilderLastAccessWins(t *testing.T) {
	var b Builder
	b.Read("ns", "k", nil)
	b.Read("ns", "k", &Version{2, 0})
	b.Write("ns", "k", []byte("v"))
	b.Write("ns", "k", nil)
	b.Range("ns", Range{Start: "a", End: "c", Exhausted: true, Rows: []Read{{Key: "b"}}})
	b.Range("ns", Range{Start: "a", End: "c", Exhausted: true})
	b.Range("ns", Range{Start: "a", End: "c"})
	res, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	want := []Namespace{{
		Name: "ns", Reads: []Read{{Key: "k", Version: &Version{2, 0}}},
		Ranges: []Range{
			{Start: "a", End: "c", Exhausted: true, Rows: []Read{{Key: "b"}}},
			{Start: "a", End: "c"},
		},
		Writes: []Write{{Key: "k", Delete: true}},
	}}
	if !reflect.DeepEqual(res.Set.Namespaces, want) {
		t.Errorf("got %+v, want %+v", res.Set.Namespaces, want)
	}
	if res.Private != nil {
		t.Errorf("private part without private writes: got %v, want none", res.Private)
	}
}

// The private part must hash to what the public part says, or peers refuse the
// private data.
func TestPrivateHash(t *testing.T) {
	var b Builder
	b.PrivateWrite("_lifecycle", ImplicitCollection("Org1MSP"), "key", []byte("value"))
	b.PrivateRead("_lifecycle", ImplicitCollection("Org2MSP"), "key", &Version{4, 2})
	res, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	colls := res.Set.Namespaces[0].Collections
	if len(colls) != 2 {
		t.Fatalf("got %d collections, want 2", len(colls))
	}
	raw := res.Private.NsPvtRwset[0].CollectionPvtRwset[0].Rwset
	if want := sha256.Sum256(raw); !bytes.Equal(colls[0].PrivateHash, want[:]) {
		t.Errorf("private hash: got %x, want %x", colls[0].PrivateHash, want)
	}
	if colls[1].PrivateHash != nil {
		t.Errorf("private hash of a collection only read: got %x, want none", colls[1].PrivateHash)
	}
	key, value := sha256.Sum256([]byte("key")), sha256.Sum256([]byte("value"))
	want := HashedWrite{KeyHash: key[:], ValueHash: value[:]}
	if got := colls[0].Writes[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("hashed write: got %+v, want %+v", got, want)
	}
	if bytes.Contains(res.Public, []byte("value")) {
		t.Error("public part contains the private value")
	}
}

func TestImplicitCollection(t *testing.T) {
	if got, ok := ImplicitOrg(ImplicitCollection("Org1MSP")); !ok || got != "Org1MSP" {
		t.Errorf("ImplicitOrg: got %q, %t, want Org1MSP, true", got, ok)
	}
	for _, name := range []string{"", "coll", "_implicit_org", "implicit_org_X"} {
		if got, ok := ImplicitOrg(name); ok {
			t.Errorf("ImplicitOrg(%q): got %q, want none", name, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	bad := []byte{0xff}
	enc := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		name, part, what string
		raw              []byte
	}{
		{"whole", "read/write set", "", bad},
		{"namespace", "namespace", "ns", enc(&pb.TxReadWriteSet{NsRwset: []*pb.NsReadWriteSet{{Namespace: "ns", Rwset: bad}}})},
		{"collection", "collection", "ns/c", enc(&pb.TxReadWriteSet{NsRwset: []*pb.NsReadWriteSet{{
			Namespace:             "ns",
			CollectionHashedRwset: []*pb.CollectionHashedReadWriteSet{{CollectionName: "c", HashedRwset: bad}},
		}}})},
	} {
		_, err := Parse(c.raw)
		var pe *ParseError
		if !errors.As(err, &pe) || pe.Part != c.part || pe.Name != c.what {
			t.Errorf("%s: got %v, want a ParseError of %s %q", c.name, err, c.part, c.what)
		}
	}
}

func TestIsDelete(t *testing.T) {
	empty := sha256.Sum256(nil)
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"value", Write{Value: []byte("v")}.IsDelete(), false},
		{"flag", Write{Value: []byte("v"), Delete: true}.IsDelete(), true},
		{"empty value", Write{}.IsDelete(), true},
		{"hash", HashedWrite{ValueHash: []byte("h")}.IsDelete(), false},
		{"hash flag", HashedWrite{ValueHash: []byte("h"), Delete: true}.IsDelete(), true},
		{"no hash", HashedWrite{}.IsDelete(), true},
		{"hash of nothing", HashedWrite{ValueHash: empty[:]}.IsDelete(), true},
	} {
		if c.got != c.want {
			t.Errorf("%s: IsDelete = %t, want %t", c.name, c.got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	var b Builder
	b.Read("ns", "k", &Version{1, 2})
	b.Write("ns", "k", []byte("v"))
	b.Metadata("ns", "k", map[string][]byte{"VALIDATION_PARAMETER": {1}})
	b.Range("ns", Range{Start: "a", End: "z", Exhausted: true, Summary: &Summary{MaxDegree: 50, MaxLevel: 2, Hashes: [][]byte{{1}}}})
	b.Range("ns", Range{Start: "a", End: "b", Rows: []Read{{Key: "a", Version: &Version{}}}})
	b.PrivateWrite("ns", "c", "k", []byte("v"))
	res, err := b.Build()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(res.Public)
	f.Add([]byte{})
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := Parse(raw)
		if err != nil {
			var pe *ParseError
			if !errors.As(err, &pe) {
				t.Fatalf("error of type %T, want *ParseError", err)
			}
			return
		}
		again, err := set.Marshal()
		if err != nil {
			t.Fatalf("what parsed does not encode: %v", err)
		}
		back, err := Parse(again)
		if err != nil {
			t.Fatalf("own encoding does not parse: %v", err)
		}
		third, err := back.Marshal()
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("re-encoding: got %x, %v, want %x", third, err, again)
		}
	})
}

func TestMarshalParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSet().Draw(t, "set")
		raw, err := set.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		again, err := got.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, again) {
			t.Fatalf("got %x, want %x", again, raw)
		}
	})
}

func genSet() *rapid.Generator[*Set] {
	key := rapid.StringMatching("[a-z]{0,3}")
	version := rapid.Custom(func(t *rapid.T) *Version {
		if rapid.Bool().Draw(t, "absent") {
			return nil
		}
		return &Version{rapid.Uint64().Draw(t, "block"), rapid.Uint64().Draw(t, "tx")}
	})
	read := rapid.Custom(func(t *rapid.T) Read {
		return Read{Key: key.Draw(t, "key"), Version: version.Draw(t, "version")}
	})
	write := rapid.Custom(func(t *rapid.T) Write {
		return Write{Key: key.Draw(t, "key"), Value: []byte(key.Draw(t, "value")), Delete: rapid.Bool().Draw(t, "delete")}
	})
	return rapid.Custom(func(t *rapid.T) *Set {
		s := &Set{}
		for range rapid.IntRange(0, 3).Draw(t, "namespaces") {
			s.Namespaces = append(s.Namespaces, Namespace{
				Name: key.Draw(t, "ns"), Reads: rapid.SliceOfN(read, 0, 3).Draw(t, "reads"),
				Writes: rapid.SliceOfN(write, 0, 3).Draw(t, "writes"),
				Ranges: []Range{{
					Start: key.Draw(t, "start"), End: key.Draw(t, "end"), Exhausted: rapid.Bool().Draw(t, "exhausted"),
					Rows: rapid.SliceOfN(read, 0, 3).Draw(t, "rows"),
				}},
			})
		}
		return s
	})
}
