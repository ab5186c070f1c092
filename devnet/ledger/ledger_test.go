// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const (
	valid = peer.TxValidationCode_VALID
	mvcc  = peer.TxValidationCode_MVCC_READ_CONFLICT
	ownMS = "Org1MSP"
)

// stage is a ledger in memory with its genesis block.
type stage struct {
	*Ledger
	channel *devtest.Channel
	peer    *Peer
}

func newStage(t *testing.T, store kv.Store) *stage {
	t.Helper()
	ch := devtest.NewChannel(t, "mychannel", 2, channel.DefaultBatch)
	p, err := Open(store, ownMS)
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Join(ch.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Ledger: l, channel: ch, peer: p}
}

func memory(t *testing.T) kv.Store {
	t.Helper()
	s := kv.NewMemory()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// apply stores the next block as if it had been judged so.
func (s *stage) applyResult(t testing.TB, result *validate.Result) *common.Block {
	t.Helper()
	last, err := s.Block(s.Height() - 1)
	if err != nil {
		t.Fatal(err)
	}
	envelopes := make([]*common.Envelope, len(result.Codes))
	for i := range envelopes {
		envelopes[i] = &common.Envelope{Payload: fmt.Appendf(nil, "%d/%d", s.Height(), i), Signature: []byte("s")}
	}
	b := s.channel.Next(t, last.Header, envelopes...)
	before, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := s.apply(b, result, before); err != nil {
		t.Fatal(err)
	}
	return b
}

// txs are transactions with the ids and verdicts "id:code".
func txs(verdicts ...string) *validate.Result {
	r := &validate.Result{}
	for _, v := range verdicts {
		id, bad, _ := strings.Cut(v, "!")
		code := valid
		if bad != "" {
			code = peer.TxValidationCode(peer.TxValidationCode_value[bad])
		}
		r.Txs = append(r.Txs, &validate.Tx{TxID: id, Code: code})
		r.Codes = append(r.Codes, code)
		r.Reasons = append(r.Reasons, nil)
	}
	return r
}

func dump(t *testing.T, s *Snapshot, ns, start, end string) string {
	t.Helper()
	rows, err := s.Range(ns, start, end)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		r := rows.Row()
		out = append(out, fmt.Sprintf("%s=%s@%d.%d", r.Key, r.Value, r.Version.Block, r.Version.Tx))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func snapshot(t *testing.T, l *Ledger) *Snapshot {
	t.Helper()
	s, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStateAndVersions(t *testing.T) {
	s := newStage(t, memory(t))
	meta := []rwset.Entry{{Name: "VALIDATION_PARAMETER", Value: []byte("policy")}}
	at := func(b, x uint64) Version { return Version{Block: b, Tx: x} }
	first := txs("t1", "t2")
	first.Updates = []validate.Update{
		{Namespace: "cc", Key: "a", Value: []byte("1"), Version: at(1, 0)},
		{Namespace: "cc", Key: "b", Value: []byte("2"), Metadata: meta, Version: at(1, 1)},
		{Namespace: "cc", Key: "c", Value: []byte("3"), Version: at(1, 1)},
		{Namespace: "cc2", Key: "a", Value: []byte("other"), Version: at(1, 1)},
		{Namespace: "c", Key: "ca", Value: []byte("lookalike"), Version: at(1, 1)},
	}
	s.applyResult(t, first)
	old := snapshot(t, s.Ledger)
	second := txs("t3")
	second.Updates = []validate.Update{
		{Namespace: "cc", Key: "a", Delete: true, Version: at(2, 0)},
		{Namespace: "cc", Key: "b", KeepValue: true, Metadata: nil, Version: at(2, 0)},
		{Namespace: "cc", Key: "d", Value: []byte{}, Metadata: meta, Version: at(2, 0)},
	}
	s.applyResult(t, second)
	now := snapshot(t, s.Ledger)
	for _, c := range []struct {
		what           string
		snap           *Snapshot
		ns, start, end string
		want           string
	}{
		{"all", now, "cc", "", "", "b=2@2.0 c=3@1.1 d=@2.0"},
		{"end is exclusive", now, "cc", "b", "d", "b=2@2.0 c=3@1.1"},
		{"end before start", now, "cc", "d", "b", ""},
		{"another namespace", now, "cc2", "", "", "a=other@1.1"},
		{"prefix of a namespace", now, "c", "", "", "ca=lookalike@1.1"},
		{"no namespace", now, "none", "", "", ""},
		{"pinned view", old, "cc", "", "", "a=1@1.0 b=2@1.1 c=3@1.1"},
	} {
		if got := dump(t, c.snap, c.ns, c.start, c.end); got != c.want {
			t.Errorf("%s: %s [%q, %q): got %q, want %q", c.what, c.ns, c.start, c.end, got, c.want)
		}
	}
	if got, want := old.Height(), uint64(2); got != want {
		t.Errorf("height of the pinned view: got %d, want %d", got, want)
	}
	if v, err := now.State("cc", "a"); v != nil || err != nil {
		t.Errorf("deleted key: got %v, %v, want absent", v, err)
	}
	v, err := now.State("cc", "d")
	if err != nil || v == nil || len(v.Metadata) != 1 || string(v.Metadata[0].Value) != "policy" {
		t.Errorf("metadata: got %+v, %v, want %v", v, err, meta)
	}
	if v, err := now.State("cc", "b"); err != nil || v == nil || v.Metadata != nil {
		t.Errorf("removed metadata: got %+v, %v, want none", v, err)
	}
}

func TestTransactionIndex(t *testing.T) {
	s := newStage(t, memory(t))
	b := s.applyResult(t, txs("t1", "t2!MVCC_READ_CONFLICT", "t1!DUPLICATE_TXID", ""))
	s.applyResult(t, txs("t2!DUPLICATE_TXID", "t3"))
	for _, c := range []struct {
		id   string
		want TxStatus
	}{
		{"t1", TxStatus{1, 0, valid}},
		{"t2", TxStatus{1, 1, mvcc}}, // the first to bear the id keeps it
		{"t3", TxStatus{2, 1, valid}},
	} {
		got, err := s.TxStatus(c.id)
		if err != nil || got != c.want {
			t.Errorf("status of %s: got %+v, %v, want %+v", c.id, got, err, c.want)
		}
	}
	if _, err := s.TxStatus("t9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown transaction: got %v, want %v", err, ErrNotFound)
	}
	got, err := s.Transaction("t2")
	if err != nil || string(got.TransactionEnvelope.Payload) != "1/1" || got.ValidationCode != int32(mvcc) {
		t.Errorf("transaction t2: got %v, %v, want payload 1/1 and %v", got, err, mvcc)
	}
	holder, err := s.BlockByTxID("t2")
	if err != nil || holder.Header.Number != 1 {
		t.Errorf("block of t2: got %v, %v, want block 1", holder.GetHeader(), err)
	}
	byHash, err := s.BlockByHash(block.Hash(b.Header))
	if err != nil || byHash.Header.Number != 1 {
		t.Errorf("block by hash: got %v, %v, want block 1", byHash.GetHeader(), err)
	}
	codes, err := block.Filter(byHash)
	if err != nil || len(codes) != 4 || codes[1] != mvcc {
		t.Errorf("verdicts in the block: got %v, %v, want %v second", codes, err, mvcc)
	}
	if filter, err := block.Filter(b); err == nil && len(filter) != 0 {
		t.Errorf("the caller's block: got verdicts %v, want it unchanged", filter)
	}
	if _, err := s.BlockByHash([]byte("none")); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown hash: got %v, want %v", err, ErrNotFound)
	}
	if _, err := s.Block(99); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown block: got %v, want %v", err, ErrNotFound)
	}
}

