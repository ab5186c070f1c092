// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package attack

import (
	"fmt"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/protocol"
)

// back is how many blocks are put on a state that is to be too old for enclaves
// to read at: more than the few by which a peer may lag.
const back = 5

// OldValues is row 3: a host shows its enclave an old value of a key, or none. The
// enclave refuses, at the newest head and at one of its choice; a query is answered
// truly by the other organisation's enclave, and no transaction comes about.
func (w *World) OldValues(t *testing.T) {
	w.submit(t, "CreateAsset", "old", "ann", "blue", "7")
	old := w.shown(t, "old", nil)
	w.submit(t, "UpdateAsset", "old", "green", "8")
	for i := range back {
		w.submit(t, "CreateAsset", fmt.Sprintf("other%d", i), "ann", "blue", "7")
	}
	for name, shown := range map[string][]byte{"old": old, "absent": nil} {
		before := w.level(t)
		w.lie(liar.Instead("old", shown))
		for what, at := range map[string]client.Option{"at the newest head": client.WithHeight(before), "at any": client.WithMinHeight(1)} {
			refused(t, name+" value, "+what, w.ask(t, 0, "ReadAsset", client.WithArguments("old"), at), protocol.CodeStaleView)
			err := w.endorse(t, "UpdateAsset", client.WithArguments("old", "red", "9"), at)
			refused(t, name+" value, endorse "+what, err, protocol.CodeStaleView)
		}
		w.reads(t, "old", "green")
		w.honest()
		w.unchanged(t, before, "old", "green")
	}
}

// FrozenView is row 3, too: a host shows its ledger enclave no more blocks. The
// enclave then reads only what was (documented), or nothing; whoever asks for a
// height is refused, and no transaction comes about.
func (w *World) FrozenView(t *testing.T) {
	w.submit(t, "CreateAsset", "frozen", "ann", "blue", "7")
	old := w.shown(t, "frozen", nil)
	update := w.endorsed(t, w.Orgs[2].Client, "UpdateAsset", "frozen", "green", "8")
	seen := w.level(t)
	w.Ledger.Lie(liar.LedgerLies{Frozen: true, Impatient: true})
	w.order(t, w.Orgs[2].Client, update)
	before := w.height(t)
	if before <= seen {
		t.Fatalf("got %d blocks after a commit, want more than %d", before, seen)
	}
	w.shown(t, "frozen", old) // the peer's state has what its blocks have
	read := client.WithArguments("frozen")
	refused(t, "the peer's new value", w.ask(t, 0, "ReadAsset", read), protocol.CodeStaleView)
	w.Hosts.Lie(liar.Instead("frozen", old), host1)
	if err := w.ask(t, 0, "ReadAsset", read); err != nil {
		t.Errorf("a frozen view: got %v, want an answer from it, which the documentation warns of", err)
	}
	refused(t, "a frozen view below min_height", w.ask(t, 0, "ReadAsset", read, client.WithMinHeight(before)), protocol.CodeBelowMinHead)
	refused(t, "endorse", w.endorse(t, "UpdateAsset", client.WithArguments("frozen", "red", "9")), protocol.CodeStaleView)
	if got := w.Ledger.Status(w.ctx).GetHead().GetHeight(); got != seen {
		t.Errorf("the frozen ledger enclave: got %d blocks, want %d", got, seen)
	}
	w.honest()
	w.unchanged(t, before, "frozen", "green")
}

// Rows is row 4: a host hides a row of a range, shows one that was deleted, or
// another row's value. The enclave refuses, and no transaction comes about.
func (w *World) Rows(t *testing.T) {
	for _, key := range []string{"r1", "r2", "r3"} {
		w.submit(t, "CreateAsset", key, "ann", "blue", "7")
	}
	gone := w.shown(t, "r2", nil)
	w.submit(t, "DeleteAsset", "r2")
	for i := range back {
		w.submit(t, "UpdateAsset", "r3", "blue", fmt.Sprint(i))
	}
	with := func(rows []*ledger.KV, value []byte) []*ledger.KV {
		return []*ledger.KV{rows[0], {Namespace: rows[0].Namespace, Key: "r2", Value: value}, rows[1]}
	}
	all := client.WithArguments("r1", "r9")
	for name, shown := range map[string]func([]*ledger.KV) []*ledger.KV{
		"first row hidden": func(rows []*ledger.KV) []*ledger.KV { return rows[1:] },
		"last row hidden":  func(rows []*ledger.KV) []*ledger.KV { return rows[:1] },
		"all rows hidden":  func([]*ledger.KV) []*ledger.KV { return nil },
		"deleted row":      func(rows []*ledger.KV) []*ledger.KV { return with(rows, gone) },
		"invented row":     func(rows []*ledger.KV) []*ledger.KV { return with(rows, rows[1].Value) },
	} {
		before := w.level(t)
		w.lie(liar.Lies{Rows: func(rows []*ledger.KV) []*ledger.KV {
			if len(rows) != 2 {
				return rows
			}
			return shown(rows)
		}})
		for what, at := range map[string]client.Option{"at the newest head": client.WithHeight(before), "at any": client.WithMinHeight(1)} {
			refused(t, name+", "+what, w.ask(t, 0, "RangeAssets", all, at), protocol.CodeStaleView)
		}
		refused(t, name+", endorse", w.endorse(t, "RangeAssets", all), protocol.CodeStaleView)
		w.honest()
		w.unchanged(t, before, "r3", `"value":4`)
	}
	check(t, w.ask(t, 0, "RangeAssets", all))
}

// lie makes the first organisation's host lie about the peer's state; it does not
// wait for blocks either.
func (w *World) lie(with liar.Lies) {
	w.Hosts.Lie(with, host1)
	w.Ledger.Lie(liar.LedgerLies{Impatient: true})
}

// endorse asks both enclaves once and returns why no transaction comes of it.
func (w *World) endorse(t testing.TB, function string, opts ...client.Option) error {
	t.Helper()
	p, err := w.contract.NewProposal(w.ctx, function, opts...)
	check(t, err)
	_, err = p.Endorse(w.ctx)
	return err
}

// level waits until all peers, and the first organisation's ledger enclave, have the
// same number of blocks.
func (w *World) level(t testing.TB) uint64 {
	t.Helper()
	height := w.height(t)
	w.Ledger.Await(w.ctx, height)
	return height
}

// honest makes all hosts honest.
func (w *World) honest() {
	w.Hosts.Lie(liar.Lies{})
	w.Ledger.Lie(liar.LedgerLies{})
}
