// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// twin is a ledger enclave and an embedded peer's ledger on one chain.
type twin struct {
	*world
	peer   *ledger.Ledger
	random *rand.Rand
	ids    [][]string // of each block's transactions
	old    [][]byte   // transactions of the past
}

func newTwin(t *testing.T, seed uint64) *twin {
	t.Helper()
	store, err := kv.Open(filepath.Join(t.TempDir(), "peer"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledgers, err := ledger.Open(store, "Org1MSP")
	if err != nil {
		t.Fatal(err)
	}
	w := &twin{world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1))}
	if w.peer, err = ledgers.Join(w.Genesis); err != nil {
		t.Fatal(err)
	}
	if err := w.peer.Commit(t.Context(), parsed(t, w.Blocks[1])); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *twin) pick(n int) bool { return w.random.IntN(n) == 0 }

func (w *twin) randomKey() string { return fmt.Sprintf("key%02d", w.random.IntN(40)) }

// version is that of a key, now and then a wrong one.
func (w *twin) version(key string) *rwset.Version {
	info := w.key(0, "kv", key)
	v := &rwset.Version{Block: info.GetBlock(), Tx: uint64(info.GetPosition())}
	switch {
	case w.pick(12):
		v.Block++
	case !info.GetPresent():
		return nil
	}
	return v
}

// scan is a range query as it was answered, now and then with a row too few.
func (w *twin) scan() rwset.Range {
	r := rwset.Range{Start: w.randomKey(), Exhausted: true}
	if w.pick(2) {
		r.End = w.randomKey()
	}
	for _, row := range w.rows(0, &fpc.RangeAsk{Namespace: "kv", Start: r.Start, End: r.End}).GetRows() {
		r.Rows = append(r.Rows, rwset.Read{Key: row.GetKey(), Version: &rwset.Version{Block: row.GetInfo().GetBlock(), Tx: uint64(row.GetInfo().GetPosition())}})
	}
	if len(r.Rows) > 0 && w.pick(8) {
		r.Rows = r.Rows[:len(r.Rows)-1]
	}
	return r
}

func (w *twin) transaction() (raw []byte, id string) {
	ns := rwset.Namespace{Name: "kv"}
	for range w.random.IntN(3) {
		key := w.randomKey()
		ns.Reads = append(ns.Reads, rwset.Read{Key: key, Version: w.version(key)})
	}
	if w.pick(4) {
		ns.Ranges = append(ns.Ranges, w.scan())
	}
	seen := map[string]bool{}
	for range w.random.IntN(4) {
		key := w.randomKey()
		if seen[key] {
			continue
		}
		seen[key] = true
		ns.Writes = append(ns.Writes, rwset.Write{Key: key, Value: fmt.Append(nil, w.random.Int()), Delete: w.pick(4)})
	}
	if key := w.randomKey(); w.pick(6) && !seen[key] {
		// A policy that the first organisations' peers satisfy, or none.
		m := rwset.MetadataWrite{Key: key}
		if !w.pick(3) {
			m.Entries = []rwset.Entry{{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: mustMarshal(w.t, signedBy(w.t, "OR('Org1MSP.peer','Org2MSP.peer')"))}}
		}
		ns.Metadata = append(ns.Metadata, m)
	}
	tx := ledgertest.Tx{Chaincode: "kv", Namespaces: []rwset.Namespace{ns}, Endorsers: w.Majority()}
	switch w.random.IntN(25) {
	case 0:
		tx.Endorsers = []msp.Signer{w.Orderer.Client()}
	case 1:
		tx.Endorsers = []msp.Signer{w.Peer(3)}
	case 2:
		tx.Chaincode = "nobody"
	case 3:
		tx.Spoil = func(e *common.Envelope) { e.Signature[len(e.Signature)-1] ^= 1 }
	case 4:
		tx.Creator = w.Peer(2)
	}
	return w.Tx(tx)
}

