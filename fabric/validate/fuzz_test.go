// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// FuzzBlock judges a block of a good transaction and two of the fuzzer's: no
// panic, every transaction has a verdict, the good one is valid.
func FuzzBlock(f *testing.F) {
	s := newScene(f)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(f, "OR('Org1MSP.peer')")})
	good := s.tx(s.writing("kv", "k", 1))
	ranges := s.draft("kv", rwset.Namespace{Name: "kv", Ranges: []rwset.Range{{Start: "a", End: "b", Exhausted: true}}}, 1)
	f.Add(good, good)
	f.Add(s.tx(ranges), []byte{})
	f.Add([]byte{0xff}, s.configTx(&common.ConfigEnvelope{}))
	f.Add(s.configTx(s.batchTimeout("3s", s.orderer.Admin())), s.tx(s.writing("undefined", "k", 1)))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		r, err := s.judge(good, a, b)
		if err != nil {
			var halt *HaltError
			if !errors.As(err, &halt) {
				t.Fatalf("error of type %T (%v), want *HaltError", err, err)
			}
			return
		}
		checkResult(t, r, 3)
		if r.Codes[0] != valid {
			t.Fatalf("the good transaction: got %s (%v)", r.Codes[0], r.Reasons[0])
		}
	})
}

// FuzzSet judges transactions whose endorsers signed anything: FuzzBlock cannot
// get past the signatures.
func FuzzSet(f *testing.F) {
	s := newScene(f)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(f, "OR('Org1MSP.peer')")})
	s.ledger.put("kv", "a", item{value: []byte("v")})
	d := s.writing("kv", "k", 1)
	d.set.Namespaces[0].Ranges = []rwset.Range{{Start: "a", End: "z", Summary: &rwset.Summary{MaxDegree: 2, MaxLevel: 1, Hashes: [][]byte{{1}}}}}
	d.set.Namespaces[0].Metadata = []rwset.MetadataWrite{{Key: "k", Entries: ownPolicy(f, "OR('Org1MSP.peer')")}}
	d.set.Namespaces[0].Collections = private(rwset.ImplicitCollection("Org1MSP"), rwset.HashedWrite{KeyHash: sha("k")}).Collections
	raw, err := d.set.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, []byte{})
	f.Add([]byte{}, marshal(f, &peer.ChaincodeEvent{ChaincodeId: "kv"}))
	f.Fuzz(func(t *testing.T, set, event []byte) {
		s := *s
		s.t = t
		d := d
		d.rawSet, d.event = append([]byte{}, set...), event
		r, err := s.judge(s.tx(d), s.tx(d))
		if err != nil {
			var halt *HaltError
			if !errors.As(err, &halt) {
				t.Fatalf("error of type %T (%v), want *HaltError", err, err)
			}
			return
		}
		checkResult(t, r, 2)
		checkRules(t, &s, r, s.tx(d))
	})
}

// checkRules: a transaction that touches no tainted namespace has one verdict,
// whatever the rules; and one without a verdict is said to have none.
func checkRules(t *testing.T, s *scene, before *Result, raw []byte) {
	t.Helper()
	r := s.judgeUnder(Rules{Tainted: untainted}, raw)
	checkResult(t, r, 1)
	if r.Codes[0] != before.Codes[0] {
		t.Fatalf("nothing is tainted: got %s (%v), want %s", r.Codes[0], r.Reasons[0], before.Codes[0])
	}
	r = s.judgeUnder(Rules{CouchDB: true, Tainted: only("kv")}, raw)
	undecided := r.Codes[0] == notValidated
	if undecided != (len(r.Undecided) == 1) || undecided && len(r.Updates)+len(r.Hashed) > 0 {
		t.Fatalf("verdict %s: got undecided %+v, updates %v", r.Codes[0], r.Undecided, r.Updates)
	}
	if r.Codes[0] == valid && (before.Codes[0] != valid || r.Txs[0].writesTo("kv")) {
		t.Fatalf("a transaction that writes to what is tainted, or %s without: got VALID", before.Codes[0])
	}
}

func checkResult(t *testing.T, r *Result, n int) {
	t.Helper()
	if len(r.Codes) != n || len(r.Reasons) != n || len(r.Txs) != n {
		t.Fatalf("got %d codes, %d reasons, %d transactions, want %d", len(r.Codes), len(r.Reasons), len(r.Txs), n)
	}
	for i, code := range r.Codes {
		if _, known := peer.TxValidationCode_name[int32(code)]; !known || code == peer.TxValidationCode_NOT_VALIDATED {
			t.Fatalf("transaction %d: got code %d", i, code)
		}
		if (code == valid) != (r.Reasons[i] == nil) {
			t.Fatalf("transaction %d: got %s with reason %v", i, code, r.Reasons[i])
		}
	}
}
