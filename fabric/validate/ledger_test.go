// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"iter"
	"maps"
	"slices"

	"github.com/privatechaincode/fpc/fabric/rwset"
)

// ledger is a State in memory, to which results can be applied.
type ledger struct {
	txs    map[string]bool
	public map[string]map[string]item    // by namespace and key
	hashed map[[2]string]map[string]item // by namespace and collection, and key hash
}

type item struct {
	value    []byte
	metadata []rwset.Entry
	version  rwset.Version
}

var _ State = (*ledger)(nil)

func newLedger() *ledger {
	return &ledger{txs: map[string]bool{}, public: map[string]map[string]item{}, hashed: map[[2]string]map[string]item{}}
}

func (l *ledger) put(namespace, key string, it item) {
	if l.public[namespace] == nil {
		l.public[namespace] = map[string]item{}
	}
	l.public[namespace][key] = it
}

func (l *ledger) putHashed(at [2]string, key string, it item) {
	if l.hashed[at] == nil {
		l.hashed[at] = map[string]item{}
	}
	l.hashed[at][key] = it
}

func (l *ledger) apply(r *Result) {
	for _, tx := range r.Txs {
		if tx.TxID != "" {
			l.txs[tx.TxID] = true
		}
	}
	for _, u := range r.Updates {
		it := item{u.Value, u.Metadata, u.Version}
		switch {
		case u.Delete:
			delete(l.public[u.Namespace], u.Key)
			continue
		case u.KeepValue:
			it.value = l.public[u.Namespace][u.Key].value
		}
		l.put(u.Namespace, u.Key, it)
	}
	for _, u := range r.Hashed {
		at := [2]string{u.Namespace, u.Collection}
		it := item{u.ValueHash, u.Metadata, u.Version}
		switch {
		case u.Delete:
			delete(l.hashed[at], string(u.KeyHash))
			continue
		case u.KeepValue:
			it.value = l.hashed[at][string(u.KeyHash)].value
		}
		l.putHashed(at, string(u.KeyHash), it)
	}
}

func (l *ledger) HasTx(txID string) (bool, error) { return l.txs[txID], nil }

func (l *ledger) Version(namespace, key string) (*rwset.Version, error) {
	return versionOf(l.public[namespace], key), nil
}

func versionOf(m map[string]item, key string) *rwset.Version {
	it, ok := m[key]
	if !ok {
		return nil
	}
	return &it.version
}

func (l *ledger) Value(namespace, key string) ([]byte, error) {
	return l.public[namespace][key].value, nil
}

func (l *ledger) Metadata(namespace, key string) ([]rwset.Entry, error) {
	return l.public[namespace][key].metadata, nil
}

func (l *ledger) Range(namespace, start, end string) iter.Seq2[rwset.Read, error] {
	return func(yield func(rwset.Read, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(l.public[namespace])) {
			if key < start || end != "" && key >= end {
				continue
			}
			if !yield(rwset.Read{Key: key, Version: versionOf(l.public[namespace], key)}, nil) {
				return
			}
		}
	}
}

func (l *ledger) HashedVersion(namespace, collection string, keyHash []byte) (*rwset.Version, error) {
	return versionOf(l.hashed[[2]string{namespace, collection}], string(keyHash)), nil
}

func (l *ledger) HashedMetadata(namespace, collection string, keyHash []byte) ([]rwset.Entry, error) {
	return l.hashed[[2]string{namespace, collection}][string(keyHash)].metadata, nil
}
