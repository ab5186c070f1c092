// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

const kept = "registry"

func keepRegistry(namespace string) bool { return namespace == kept }

// item is what a naive ledger knows of a key.
type item struct {
	value    []byte // nil: a hash in a collection
	hash     []byte
	metadata []rwset.Entry
	version  rwset.Version
	writer   string // transaction id
	enclaves bool
}

// naive is a ledger that keeps everything, at every head.
type naive struct {
	heads   []map[bucket]map[string]item
	txs     map[string]Position
	codes   map[string]uint8
	tainted []map[string]bool
	hashes  [][]byte
}

func (n *naive) last() map[bucket]map[string]item {
	next := map[bucket]map[string]item{}
	if len(n.heads) > 0 {
		for b, keys := range n.heads[len(n.heads)-1] {
			next[b] = maps.Clone(keys)
		}
	}
	return next
}

// chain makes random blocks for an index and for a naive ledger.
type chain struct {
	t      *rapid.T
	bundle *channel.Bundle
	index  *Index
	naive  *naive
	header *common.BlockHeader
}

// next adds a random block to both.
func (c *chain) next() {
	t := c.t
	number := uint64(len(c.naive.heads))
	header := &common.BlockHeader{Number: number, DataHash: []byte{byte(number)}}
	if c.header != nil {
		header.PreviousHash = block.Hash(c.header)
	}
	c.header = header
	result := &validate.Result{}
	state := c.naive.last()
	count := rapid.IntRange(1, 6).Draw(t, "transactions")
	payloads := make([][32]byte, count)
	for i := range count {
		id := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d %d", number, i)))
		switch rapid.IntRange(0, 9).Draw(t, "id") {
		case 0:
			id = ""
		case 1:
			id = rapid.SampledFrom([]string{"odd", "ODD", id[:63], hex.EncodeToString([]byte("odd"))}).Draw(t, "odd id")
		}
		code := peer.TxValidationCode_VALID
		if rapid.IntRange(0, 3).Draw(t, "invalid") == 0 {
			code = peer.TxValidationCode_MVCC_READ_CONFLICT
		}
		result.Txs, result.Codes = append(result.Txs, &validate.Tx{TxID: id}), append(result.Codes, code)
		payloads[i] = sha256.Sum256([]byte(id))
	}
	by := map[int]bool{}
	for i := range count {
		by[i] = rapid.Bool().Draw(t, "by enclaves")
	}
	c.updates(result, state, number, by)
	judged := &Judged{Header: header, Result: result, Payloads: payloads, Bundle: c.bundle, ByEnclaves: func(tx int, _, _ string) bool { return by[tx] }}
	tainted := map[string]bool{}
	if number > 0 {
		tainted = maps.Clone(c.naive.tainted[number-1])
	}
	if rapid.IntRange(0, 5).Draw(t, "taint") == 0 {
		judged.Tainted = []string{rapid.SampledFrom(namespaces).Draw(t, "tainted")}
		tainted[judged.Tainted[0]] = true
	}
	if _, err := c.index.Add(judged); err != nil {
		t.Fatal(err)
	}
	c.naive.heads, c.naive.tainted = append(c.naive.heads, state), append(c.naive.tainted, tainted)
	c.naive.hashes = append(c.naive.hashes, block.Hash(header))
	for i, tx := range result.Txs {
		at, ok := c.naive.txs[tx.TxID]
		if tx.TxID != "" && (!ok || at.Block == number && c.naive.codes[tx.TxID] != 0 && result.Codes[i] == 0) {
			c.naive.txs[tx.TxID], c.naive.codes[tx.TxID] = Position{number, uint32(i)}, uint8(result.Codes[i])
		}
	}
}

var namespaces = []string{"a", "ab", kept}

