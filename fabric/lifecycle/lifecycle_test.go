// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"crypto/sha256"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// state is a namespace in memory; it notes what is read, written and deleted.
type state struct {
	values map[string][]byte
	reads  map[string]bool
	writes map[string]bool
	fail   error
}

func newState() *state {
	return &state{values: map[string][]byte{}, reads: map[string]bool{}, writes: map[string]bool{}}
}

func (s *state) GetState(key string) ([]byte, error) {
	s.reads[key] = true
	return s.values[key], s.fail
}

func (s *state) PutState(key string, value []byte) error {
	s.values[key], s.writes[key] = value, true
	return s.fail
}

func (s *state) DelState(key string) error {
	delete(s.values, key)
	s.writes[key] = true
	return s.fail
}

func (s *state) GetStateHash(key string) ([]byte, error) {
	s.reads[key] = true
	value, ok := s.values[key]
	if !ok {
		return nil, s.fail
	}
	h := sha256.Sum256(value)
	return h[:], s.fail
}

func (s *state) GetStateRange(prefix string) (map[string][]byte, error) {
	rows := map[string][]byte{}
	for key, value := range s.values {
		if strings.HasPrefix(key, prefix) {
			rows[key] = value
		}
	}
	return rows, s.fail
}

func (s *state) written() []string {
	defer clear(s.writes)
	return slices.Sorted(maps.Keys(s.writes))
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *Error
	switch {
	case code == "" && err == nil:
	case code == "" || !errors.As(err, &e) || e.Code != code:
		t.Errorf("%s: got error %v, want code %q", what, err, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var kv = Definition{Name: "kv", Sequence: 1, Version: "1.0", ValidationParameter: []byte("policy")}

func TestDefaults(t *testing.T) {
	got := Definition{Name: "kv"}.WithDefaults()
	if got.EndorsementPlugin != "escc" || got.ValidationPlugin != "vscc" {
		t.Errorf("plugins: got %q and %q, want escc and vscc", got.EndorsementPlugin, got.ValidationPlugin)
	}
	p := &peer.ApplicationPolicy{}
	must(t, proto.Unmarshal(got.ValidationParameter, p))
	if ref := p.GetChannelConfigPolicyReference(); ref != EndorsementPolicyRef {
		t.Errorf("policy: got %v, want a reference to %s", p, EndorsementPolicyRef)
	}
	own := Definition{EndorsementPlugin: "e", ValidationPlugin: "v", ValidationParameter: []byte("p")}
	if got := own.WithDefaults(); !reflect.DeepEqual(got, own) {
		t.Errorf("nothing to fill in: got %+v, want %+v", got, own)
	}
}

// The records as Fabric lays them out; fabric/validate's recorded blocks show
// the same of real ones.
func TestCommittedRecord(t *testing.T) {
	public := newState()
	_, err := Commit(kv, public, nil)
	must(t, err)
	want := []string{
		"namespaces/fields/kv/Collections", "namespaces/fields/kv/EndorsementInfo", "namespaces/fields/kv/Sequence",
		"namespaces/fields/kv/ValidationInfo", "namespaces/metadata/kv",
	}
	if got := public.written(); !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	meta := &pb.StateMetadata{}
	must(t, proto.Unmarshal(public.values[MetadataKey("kv")], meta))
	if meta.Datatype != "ChaincodeDefinition" || !slices.Equal(meta.Fields, []string{"Sequence", "EndorsementInfo", "ValidationInfo", "Collections"}) {
		t.Errorf("metadata: got %v", meta)
	}
	if got, want := public.values[FieldKey("kv", "Sequence")], []byte{0x08, 1}; string(got) != string(want) {
		t.Errorf("sequence: got %x, want %x", got, want)
	}
	if got, want := public.values[FieldKey("kv", "Collections")], []byte{0x12, 0}; string(got) != string(want) {
		t.Errorf("no collections: got %x, want %x", got, want)
	}
	got, err := Query("kv", public)
	must(t, err)
	wantDefinition := kv.WithDefaults()
	wantDefinition.Collections = &peer.CollectionConfigPackage{}
	if got.sameParameters(wantDefinition) != nil || got.Sequence != 1 || got.Name != "kv" {
		t.Errorf("read back: got %+v, want %+v", got, wantDefinition)
	}
}

// Only what differs is written: other write sets than Fabric's would make
// endorsers disagree.
func TestCommitWritesDifferences(t *testing.T) {
	public := newState()
	_, err := Commit(kv, public, nil)
	must(t, err)
	public.written()
	next := kv
	next.Sequence, next.Version = 2, "2.0"
	_, err = Commit(next, public, nil)
	must(t, err)
	want := []string{"namespaces/fields/kv/EndorsementInfo", "namespaces/fields/kv/Sequence"}
	if got := public.written(); !slices.Equal(got, want) {
		t.Errorf("got writes %q, want %q", got, want)
	}
}

// A record of another type with other fields is replaced, its fields deleted.
func TestRecordReplaced(t *testing.T) {
	s := newState()
	must(t, source("id").write(sectionNamespaces, "x", s))
	r, err := kv.approved()
	must(t, err)
	must(t, r.write(sectionNamespaces, "x", s))
	if _, ok := s.values["namespaces/fields/x/PackageID"]; ok {
		t.Error("field of the old record is still there")
	}
	if differ, err := r.mismatches(sectionNamespaces, "x", s); err != nil || len(differ) > 0 {
		t.Errorf("got mismatches %v, %v, want none", differ, err)
	}
}

func TestSequences(t *testing.T) {
	public, org := newState(), newState()
	at := func(sequence int64) Definition {
		d := kv
		d.Sequence = sequence
		return d
	}
	approve := func(d Definition, id string) error { return Approve(d, id, public, org) }
	texts := func(what string, err error, text string) {
		t.Helper()
		if err == nil || err.Error() != text {
			t.Errorf("%s: got %v, want %q", what, err, text)
		}
	}
	texts("sequence 0", approve(at(0), ""), "requested sequence is 0, but first definable sequence number is 1")
	texts("too far", approve(at(2), ""), "requested sequence 2 is larger than the next available sequence number 1")
	_, err := CheckCommitReadiness(at(2), public, nil)
	texts("readiness too far", err, "requested sequence is 2, but new definition must be sequence 1")
	must(t, approve(at(1), "id"))
	texts("again", approve(at(1), "id"), "attempted to redefine uncommitted sequence (1) for namespace kv with unchanged content")
	must(t, approve(at(1), "other id"))
	changed := at(1)
	changed.InitRequired = true
	must(t, approve(changed, "other id"))
	must(t, approve(at(1), "id"))

	_, err = Commit(at(1), public, map[string]Opaque{"Org1MSP": org})
	must(t, err)
	texts("committed again", approve(at(1), "id"), "attempted to redefine the current committed sequence (1) for namespace kv")
	must(t, approve(at(1), "a package at last"))
	texts("committed with other content", approve(changed, "id"),
		"attempted to redefine the current committed sequence (1) for namespace kv with different parameters: expected InitRequired 'false' does not match passed InitRequired 'true'")
	_, err = Commit(at(1), public, nil)
	texts("commit again", err, "requested sequence is 1, but new definition must be sequence 2")
	must(t, approve(at(2), "id"))
	_, err = Commit(at(2), public, nil)
	must(t, err)
	texts("the past", approve(at(1), "id"), "currently defined sequence 2 is larger than requested sequence 1")
	if n, err := Sequence("kv", public); n != 2 || err != nil {
		t.Errorf("sequence: got %d, %v, want 2", n, err)
	}
}

func TestReadiness(t *testing.T) {
	public := newState()
	orgs := map[string]*state{"one": newState(), "two": newState(), "three": newState()}
	opaque := map[string]Opaque{}
	for name, s := range orgs {
		opaque[name] = s
	}
	must(t, Approve(kv, "id", public, orgs["one"]))
	other := kv
	other.Version, other.Collections = "1.1", &peer.CollectionConfigPackage{Config: []*peer.CollectionConfig{{}}}
	must(t, Approve(other, "", public, orgs["two"]))
	got, err := CheckCommitReadiness(kv, public, opaque)
	must(t, err)
	if want := map[string]bool{"one": true, "two": false, "three": false}; !maps.Equal(got, want) {
		t.Errorf("approvals: got %v, want %v", got, want)
	}
	for name, want := range map[string][]string{"one": nil, "two": {"EndorsementInfo", "Collections"}, "three": {"ChaincodeParameters"}} {
		got, err := Mismatches(kv.WithDefaults(), opaque[name])
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("mismatches of %s: got %q, want %q", name, got, want)
		}
	}
	// Read sets must not depend on who approved what.
	if got := len(orgs["three"].reads); got != 4 {
		t.Errorf("reads of an organisation that approved nothing: got %d keys, want 4", got)
	}
}

func TestQueries(t *testing.T) {
	public, org := newState(), newState()
	var none NotDefinedError
	if _, err := Query("kv", public); !errors.As(err, &none) || err.Error() != "namespace kv is not defined" {
		t.Errorf("got %v, want a NotDefinedError", err)
	}
	_, err := QueryApproved("kv", 0, public, org)
	wantCode(t, "nothing approved", err, CodeNotApproved)

	must(t, Approve(kv, "id1", public, org))
	_, err = Commit(kv, public, nil)
	must(t, err)
	next := kv
	next.Sequence, next.Version = 2, "2.0"
	for _, c := range []struct {
		what     string
		sequence int64
		id       string
	}{{"newest is the current one", 0, "id1"}, {"by number", 1, "id1"}} {
		a, err := QueryApproved("kv", c.sequence, public, org)
		must(t, err)
		if a.PackageID != c.id || a.Sequence != 1 || a.Version != "1.0" {
			t.Errorf("%s: got %+v, want package %s of sequence 1", c.what, a, c.id)
		}
	}
	must(t, Approve(next, "", public, org))
	a, err := QueryApproved("kv", 0, public, org)
	must(t, err)
	if a.Sequence != 2 || a.PackageID != "" || a.Version != "2.0" {
		t.Errorf("newest is the next one: got %+v, want sequence 2 without package", a)
	}
	all, err := QueryAllApproved(org)
	must(t, err)
	if len(all) != 2 || all[0].Sequence != 1 || all[1].Sequence != 2 {
		t.Errorf("all approvals: got %+v, want sequences 1 and 2", all)
	}
	zz := kv
	zz.Name = "aa"
	_, err = Commit(zz, public, nil)
	must(t, err)
	must(t, source("x").write(sectionNamespaces, "not-a-chaincode", public))
	committed, err := QueryAll(public)
	must(t, err)
	if len(committed) != 2 || committed[0].Name != "aa" || committed[1].Name != "kv" {
		t.Errorf("all definitions: got %+v, want aa and kv", committed)
	}
}

// A state that holds something else is an error, never a definition.
func TestDamagedState(t *testing.T) {
	bytesOf := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		must(t, err)
		return raw
	}
	text := bytesOf(&pb.StateData{Type: &pb.StateData_String_{String_: "x"}})
	garbage := bytesOf(&pb.StateData{Type: &pb.StateData_Bytes{Bytes: []byte{0xff}}})
	for _, c := range []struct {
		name, key string
		value     []byte
	}{
		{"metadata garbage", MetadataKey("kv"), []byte{0xff}},
		{"other type", MetadataKey("kv"), bytesOf(&pb.StateMetadata{Datatype: "Weather"})},
		{"field garbage", FieldKey("kv", "ValidationInfo"), []byte{0xff}},
		{"field of another type", FieldKey("kv", "ValidationInfo"), text},
		{"message garbage", FieldKey("kv", "Collections"), garbage},
		{"sequence of another type", FieldKey("kv", "Sequence"), text},
	} {
		public := newState()
		_, err := Commit(kv, public, nil)
		must(t, err)
		public.values[c.key] = c.value
		_, err = Query("kv", public)
		wantCode(t, c.name, err, CodeBadState)
	}
}

func TestFailingState(t *testing.T) {
	broken := newState()
	broken.fail = errors.New("disk on fire")
	for name, err := range map[string]error{
		"approve":                          Approve(kv, "id", broken, broken),
		"approve to a broken organisation": Approve(kv, "id", newState(), broken),
		"query":                            second(Query("kv", broken)),
		"query all":                        second(QueryAll(broken)),
		"commit":                           second(Commit(kv, broken, nil)),
		"readiness":                        second(CheckCommitReadiness(kv, newState(), map[string]Opaque{"one": broken})),
		"approved":                         second(QueryApproved("kv", 0, newState(), broken)),
		"approvals":                        second(QueryAllApproved(broken)),
	} {
		if !errors.Is(err, broken.fail) {
			t.Errorf("%s: got %v, want %v", name, err, broken.fail)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzQuery(f *testing.F) {
	public := newState()
	_, err := Commit(kv, public, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(public.values[MetadataKey("kv")], public.values[FieldKey("kv", "Sequence")], public.values[FieldKey("kv", "ValidationInfo")])
	f.Add([]byte{0xff}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, metadata, sequence, validation []byte) {
		s := newState()
		s.values[MetadataKey("kv")] = append([]byte{}, metadata...)
		s.values[FieldKey("kv", "Sequence")], s.values[FieldKey("kv", "ValidationInfo")] = sequence, validation
		d, err := Query("kv", s)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error of type %T, want *Error", err)
		}
		if err == nil && d.Name != "kv" {
			t.Fatalf("got %+v", d)
		}
	})
}
