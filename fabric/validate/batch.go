// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"cmp"
	"slices"

	"github.com/privatechaincode/fpc/fabric/rwset"
)

// batch holds what the valid transactions of a block changed so far. Public
// keys are those without a collection; the key of a private one is its hash.
type batch struct {
	state   State
	tainted func(namespace string) bool // whose state is unknown
	entries map[bucket]map[string]entry
	purged  map[keyID]bool
}

// bucket is a namespace's public or one collection's hashed state.
type bucket struct{ namespace, collection string }

// entry is a key's newest value: none, one of this block, or the state's.
type entry struct {
	value    []byte
	keep     bool // the value is the state's
	deleted  bool
	metadata []rwset.Entry
	version  rwset.Version
}

func newBatch(state State, tainted func(string) bool) *batch {
	return &batch{state: state, tainted: tainted, entries: make(map[bucket]map[string]entry), purged: make(map[keyID]bool)}
}

func (b *batch) get(in bucket, key string) (entry, bool) {
	e, ok := b.entries[in][key]
	return e, ok
}

func (b *batch) set(in bucket, key string, e entry) {
	if b.entries[in] == nil {
		b.entries[in] = make(map[string]entry)
	}
	b.entries[in][key] = e
}

func (b *batch) setConfig(u Update) {
	b.set(bucket{u.Namespace, ""}, u.Key, entry{value: u.Value, version: u.Version})
}

// version returns a key's version in the state before the block.
func (b *batch) version(in bucket, key string) (*rwset.Version, error) {
	if in.collection == "" {
		return b.state.Version(in.namespace, key)
	}
	return b.state.HashedVersion(in.namespace, in.collection, []byte(key))
}

func (b *batch) metadata(in bucket, key string) ([]rwset.Entry, error) {
	if in.collection == "" {
		return b.state.Metadata(in.namespace, key)
	}
	return b.state.HashedMetadata(in.namespace, in.collection, []byte(key))
}

// apply takes over the writes of a valid transaction.
func (b *batch) apply(set *rwset.Set, version rwset.Version) error {
	for at, ops := range writesOf(set) {
		e, ok, err := b.settle(at, ops)
		if err != nil {
			return err
		}
		if ok {
			e.version = version
			b.set(at.in, at.key, e)
		}
	}
	for _, ns := range set.Namespaces {
		for _, c := range ns.Collections {
			for _, w := range c.Writes {
				if w.Purge {
					b.purged[keyID{ns.Name, c.Name, string(w.KeyHash)}] = true
				}
			}
		}
	}
	return nil
}

// settle completes what a transaction says about a key with what it leaves
// open: a written value keeps the metadata, written metadata keeps the value.
// It is false where nothing changes: metadata of a key that does not exist.
func (b *batch) settle(at place, ops *operations) (entry, bool, error) {
	earlier, inBlock := b.get(at.in, at.key)
	switch {
	case ops.deletes():
		return entry{deleted: true}, true, nil
	case ops.complete():
		return entry{value: ops.value, metadata: ops.metadata}, true, nil
	case ops.onlyValue():
		if inBlock {
			return entry{value: ops.value, metadata: earlier.metadata}, true, nil
		}
		metadata, err := b.metadata(at.in, at.key)
		return entry{value: ops.value, metadata: metadata}, true, err
	case inBlock:
		// A Fabric peer crashes where the key was deleted before in the block.
		return entry{value: earlier.value, keep: earlier.keep, metadata: ops.metadata}, !earlier.deleted, nil
	default:
		version, err := b.version(at.in, at.key)
		return entry{keep: true, metadata: ops.metadata}, version != nil, err
	}
}

// updates lists the newest value of every key.
func (b *batch) updates() ([]Update, []HashedUpdate) {
	var public []Update
	var hashed []HashedUpdate
	for in, keys := range b.entries {
		for key, e := range keys {
			if in.collection == "" {
				public = append(public, Update{
					Namespace: in.namespace, Key: key, Value: e.value, KeepValue: e.keep,
					Delete: e.deleted, Metadata: e.metadata, Version: e.version,
				})
				continue
			}
			hashed = append(hashed, HashedUpdate{
				Namespace: in.namespace, Collection: in.collection, KeyHash: []byte(key), ValueHash: e.value, KeepValue: e.keep,
				Delete: e.deleted, Purge: b.purged[keyID{in.namespace, in.collection, key}], Metadata: e.metadata, Version: e.version,
			})
		}
	}
	slices.SortFunc(public, func(a, b Update) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(hashed, func(a, b HashedUpdate) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Collection, b.Collection), slices.Compare(a.KeyHash, b.KeyHash))
	})
	return public, hashed
}
