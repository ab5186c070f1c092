// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/protocol"
)

// host1 is the organisation whose host has the enclave and lies.
const host1 = "Org1MSP"

// stored is the sealed value of a key, as Org1's peer keeps it.
func (w *world) stored(chaincode, key string) []byte {
	w.t.Helper()
	value := w.values(w.ledgers()[0], chaincode)[key]
	if value == nil {
		w.t.Fatalf("chaincode %s has no value for %s", chaincode, key)
	}
	return value
}

// Row 1: the host flips one bit of a value, anywhere in it.
func TestAttack01FlippedBit(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	value := w.stored("asset", "a1")
	before := w.remember()
	for _, at := range []int{0, 1, 40, len(value) / 2, len(value) - 1} {
		flipped := bytes.Clone(value)
		flipped[at] ^= 1
		hosts.Lie(liar.Instead("a1", flipped), host1)
		want := enclave.CodeTamperedValue
		if at < 9 {
			want = enclave.CodeForeignValue // version and generation tell who wrote it
		}
		_, err := w.contract(0).Evaluate(w.ctx, "ReadAsset", "a1")
		refused(t, err, want)
		_, err = w.contract(0).Submit(w.ctx, "UpdateAsset", "a1", "green", "8")
		refused(t, err, want)
	}
	hosts.Lie(liar.Lies{})
	w.unchanged(before)
	w.submit("UpdateAsset", "a1", "green", "8")
}

// Row 2: the host shows a value that was sealed, but not for this key, this
// chaincode, or this network.
func TestAttack02MovedValue(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := newWorld(t, "asset")
	w.serve(hosts.Via, "asset", "asset2")
	w.initialise()
	create := []string{"a1", "ann", "blue", "7"}
	w.submit("CreateAsset", create...)
	w.submit("CreateAsset", "a2", "ann", "blue", "7")

	// The same code and key in another chaincode of the channel.
	twin := *w
	twin.serveMore(deploy.Private{Name: "asset2", Enclave: w.sample("asset")})
	twin.initialise()
	twin.submit("CreateAsset", create...)

	// And in another network in which all has the same name.
	other := deployPrivate(t, "asset", nil)
	other.submit("CreateAsset", create...)

	before := w.remember()
	for name, moved := range map[string][]byte{
		"of another key":       w.stored("asset", "a2"),
		"of another chaincode": twin.stored("asset2", "a1"),
		"of another network":   other.stored("asset", "a1"),
	} {
		t.Run(name, func(t *testing.T) {
			hosts.Lie(liar.Instead("a1", moved), host1)
			_, err := w.contract(0).Evaluate(w.ctx, "ReadAsset", "a1")
			refused(t, err, enclave.CodeTamperedValue)
			_, err = w.contract(0).Submit(w.ctx, "TransferAsset", "a1", "mallory")
			refused(t, err, enclave.CodeTamperedValue)
		})
	}
	hosts.Lie(liar.Lies{})
	w.unchanged(before)
}

// Row 3: the host shows an old value. A query is answered from it, which Lite
// documents; a transaction is refused when other organisations replay it.
func TestAttack03OldValue(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	old := w.stored("asset", "a1")
	w.submit("UpdateAsset", "a1", "green", "8")
	before := w.remember()
	for name, shown := range map[string][]byte{"old": old, "absent": nil} {
		t.Run(name, func(t *testing.T) {
			hosts.Lie(liar.Instead("a1", shown), host1)
			answer, err := w.contract(1).Evaluate(w.ctx, "ReadAsset", "a1")
			if shown != nil && (err != nil || !strings.Contains(string(answer), "blue")) {
				t.Errorf("a query: got %s, error %v; want the old answer, which the documentation warns of", answer, err)
			}
			// As if the asset were new, or still blue.
			function, args := "UpdateAsset", []string{"a1", "red", "9"}
			if shown == nil {
				function, args = "CreateAsset", []string{"a1", "mallory", "red", "9"}
			}
			_, err = w.contract(1).Submit(w.ctx, function, args...)
			refused(t, err, protocol.CodeStaleRead)
		})
	}
	hosts.Lie(liar.Lies{})
	w.unchanged(before)
}

// Row 4: the host hides a row of a range, or adds one that was deleted. A query
// is answered, which Lite documents; a transaction is refused at replay.
func TestAttack04HiddenAndAddedRows(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	for _, id := range []string{"a1", "a2", "a3"} {
		w.submit("CreateAsset", id, "ann", "blue", "7")
	}
	gone := w.stored("asset", "a2")
	w.submit("DeleteAsset", "a2")
	before := w.remember()
	hidden := func(rows []*ledger.KV) []*ledger.KV { return rows[:1] }
	added := func(rows []*ledger.KV) []*ledger.KV {
		return []*ledger.KV{rows[0], {Namespace: rows[0].Namespace, Key: "a2", Value: gone}, rows[1]}
	}
	for name, test := range map[string]struct {
		rows func([]*ledger.KV) []*ledger.KV
		seen int
	}{"hidden": {hidden, 1}, "added": {added, 3}} {
		t.Run(name, func(t *testing.T) {
			hosts.Lie(liar.Lies{Rows: test.rows}, host1)
			answer, err := w.contract(0).Evaluate(w.ctx, "RangeAssets", "a1", "a9")
			if got := strings.Count(string(answer), `"id"`); err != nil || got != test.seen {
				t.Errorf("a query: got %s, error %v; want %d assets, which the documentation warns of", answer, err, test.seen)
			}
			_, err = w.contract(0).Submit(w.ctx, "RangeAssets", "a1", "a9")
			refused(t, err, protocol.CodeAlteredRange)
		})
	}
	t.Run("invented", func(t *testing.T) {
		hosts.Lie(liar.Lies{Rows: func(rows []*ledger.KV) []*ledger.KV {
			return []*ledger.KV{rows[0], {Namespace: rows[0].Namespace, Key: "a2", Value: rows[1].Value}, rows[1]}
		}}, host1)
		_, err := w.contract(0).Evaluate(w.ctx, "RangeAssets", "a1", "a9")
		refused(t, err, enclave.CodeTamperedValue)
	})
	hosts.Lie(liar.Lies{})
	w.unchanged(before)
}