// private makes a transaction's private write of one key, as a simulator does.
func private(t *testing.T, collection, key, value string) (*pb.TxPvtReadWriteSet, *rwset.Set) {
	t.Helper()
	var b rwset.Builder
	b.PrivateWrite("_lifecycle", collection, key, []byte(value))
	results, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return results.Private, results.Set
}

func hashedUpdate(collection, key, value string, at Version) validate.HashedUpdate {
	k, v := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(value))
	return validate.HashedUpdate{Namespace: "_lifecycle", Collection: collection, KeyHash: k[:], ValueHash: v[:], Version: at}
}

func TestPrivateData(t *testing.T) {
	own, other := rwset.ImplicitCollection(ownMS), rwset.ImplicitCollection("Org2MSP")
	for _, c := range []struct {
		name       string
		collection string
		stored     string // plaintext that the endorser kept, empty: none
		committed  string // plaintext behind the block's hashes
		code       peer.TxValidationCode
		want       string
		wantErr    error
	}{
		{"own", own, "approval", "approval", valid, "approval", nil},
		{"other organisation's", other, "approval", "approval", valid, "", ErrPrivateMissing},
		{"never received", own, "", "approval", valid, "", ErrPrivateMissing},
		{"other than the block's", own, "lie", "approval", valid, "", ErrPrivateMissing},
		{"invalid transaction", own, "approval", "approval", mvcc, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, memory(t))
			if c.stored != "" {
				clear, _ := private(t, c.collection, "key", c.stored)
				if err := s.PutPrivate("t1", clear); err != nil {
					t.Fatal(err)
				}
			}
			_, set := private(t, c.collection, "key", c.committed)
			r := txs("t1")
			r.Codes[0], r.Txs[0].Set = c.code, set
			if c.code == valid {
				r.Hashed = []validate.HashedUpdate{hashedUpdate(c.collection, "key", c.committed, Version{Block: 1})}
			}
			s.applyResult(t, r)
			v, err := snapshot(t, s.Ledger).Private("_lifecycle", c.collection, "key")
			got := ""
			if v != nil {
				got = string(v.Value)
			}
			if got != c.want || !errors.Is(err, c.wantErr) {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.wantErr)
			}
		})
	}
}

