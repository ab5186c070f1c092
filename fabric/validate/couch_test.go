// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"testing"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestCouchRefuses(t *testing.T) {
	for _, c := range []struct {
		name, key, value string
		refused          bool
	}{
		{"plain", "k", "v", false},
		{"underscore inside", "k_", "v", false},
		{"empty key", "", "v", true},
		{"underscore", "_k", "v", true},
		{"not UTF-8", "k\xff", "v", true},
		{"composite key", "\x00type\x00k\x00", "v", false},
		{"object", "k", `{"a":1}`, false},
		{"version", "k", `{"~version":"1"}`, true},
		{"underscored field", "k", ` {"a":1,"_id":"x"}`, true},
		{"underscored field deeper", "k", `{"a":{"_id":"x"}}`, false},
		{"array", "k", `[{"_id":"x"}]`, false},
		{"string", "k", `"_id"`, false},
		{"null", "k", `null`, false},
		{"not JSON after all", "k", `{"_id":1`, false},
		// A number that the peer cannot hold makes it bytes.
		{"number out of range", "k", `{"_id":1e999}`, false},
		{"deletion", "k", "", false},
	} {
		if err := CouchRefuses(c.key, []byte(c.value)); (err != nil) != c.refused {
			t.Errorf("%s: got %v, want refused %t", c.name, err, c.refused)
		}
	}
}

func TestCouchAlters(t *testing.T) {
	for value, want := range map[string]bool{`{"b":1,"a":2}`: true, ` {} `: true, "": false, "null": false, "[1]": false, "12": false, "\x01{}": false} {
		if got := CouchAlters([]byte(value)); got != want {
			t.Errorf("%q: got %t, want %t", value, got, want)
		}
	}
}

// What CouchDB refuses is invalid before versions are compared, but after
// endorsements and duplicates; LevelDB refuses nothing.
func TestInvalidWriteSet(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	stale := s.writing("kv", "_k", 1)
	stale.set.Namespaces[0].Reads = []rwset.Read{{Key: "a", Version: &rwset.Version{Block: 9}}}
	twice := s.tx(s.writing("kv", "k", 1))
	reserved := s.draft("kv", rwset.Namespace{Name: "kv", Writes: []rwset.Write{{Key: "j", Value: []byte(`{"_x":1}`)}}}, 1)
	hashed := s.draft("kv", private(rwset.ImplicitCollection("Org1MSP"), rwset.HashedWrite{KeyHash: []byte("_"), ValueHash: sha("v")}), 1)
	metadata := s.draft("kv", rwset.Namespace{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "_m", Entries: ownPolicy(t, "OR('Org1MSP.peer')")}}}, 1)
	txs := [][]byte{
		s.tx(s.writing("kv", "_k", 1)), s.tx(s.writing("kv", "_k", 2)), s.tx(stale), twice, twice,
		s.tx(reserved), s.tx(hashed), s.tx(metadata), s.tx(s.writing("kv", "", 1)),
	}
	const refused = peer.TxValidationCode_INVALID_WRITESET
	wantCodes(t, s.judgeUnder(Rules{CouchDB: true}, txs...), refused, policyFailure, refused, valid, duplicate, refused, valid, valid, refused)
	wantCodes(t, s.judgeUnder(Rules{}, txs...), valid, policyFailure, readConflict, valid, duplicate, valid, valid, valid, valid)
}
