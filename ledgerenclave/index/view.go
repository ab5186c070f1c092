// SPDX-License-Identifier: Apache-2.0

package index

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// View is the index at one head. It is the state that the next block is judged
// on, and what asks at that head are answered from.
type View struct {
	index        *Index
	height       uint64
	hash         [32]byte
	header       *common.BlockHeader // of the newest block
	bundle       *channel.Bundle
	state        Tree[record]
	values       Tree[string] // of the namespaces that are kept with values
	removed      Tree[uint32] // keys that others than enclaves wrote or removed last: by which transaction
	metadata     []string     // of the keys, encoded, by number
	tainted      map[string]bool
	transactions uint32 // how many there were
}

var _ validate.State = (*View)(nil)

// Height is the number of blocks.
func (v *View) Height() uint64 { return v.height }

// Head is height and hash of the newest block.
func (v *View) Head() *fpc.Head { return head(v.height, v.hash) }

// Header is the newest block's, to which the next one links.
func (v *View) Header() *common.BlockHeader { return v.header }

// Bundle is the channel's configuration.
func (v *View) Bundle() *channel.Bundle { return v.bundle }

// Keys returns how many keys there are, those of collections included.
func (v *View) Keys() int { return v.state.Len() }

// Transactions returns how many transactions there are.
func (v *View) Transactions() uint64 { return uint64(v.transactions) }

// Tainted says whether a namespace's state is unknown.
func (v *View) Tainted(namespace string) bool { return v.tainted[namespace] }

// TaintedNamespaces lists the namespaces whose state is unknown, sorted.
func (v *View) TaintedNamespaces() []string { return slices.Sorted(maps.Keys(v.tainted)) }

func (v *View) record(in bucket, key string) (record, bool) {
	prefix, ok := v.index.prefix(in)
	if !ok {
		return record{}, false
	}
	return v.state.Get(prefix + key)
}

// Info tells what is known of a key.
func (v *View) Info(namespace, key string) *fpc.KeyInfo {
	r, ok := v.record(bucket{namespace, ""}, key)
	if ok {
		return v.info(namespace, r)
	}
	if prefix, ok := v.index.prefix(bucket{namespace, ""}); ok {
		if by, ok := v.removed.Get(prefix + key); ok {
			return v.gone(namespace, by)
		}
	}
	return &fpc.KeyInfo{Tainted: v.tainted[namespace]}
}

// gone is what is known of a key that others than enclaves removed.
func (v *View) gone(namespace string, by uint32) *fpc.KeyInfo {
	x := v.index
	x.mu.RLock()
	defer x.mu.RUnlock()
	return &fpc.KeyInfo{Removed: true, TxId: x.txs.id(by), Tainted: v.tainted[namespace]}
}

func (v *View) info(namespace string, r record) *fpc.KeyInfo {
	x := v.index
	x.mu.RLock()
	at := x.txs.position(r.version)
	writer := x.txs.id(r.writer &^ byEnclaves)
	x.mu.RUnlock()
	return &fpc.KeyInfo{
		Present: true, ValueHash: r.hash[:], Block: at.Block, Position: at.Tx, TxId: writer,
		ByEnclaves: r.writer&byEnclaves != 0, MetadataHash: protocol.MetadataHash(policyOf(v.entries(r))),
		Tainted: v.tainted[namespace],
	}
}

// packed returns a key's metadata, encoded.
func (v *View) packed(r record) string {
	if r.metadata == 0 {
		return ""
	}
	return v.metadata[r.metadata]
}

// entries returns a key's metadata, nil if there is none.
func (v *View) entries(r record) []rwset.Entry { return unpackMetadata(v.packed(r)) }

// KeyPolicy returns a key's own endorsement policy, nil if it has none.
func (v *View) KeyPolicy(namespace, key string) []byte {
	r, _ := v.record(bucket{namespace, ""}, key)
	return policyOf(v.entries(r))
}

// Hash returns the hash of a key's value; false if it is absent.
func (v *View) Hash(namespace, key string) (hash [32]byte, present bool) {
	r, ok := v.record(bucket{namespace, ""}, key)
	return r.hash, ok
}

