// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"fmt"
	"testing"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

func writing(namespace string, pairs ...string) []rwset.Namespace {
	ns := rwset.Namespace{Name: namespace}
	for i := 0; i < len(pairs); i += 2 {
		ns.Writes = append(ns.Writes, rwset.Write{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return []rwset.Namespace{ns}
}

// An old value has an old hash: whichever of the kept heads is asked, there is one
// answer.
func TestAttack03Rollback(t *testing.T) {
	w := newWorld(t)
	heights := make(map[uint64]string)
	ids := make(map[string]string)
	for i := range 70 {
		value := fmt.Sprint("value ", i)
		ids[value] = w.put("kv", "a", value)
		heights[w.Height()] = value
	}
	newest := w.Height()
	for at := newest - ledgerenclave.KeptHeads + 1; at <= newest; at++ {
		value := heights[at]
		info := w.key(at, "kv", "a")
		if string(info.GetValueHash()) != hashOf(value) || info.GetBlock() != at-1 || info.GetPosition() != 0 || info.GetTxId() != ids[value] {
			t.Errorf("at %d: got %v, want %q of block %d, transaction %s", at, info, value, at-1, ids[value])
		}
	}
	old := w.Answer(&fpc.LedgerRequest{At: newest - ledgerenclave.KeptHeads, Asks: nil})
	wantFailure(t, "a head that is not kept", old.GetFailure(), ledgerenclave.CodeStaleView)
	future := w.Answer(&fpc.LedgerRequest{At: newest + 1})
	wantFailure(t, "a head to come", future.GetFailure(), ledgerenclave.CodeNotYet)
	if future.GetHead().GetHeight() != newest {
		t.Errorf("the failure's head: got %v, want height %d", future.GetHead(), newest)
	}
}

// A key that is deleted and made again, and the ranges over it, are at each head
// what they were.
func TestAttack04Ranges(t *testing.T) {
	w := newWorld(t)
	want := make(map[uint64]string)
	step := func(rows string, pairs ...string) {
		w.put("kv", pairs...)
		want[w.Height()] = rows
	}
	step("a b c ", "a", "1", "b", "1", "c", "1")
	step("a c ", "b", "")
	step("a b c ", "b", "2")
	step("b c ", "a", "")
	step("b ba c ", "ba", "1")
	for range 3 {
		for at, rows := range want {
			r := w.rows(at, &fpc.RangeAsk{Namespace: "kv"})
			if got := keysOf(r); got != rows || r.GetMore() {
				t.Errorf("all rows at %d: got %q (more: %t), want %q", at, got, r.GetMore(), rows)
			}
		}
		step("b ba c ", "ba", "1")
	}
	at := w.Height()
	for _, c := range []struct {
		ask  *fpc.RangeAsk
		want string
		more bool
	}{
		{&fpc.RangeAsk{Start: "b", End: "c"}, "b ba ", false},
		{&fpc.RangeAsk{Start: "bb"}, "c ", false},
		{&fpc.RangeAsk{Start: "a", End: "b"}, "", false},
		{&fpc.RangeAsk{Limit: 2}, "b ba ", true},
		{&fpc.RangeAsk{Limit: 3}, "b ba c ", false},
		{&fpc.RangeAsk{Start: "c", End: "b"}, "", false},
	} {
		c.ask.Namespace = "kv"
		if r := w.rows(at, c.ask); keysOf(r) != c.want || r.GetMore() != c.more {
			t.Errorf("%v: got %q (more: %t), want %q (more: %t)", c.ask, keysOf(r), r.GetMore(), c.want, c.more)
		}
	}
	if r := w.rows(at, &fpc.RangeAsk{Namespace: "other"}); len(r.GetRows()) != 0 || r.GetMore() {
		t.Errorf("an unknown namespace: got %v, want nothing", r)
	}
}

func keysOf(r *fpc.RangeReply) string {
	text := ""
	for _, row := range r.GetRows() {
		text += row.GetKey() + " "
	}
	return text
}

// A change of metadata gives a key a new version, but its value has the writer it
// had: its header names that one.
func TestMetadataKeepsTheWriter(t *testing.T) {
	w := newWorld(t)
	policy := []byte("a policy")
	meta := []rwset.Namespace{{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "a", Entries: []rwset.Entry{{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: policy}}}}}}
	writer, writerID := w.Put("kv", "a", "1")
	change, changeID := w.Tx(ledgertest.Tx{Chaincode: "kv", Namespaces: meta, Endorsers: w.Majority()})
	check := func(what string, block uint64, position uint32) {
		t.Helper()
		info := w.key(0, "kv", "a")
		if info.GetTxId() != writerID || info.GetBlock() != block || info.GetPosition() != position ||
			string(info.GetValueHash()) != hashOf("1") || string(info.GetMetadataHash()) != string(protocol.MetadataHash(policy)) {
			t.Errorf("%s: got %v, want the value of %s at version %d:%d (changed by %s)", what, info, writerID, block, position, changeID)
		}
	}
	w.mustTake(w.Block(writer, change))
	check("in one block", 2, 1)
}

func TestAgree(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1", "b", "1") // height 3
	w.put("kv", "a", "2")           // 4
	w.put("kv", "c", "1")           // 5
	w.put("kv", "a", "3", "b", "")  // 6
	agree := func(at uint64, pairs ...string) *fpc.AgreeReply {
		ask := &fpc.AgreeAsk{Namespace: "kv"}
		for i := 0; i < len(pairs); i += 2 {
			k := &fpc.KeyHash{Key: pairs[i]}
			if pairs[i+1] != "" {
				k.ValueHash = []byte(hashOf(pairs[i+1]))
			}
			ask.Keys = append(ask.Keys, k)
		}
		return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Agree{Agree: ask}}).GetAgree()
	}
	for _, c := range []struct {
		at    uint64
		pairs []string
		want  uint64
	}{
		{3, []string{"a", "1"}, 3},
		{3, []string{"a", "2", "b", "1"}, 5},
		{3, []string{"a", "2", "c", ""}, 4},
		{4, []string{"a", "1"}, 0},
		{3, []string{"a", "3", "b", ""}, 6},
		{3, []string{"a", "1", "c", "1"}, 0},
		{0, []string{"a", "1"}, 3},
		{3, nil, 6},
	} {
		if got := agree(c.at, c.pairs...); got.GetHeight() != c.want || got.GetFound() != (c.want != 0) {
			t.Errorf("from %d, %q: got %v, want height %d", c.at, c.pairs, got, c.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	w := newWorld(t)
	revoked := w.Orgs[0].Client("revoked")
	ask := func(identity []byte) *fpc.Failure {
		return w.ask(0, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{Identity: identity}}}).GetIdentity().GetRefused()
	}
	if refused := ask(w.Client(2).Creator()); refused != nil {
		t.Errorf("a client: got %v, want no failure", refused)
	}
	if refused := ask(revoked.Creator()); refused != nil {
		t.Errorf("a client before its revocation: got %v, want no failure", refused)
	}
	for what, identity := range map[string][]byte{
		"a peer":             w.Peer(1).Creator(),
		"an orderer's":       w.Orderer.Client().Creator(),
		"another channel's":  ledgertest.New(t, 1).Client(1).Creator(),
		"no identity at all": []byte("nobody"),
		"nothing":            nil,
	} {
		wantFailure(t, what, ask(identity), protocol.CodeForeignCreator)
	}
}