// block makes a random block and hands it to both.
func (w *twin) block() {
	w.t.Helper()
	var raw [][]byte
	var ids []string
	for range 1 + w.random.IntN(12) {
		tx, id := w.transaction()
		if len(w.old) > 0 && w.pick(15) {
			tx = w.old[w.random.IntN(len(w.old))]
			id = ""
		}
		raw, ids = append(raw, tx), append(ids, id)
	}
	w.old = append(w.old, raw[0])
	if w.pick(15) {
		timeout := fmt.Sprintf("%ds", 3+w.random.IntN(1000))
		raw = [][]byte{w.Configure(func(g *common.ConfigGroup) *common.ConfigValue {
			return g.GetGroups()["Orderer"].GetValues()["BatchTimeout"]
		},
			&orderer.BatchTimeout{Timeout: timeout}, w.Orderer.Admin())}
		ids = []string{""}
	}
	b := w.Make(raw...)
	serialised := w.Add(b)
	if err := w.peer.Commit(w.t.Context(), parsed(w.t, serialised)); err != nil {
		w.t.Fatal(err)
	}
	w.mustTakeAll(serialised)
	w.ids = append(w.ids, ids)
}

// compare compares verdicts of the newest block, and the state.
func (w *twin) compare() {
	w.t.Helper()
	for i, id := range w.ids[len(w.ids)-1] {
		if id == "" {
			continue
		}
		want, err := w.peer.TxStatus(id)
		if err != nil {
			w.t.Fatal(err)
		}
		got := w.status(0, id)
		if !got.GetFound() || got.GetCode() != int32(want.Code) || got.GetBlock() != want.Block || uint64(got.GetPosition()) != want.Index {
			w.t.Errorf("block %d, transaction %d: got %v, the peer says %v", w.Height()-1, i, got, want)
		}
	}
	snapshot, err := w.peer.Snapshot()
	if err != nil {
		w.t.Fatal(err)
	}
	rows, err := snapshot.Range("kv", "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	left := w.rows(0, &fpc.RangeAsk{Namespace: "kv"}).GetRows()
	for rows.Next() {
		row := rows.Row()
		if len(left) == 0 {
			w.t.Fatalf("at %d: key %q is missing", w.Height(), row.Key)
		}
		info := left[0].GetInfo()
		var policy []byte
		for _, e := range row.Metadata {
			policy = e.Value
		}
		if left[0].GetKey() != row.Key || string(info.GetValueHash()) != hashOf(string(row.Value)) || info.GetBlock() != row.Version.Block ||
			uint64(info.GetPosition()) != row.Version.Tx || string(info.GetMetadataHash()) != string(protocol.MetadataHash(policy)) {
			w.t.Fatalf("at %d: got %v, the peer has %q at %v", w.Height(), left[0], row.Key, row.Version)
		}
		left = left[1:]
	}
	if err := errors.Join(rows.Err(), rows.Close(), snapshot.Close()); err != nil || len(left) != 0 {
		w.t.Fatalf("at %d: %v, and %d keys too many", w.Height(), err, len(left))
	}
}

// A ledger enclave and a peer come to the same verdicts and the same state over
// random traffic: reads of the past, ranges with rows left out, key-level
// policies, too few endorsements, repeated transactions, configurations.
func TestAgreesWithAPeer(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newTwin(t, seed)
			verdicts := map[peer.TxValidationCode]int{}
			for range 40 {
				w.block()
				w.compare()
				for _, id := range w.ids[len(w.ids)-1] {
					if id != "" {
						verdicts[peer.TxValidationCode(w.status(0, id).GetCode())]++
					}
				}
			}
			t.Log(verdicts)
			for _, code := range []peer.TxValidationCode{
				peer.TxValidationCode_VALID, peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT,
				peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, peer.TxValidationCode_BAD_CREATOR_SIGNATURE, peer.TxValidationCode_INVALID_CHAINCODE,
			} {
				if verdicts[code] == 0 {
					t.Errorf("no transaction with verdict %s: the traffic shows less than it should", code)
				}
			}
		})
	}
}