// updates draws a block's updates.
func (c *chain) updates(result *validate.Result, state map[bucket]map[string]item, number uint64, by map[int]bool) {
	t := c.t
	seen := map[bucket]map[string]bool{}
	for range rapid.IntRange(0, 12).Draw(t, "updates") {
		in := bucket{rapid.SampledFrom(namespaces).Draw(t, "namespace"), rapid.SampledFrom([]string{"", "", "c"}).Draw(t, "collection")}
		key := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 1, 3, -1).Draw(t, "key")
		if seen[in][key] {
			continue
		}
		if seen[in] == nil {
			seen[in] = map[string]bool{}
		}
		seen[in][key] = true
		if state[in] == nil {
			state[in] = map[string]item{}
		}
		tx := rapid.IntRange(0, len(result.Txs)-1).Draw(t, "writer")
		old, there := state[in][key]
		it := item{version: rwset.Version{Block: number, Tx: uint64(tx)}, writer: result.Txs[tx].TxID, enclaves: by[tx]}
		if rapid.Bool().Draw(t, "has metadata") {
			policy := fmt.Sprint(key, rapid.IntRange(0, 3).Draw(t, "policy"))
			it.metadata = []rwset.Entry{{Name: "VALIDATION_PARAMETER", Value: []byte(policy)}, {Name: "n", Value: nil}}
		}
		remove, keep := rapid.IntRange(0, 3).Draw(t, "delete") == 0, there && rapid.IntRange(0, 3).Draw(t, "keep") == 0
		value := rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "value")
		hash := sha256.Sum256(value)
		it.value, it.hash = value, hash[:]
		if keep {
			it.value, it.hash, it.writer, it.enclaves = old.value, old.hash, old.writer, old.enclaves && (by[tx] || old.version == it.version)
		}
		if in.collection == "" && (remove || !keep) {
			c.note(state, in.namespace, key, result.Txs[tx].TxID, by[tx], old.enclaves)
		}
		if remove {
			delete(state[in], key)
		} else {
			state[in][key] = it
		}
		if in.collection == "" {
			result.Updates = append(result.Updates, validate.Update{Namespace: in.namespace, Key: key, Value: value, KeepValue: keep, Delete: remove, Metadata: it.metadata, Version: it.version})
		} else {
			result.Hashed = append(result.Hashed, validate.HashedUpdate{Namespace: in.namespace, Collection: in.collection, KeyHash: []byte(key), ValueHash: hash[:], KeepValue: keep, Delete: remove, Metadata: it.metadata, Version: it.version})
		}
	}
}

// gone is where a naive ledger notes the keys that others took from enclaves.
func gone(namespace string) bucket { return bucket{namespace, "removed by others"} }

// note notes that others wrote or removed what enclaves wrote, or again what is
// noted already; and forgets it where enclaves wrote or removed the key.
func (c *chain) note(state map[bucket]map[string]item, namespace, key, writer string, enclaves, theirs bool) {
	notes := state[gone(namespace)]
	if enclaves {
		delete(notes, key)
		return
	}
	if _, noted := notes[key]; !noted && !theirs {
		return
	}
	if notes == nil {
		notes = make(map[string]item)
		state[gone(namespace)] = notes
	}
	notes[key] = item{writer: writer}
}

// At each of the kept heads the index knows what a ledger knows that keeps
// everything; also after it was written down and read again.
func TestIndexAgainstANaiveLedger(t *testing.T) {
	bundle := devtest.NewChannel(t, "mychannel", 1, channel.Batch{}).Bundle
	rapid.Check(t, func(t *rapid.T) {
		heads := rapid.IntRange(1, 8).Draw(t, "heads")
		c := &chain{t: t, bundle: bundle, index: New(keepRegistry, heads), naive: &naive{txs: map[string]Position{}, codes: map[string]uint8{}}}
		for range rapid.IntRange(1, 20).Draw(t, "blocks") {
			if rapid.Bool().Draw(t, "tidy") {
				c.index.metadata.limit = 0
			}
			c.next()
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				before := c.index.Newest()
				c.index = again(t, c.index, rapid.SampledFrom([]int{1, 100, 1 << 20}).Draw(t, "part size"), heads)
				if v := c.index.Newest(); v.Keys() != before.Keys() || !proto.Equal(v.Head(), before.Head()) || v.Transactions() != before.Transactions() {
					t.Fatalf("after a restart: got head %v, want %v", v.Head(), before.Head())
				}
			}
		}
		newest := uint64(len(c.naive.heads))
		if c.index.Newest().Height() != newest || c.index.At(newest+1) != nil || c.index.At(c.index.Oldest()-1) != nil {
			t.Fatalf("got height %d, kept from %d", c.index.Newest().Height(), c.index.Oldest())
		}
		for height := c.index.Oldest(); height <= newest; height++ {
			c.compare(height)
		}
		for height := uint64(1); height <= newest; height++ {
			if hash, ok := c.index.HashAt(height); !ok || !bytes.Equal(hash, c.naive.hashes[height-1]) {
				t.Fatalf("hash at %d: got %x, want %x", height, hash, c.naive.hashes[height-1])
			}
		}
	})
}