func TestUnusedPrivateDataExpires(t *testing.T) {
	s := newStage(t, memory(t))
	clear, _ := private(t, rwset.ImplicitCollection(ownMS), "key", "value")
	if err := s.PutPrivate("never ordered", clear); err != nil {
		t.Fatal(err)
	}
	kept := func() bool {
		_, ok, err := s.store.Get(s.keys.text(kindPending, "never ordered"))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for _, c := range []struct {
		block uint64
		want  bool
	}{{1, true}, {pendingBlocks, true}, {pendingBlocks + 1, false}} {
		var batch kv.Batch
		if err := s.expirePending(&batch, c.block); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Commit(&batch); err != nil {
			t.Fatal(err)
		}
		if got := kept(); got != c.want {
			t.Errorf("kept at block %d: got %v, want %v", c.block, got, c.want)
		}
	}
}

func TestJoin(t *testing.T) {
	store := memory(t)
	s := newStage(t, store)
	if _, err := s.peer.Join(s.channel.Genesis); !errors.Is(err, ErrJoined) {
		t.Errorf("second join: got %v, want %v", err, ErrJoined)
	}
	other := devtest.NewChannel(t, "another", 1, channel.DefaultBatch)
	if _, err := s.peer.Join(other.Genesis); err != nil {
		t.Fatal(err)
	}
	later := s.channel.Next(t, s.channel.Genesis.Header, &common.Envelope{Payload: []byte("x"), Signature: []byte("s")})
	if _, err := s.peer.Join(later); err == nil {
		t.Error("join with block 1: got a ledger, want an error")
	}
	again, err := Open(store, ownMS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Peer{s.peer, again} {
		if got, want := strings.Join(p.Channels(), " "), "another mychannel"; got != want {
			t.Errorf("channels: got %q, want %q", got, want)
		}
	}
	l, ok := again.Channel("another")
	if !ok || l.Height() != 1 || l.Bundle().ChannelID() != "another" {
		t.Errorf("reopened channel: got %v, height %d, want height 1", ok, l.Height())
	}
	if _, ok := again.Channel("none"); ok {
		t.Error("unknown channel: got a ledger, want none")
	}
}

func TestChainRefusesWhatDoesNotFollow(t *testing.T) {
	s := newStage(t, memory(t))
	good := s.channel.Next(t, s.channel.Genesis.Header, &common.Envelope{Payload: []byte("x"), Signature: []byte("s")})
	change := func(f func(*common.Block)) *common.Block {
		b := proto.CloneOf(good)
		f(b)
		return b
	}
	for name, b := range map[string]*common.Block{
		"genesis again":    s.channel.Genesis,
		"skipped":          change(func(b *common.Block) { b.Header.Number = 2 }),
		"other parent":     change(func(b *common.Block) { b.Header.PreviousHash = bytes.Repeat([]byte{1}, 32) }),
		"changed contents": change(func(b *common.Block) { b.Data.Data[0] = []byte("y") }),
		"no header":        {},
		"forged signature": change(func(b *common.Block) { b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = nil }),
	} {
		if err := s.Commit(t.Context(), b); err == nil {
			t.Errorf("%s: got committed, want an error", name)
		}
	}
	if got := s.Height(); got != 1 {
		t.Errorf("height: got %d, want 1: nothing was stored", got)
	}
}

func TestWaiting(t *testing.T) {
	s := newStage(t, memory(t))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitHeight(ended, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with an ended context: got %v, want %v", err, context.Canceled)
	}
	if err := s.WaitHeight(ended, 1); err != nil {
		t.Errorf("waiting for a height that is there: got %v, want nil", err)
	}
	type answer struct {
		status TxStatus
		err    error
	}
	waited := make(chan answer)
	go func() {
		status, err := s.WaitTx(t.Context(), "t2")
		waited <- answer{status, err}
	}()
	s.applyResult(t, txs("t1"))
	s.applyResult(t, txs("t2!MVCC_READ_CONFLICT"))
	if got, want := <-waited, (TxStatus{2, 0, mvcc}); got.status != want || got.err != nil {
		t.Errorf("waiting for t2: got %+v, %v, want %+v", got.status, got.err, want)
	}
	if _, err := s.WaitTx(ended, "t9"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for t9 with an ended context: got %v, want %v", err, context.Canceled)
	}
}

func FuzzDecodeValue(f *testing.F) {
	f.Add(encodeValue(Version{Block: 1, Tx: 2}, []rwset.Entry{{Name: "n", Value: []byte("v")}}, []byte("value")))
	f.Add(encodeValue(Version{}, nil, nil))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := decodeValue(raw)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Fatalf("got %v, want %v", err, errRecord)
			}
			return
		}
		again, err := decodeValue(encodeValue(v.Version, v.Metadata, v.Value))
		if err != nil || again.Version != v.Version || !bytes.Equal(again.Value, v.Value) || len(again.Metadata) != len(v.Metadata) {
			t.Fatalf("encoded again: got %+v, %v, want %+v", again, err, v)
		}
	})
}