// Rows yields the keys k with start <= k < end in byte order, an empty end being
// the namespace's end, with what is known of them. Among them stand those that
// others than enclaves removed.
func (v *View) Rows(namespace, start, end string) iter.Seq2[string, *fpc.KeyInfo] {
	return func(yield func(string, *fpc.KeyInfo) bool) {
		nextGone, stop := iter.Pull2(span(v, v.removed, namespace, start, end))
		defer stop()
		gone, by, more := nextGone()
		for key, r := range v.rows(namespace, start, end) {
			for ; more && gone <= key; gone, by, more = nextGone() {
				if gone < key && !yield(gone, v.gone(namespace, by)) {
					return
				}
			}
			if !yield(key, v.info(namespace, r)) {
				return
			}
		}
		for ; more; gone, by, more = nextGone() {
			if !yield(gone, v.gone(namespace, by)) {
				return
			}
		}
	}
}

func (v *View) rows(namespace, start, end string) iter.Seq2[string, record] {
	return span(v, v.state, namespace, start, end)
}

// span yields what a tree holds of a namespace's keys k with start <= k < end.
func span[V any](v *View, tree Tree[V], namespace, start, end string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		prefix, ok := v.index.prefix(bucket{namespace, ""})
		if !ok {
			return
		}
		for key, value := range tree.From(prefix + start) {
			key, same := strings.CutPrefix(key, prefix)
			if !same || end != "" && key >= end || !yield(key, value) {
				return
			}
		}
	}
}

// Transaction returns the transaction with an id, and where it stands.
func (v *View) Transaction(txID string) (tx Transaction, at Position, ok bool) {
	x := v.index
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.txs.lookup(txID)
	if !ok || n >= v.transactions {
		return Transaction{}, Position{}, false
	}
	return x.txs.get(n), x.txs.position(n), true
}

// HasTx implements validate.State.
func (v *View) HasTx(txID string) (bool, error) {
	_, _, ok := v.Transaction(txID)
	return ok, nil
}

func (v *View) version(r record) *rwset.Version {
	v.index.mu.RLock()
	defer v.index.mu.RUnlock()
	at := v.index.txs.position(r.version)
	return &rwset.Version{Block: at.Block, Tx: uint64(at.Tx)}
}

// Version implements validate.State.
func (v *View) Version(namespace, key string) (*rwset.Version, error) {
	return v.versionIn(bucket{namespace, ""}, key)
}

// HashedVersion implements validate.State.
func (v *View) HashedVersion(namespace, collection string, keyHash []byte) (*rwset.Version, error) {
	return v.versionIn(bucket{namespace, collection}, string(keyHash))
}

func (v *View) versionIn(in bucket, key string) (*rwset.Version, error) {
	r, ok := v.record(in, key)
	if !ok {
		return nil, nil
	}
	return v.version(r), nil
}

// Value implements validate.State. It knows the values of the namespaces that
// are kept with them only; validation asks for no others.
func (v *View) Value(namespace, key string) ([]byte, error) {
	prefix, ok := v.index.prefix(bucket{namespace, ""})
	if !ok {
		return nil, nil
	}
	value, ok := v.values.Get(prefix + key)
	if !ok {
		return nil, nil
	}
	return []byte(value), nil
}

// Metadata implements validate.State.
func (v *View) Metadata(namespace, key string) ([]rwset.Entry, error) {
	r, _ := v.record(bucket{namespace, ""}, key)
	return v.entries(r), nil
}

// HashedMetadata implements validate.State.
func (v *View) HashedMetadata(namespace, collection string, keyHash []byte) ([]rwset.Entry, error) {
	r, _ := v.record(bucket{namespace, collection}, string(keyHash))
	return v.entries(r), nil
}

// Range implements validate.State.
func (v *View) Range(namespace, start, end string) iter.Seq2[rwset.Read, error] {
	return func(yield func(rwset.Read, error) bool) {
		for key, r := range v.rows(namespace, start, end) {
			if !yield(rwset.Read{Key: key, Version: v.version(r)}, nil) {
				return
			}
		}
	}
}