// compare compares the view at a height.
func (c *chain) compare(height uint64) {
	t, v, state := c.t, c.index.At(height), c.naive.heads[height-1]
	for _, namespace := range namespaces {
		public := state[bucket{namespace, ""}]
		start, end := rapid.SampledFrom([]string{"", "a", "b", "ab"}).Draw(t, "start"), rapid.SampledFrom([]string{"", "b", "\x00"}).Draw(t, "end")
		all := maps.Clone(state[gone(namespace)])
		if all == nil {
			all = make(map[string]item)
		}
		maps.Copy(all, public)
		want := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(k string) bool { return k < start || end != "" && k >= end })
		var got []string
		for key, info := range v.Rows(namespace, start, end) {
			got = append(got, key)
			c.compareInfo(height, namespace, key, info, all[key])
		}
		if !slices.Equal(got, want) {
			t.Fatalf("at %d, range [%q, %q) of %s: got %q, want %q", height, start, end, namespace, got, want)
		}
		for key, it := range all {
			c.compareInfo(height, namespace, key, v.Info(namespace, key), it)
			value, err := v.Value(namespace, key)
			if wantValue := it.value; namespace != kept && value != nil || namespace == kept && !bytes.Equal(value, wantValue) || err != nil {
				t.Fatalf("at %d: value of %s/%q: got %x, %v, want %x", height, namespace, key, value, err, wantValue)
			}
		}
		for keyHash, it := range state[bucket{namespace, "c"}] {
			version, _ := v.HashedVersion(namespace, "c", []byte(keyHash))
			metadata, _ := v.HashedMetadata(namespace, "c", []byte(keyHash))
			if version == nil || *version != it.version || len(metadata) != len(it.metadata) {
				t.Fatalf("at %d: hashed key %q of %s: got %v, want %v", height, keyHash, namespace, version, it.version)
			}
		}
		if info := v.Info(namespace, "not there"); info.GetPresent() || info.GetTainted() != c.naive.tainted[height-1][namespace] {
			t.Fatalf("at %d: an absent key of %s: got %v", height, namespace, info)
		}
	}
	for id, at := range c.naive.txs {
		tx, got, ok := v.Transaction(id)
		has, _ := v.HasTx(id)
		if want := at.Block < height; ok != want || has != want || ok && (got != at || tx.TxID != id || tx.Code != c.naive.codes[id] || tx.Payload != sha256.Sum256([]byte(id))) {
			t.Fatalf("at %d: transaction %q: got %v at %v, %t, want it at %v", height, id, tx, got, ok, at)
		}
	}
}

func (c *chain) compareInfo(height uint64, namespace, key string, info *fpc.KeyInfo, it item) {
	want := &fpc.KeyInfo{Removed: true, TxId: it.writer, Tainted: c.naive.tainted[height-1][namespace]}
	if it.hash != nil {
		want = &fpc.KeyInfo{
			Present: true, ValueHash: it.hash, Block: it.version.Block, Position: uint32(it.version.Tx), TxId: it.writer,
			ByEnclaves: it.enclaves, MetadataHash: protocol.MetadataHash(policyOf(it.metadata)), Tainted: c.naive.tainted[height-1][namespace],
		}
	}
	if !proto.Equal(info, want) {
		c.t.Fatalf("at %d: %s/%q: got %v, want %v", height, namespace, key, info, want)
	}
}

// again writes an index down and reads it.
func again(t rapid.TB, x *Index, size, heads int) *Index {
	t.Helper()
	e, err := x.Newest().Export()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := NewImport(keepRegistry, heads)
	for last := false; !last; {
		var part *fpc.LedgerPart
		part, last = e.Part(size)
		raw, err := proto.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		part = &fpc.LedgerPart{}
		if err := errors.Join(proto.Unmarshal(raw, part), m.Add(part)); err != nil {
			t.Fatal(err)
		}
	}
	next, err := m.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return next
}
