// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest/attack"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// attacked is Full mode on a real network of which one organisation's hosts lie.
func attacked(ctx context.Context, t *testing.T, n *Network) *attack.World {
	t.Helper()
	var cas []*ca.Authority
	for _, org := range n.orgs {
		cas = append(cas, org.CA)
	}
	return attack.Start(ctx, t, &n.Network, cas)
}

// Rows 3, 4, 6, 10, 15 and 23 in Full, as on the embedded network.
func TestAttack030406101523FullLyingHosts(t *testing.T) {
	ctx, n := startNetwork(t)
	w := attacked(ctx, t, n)
	w.All(t)
}

// foreignPlugin is what peers of row 26 call their own validation, too. (A peer that
// lacked a plugin would halt its channel.)
const foreignPlugin = "theirs"

// Row 26: what LevelDB and CouchDB judge differently, unknown types, garbage, and
// what a foreign plugin validates. The ledger enclave agrees with the peers where it
// can judge; where it cannot it says so, of those namespaces only; and it goes on.
func TestAttack26FullForeignPlugin(t *testing.T) {
	ctx, n := startNetworkWith(t, Options{ForeignPlugin: foreignPlugin})
	w := attacked(ctx, t, n)
	w.GoesOn(t, "before")
	two, err := deploy.PolicyParameter("OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []lifecycle.Definition{
		{Name: "kv", Version: "1.0", Sequence: 1, ValidationParameter: two},
		{Name: "reader", Version: "1.0", Sequence: 1, ValidationParameter: two},
		{Name: "foreign", Version: "1.0", Sequence: 1, ValidationParameter: two, ValidationPlugin: foreignPlugin},
	} {
		if err := n.Define(ctx, d, make([]string, len(n.Orgs))); err != nil {
			t.Fatal(err)
		}
	}
	f := newForger(t, n)
	write := func(namespace, key, value string) rwset.Namespace {
		return rwset.Namespace{Name: namespace, Writes: []rwset.Write{{Key: key, Value: []byte(value)}}}
	}
	reading := f.of(write("reader", "k", "v"))
	reading.set.Namespaces = append(reading.set.Namespaces, rwset.Namespace{Name: "foreign", Reads: []rwset.Read{{Key: "absent"}}})
	unknown, garbage := f.writing("u"), f.writing("g")
	unknown.payload = func(p *common.Payload) {
		edit(t, &p.Header.ChannelHeader, func(h *common.ChannelHeader) { h.Type = 77 })
	}
	garbage.payload = func(p *common.Payload) { p.Data = []byte{0xff} }
	const undecided = peer.TxValidationCode_NOT_VALIDATED
	for _, tx := range []struct {
		name          string
		forgery       forgery
		peers, ledger peer.TxValidationCode
	}{
		{"key that CouchDB refuses", f.of(write("kv", "_key", "v")), valid, valid},
		{"value that CouchDB refuses", f.of(write("kv", "value", `{"~version":"1"}`)), valid, valid},
		{"type 77", unknown, badHeader, badHeader},
		{"garbage", garbage, badTransaction, badTransaction},
		{"of the foreign plugin", f.of(write("foreign", "k", "v")), valid, undecided},
		{"too few endorsements, of the foreign plugin", f.of(write("foreign", "k", "w")).endorsedBy(f.peers[0]), policyFailure, undecided},
		{"reads what the foreign plugin validated", reading, valid, undecided},
		{"nothing of the kind", f.writing("ordinary"), valid, valid},
	} {
		n.judged(ctx, t, w, tx.name, f.make(tx.forgery), tx.peers, tx.ledger)
	}
	tainted := w.Ledger.Status(ctx).GetTainted()
	slices.Sort(tainted)
	if want := []string{"foreign", "reader"}; !slices.Equal(tainted, want) {
		t.Errorf("got %q tainted, want %q", tainted, want)
	}
	l := &ledgerEnclave{w.Ledger, t, n}
	for namespace, want := range map[string]bool{"foreign": true, "reader": true, "kv": false} {
		for _, info := range l.asker(ctx)(&fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: namespace, Keys: []string{"_key", "k"}}}})[0].GetKeys().GetKeys() {
			if info.GetTainted() != want {
				t.Errorf("%s: got %v, want tainted: %t", namespace, info, want)
			}
		}
	}
	w.GoesOn(t, "after")
}

// judged orders a transaction and compares verdicts: the peer's, and the ledger
// enclave's.
func (n *Network) judged(ctx context.Context, t *testing.T, w *attack.World, name string, tx *common.Envelope, peers, ledger peer.TxValidationCode) {
	t.Helper()
	height, err := w.Ledger.Height(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.OrdererConn().Broadcast(ctx, tx); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	b, err := n.Peers()[0].Block(ctx, n.Channel, height, n.Orgs[0].Client, time.Now())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	codes, err := block.Filter(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) != 1 || codes[0] != peers {
		t.Errorf("%s: the peer says %v, want %s", name, codes, peers)
	}
	w.Ledger.Await(ctx, height+1)
	l := &ledgerEnclave{w.Ledger, t, n}
	ask := &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: txID(b.Data.Data[0])}}}
	got := l.asker(ctx)(ask)[0].GetTransaction()
	if code := peer.TxValidationCode(got.GetCode()); !got.GetFound() || got.GetBlock() != height || code != ledger {
		t.Errorf("%s: the ledger enclave says %v (%s), want %s in block %d", name, got, code, ledger, height)
	}
}