func TestTooMuch(t *testing.T) {
	w := newWorld(t)
	small := newEnclaveWith(t, "ledger", ledgerenclave.Limits{MaxAsks: 2, MaxAnswer: 1000})
	w.join(small)
	w.Enclave = small
	w.mustTake(w.Blocks[1])
	w.put("kv", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1", "g", "1")
	all := &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: "kv"}}}
	if r := w.rows(0, all.GetRange()); keysOf(r) != "a b c d e " || !r.GetMore() {
		t.Errorf("a range larger than an answer: got %q (more: %t), want it cut", keysOf(r), r.GetMore())
	}
	status := &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: "nobody's"}}}
	keys := &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: "kv", Keys: []string{"a", "b", "c", "d", "e", "f"}}}}
	for what, asks := range map[string][]*fpc.LedgerAsk{
		"too many asks": {status, status, status}, "too many keys": {keys}, "nothing left for a range": {all, all},
	} {
		answer := w.Answer(&fpc.LedgerRequest{Asks: asks})
		wantFailure(t, what, answer.GetFailure(), protocol.CodeTooLarge)
		if len(answer.GetReplies()) != 0 {
			t.Errorf("%s: got %d replies beside the failure, want none", what, len(answer.GetReplies()))
		}
	}
	wantFailure(t, "an empty ask", w.Answer(&fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{{}}}).GetFailure(), protocol.CodeMalformed)
}

// signedBy is a signature policy in the policy language.
func signedBy(t testing.TB, text string) *common.SignaturePolicyEnvelope {
	t.Helper()
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
