// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// Builder collects the accesses of one transaction and puts them in Fabric's
// canonical order: namespaces, collections and keys sorted, range queries in
// the order of their first appearance. A later access to the same key replaces
// an earlier one, as in Fabric's simulator. The zero value is ready to use.
// It is not safe for concurrent use.
type Builder struct {
	namespaces map[string]*namespaceBuilder
}

type namespaceBuilder struct {
	reads       map[string]Read
	writes      map[string]Write
	metadata    map[string]MetadataWrite
	ranges      []Range
	collections map[string]*collectionBuilder
}

// collectionBuilder keys everything by the clear private key: hashed sets are
// ordered by it too, not by the hash.
type collectionBuilder struct {
	reads         map[string]HashedRead
	writes        map[string]HashedWrite
	metadata      map[string]HashedMetadataWrite
	clear         map[string]Write
	clearMetadata map[string]MetadataWrite
}

// Read records a public read; v is nil where the key was absent.
func (b *Builder) Read(namespace, key string, v *Version) {
	b.namespace(namespace).reads[key] = Read{Key: key, Version: v}
}

// Write records a write; an empty value is a deletion.
func (b *Builder) Write(namespace, key string, value []byte) {
	b.namespace(namespace).writes[key] = newWrite(key, value)
}

// Delete records a deletion.
func (b *Builder) Delete(namespace, key string) { b.Write(namespace, key, nil) }

// Metadata replaces a key's metadata; an empty map removes it.
func (b *Builder) Metadata(namespace, key string, entries map[string][]byte) {
	b.namespace(namespace).metadata[key] = MetadataWrite{Key: key, Entries: sortedEntries(entries)}
}

// Range records a range query; a second query with the same bounds and end is
// dropped, as in Fabric.
func (b *Builder) Range(namespace string, r Range) {
	n := b.namespace(namespace)
	for _, have := range n.ranges {
		if have.Start == r.Start && have.End == r.End && have.Exhausted == r.Exhausted {
			return
		}
	}
	n.ranges = append(n.ranges, r)
}

// PrivateRead records a read of a private key by its hash.
func (b *Builder) PrivateRead(namespace, collection, key string, v *Version) {
	b.collection(namespace, collection).reads[key] = HashedRead{KeyHash: hash([]byte(key)), Version: v}
}

// PrivateWrite records a private write; an empty value is a deletion.
func (b *Builder) PrivateWrite(namespace, collection, key string, value []byte) {
	c := b.collection(namespace, collection)
	w := newWrite(key, value)
	h := HashedWrite{KeyHash: hash([]byte(key)), Delete: w.Delete}
	if !w.Delete {
		h.ValueHash = hash(value)
	}
	c.clear[key], c.writes[key] = w, h
}

// PrivatePurge records a deletion that also asks peers to forget the key's
// history.
func (b *Builder) PrivatePurge(namespace, collection, key string) {
	c := b.collection(namespace, collection)
	c.clear[key] = newWrite(key, nil)
	c.writes[key] = HashedWrite{KeyHash: hash([]byte(key)), Delete: true, Purge: true}
}

// PrivateMetadata replaces a private key's metadata. The private part of the
// set names the key only, as Fabric's does.
func (b *Builder) PrivateMetadata(namespace, collection, key string, entries map[string][]byte) {
	c := b.collection(namespace, collection)
	c.clearMetadata[key] = MetadataWrite{Key: key}
	c.metadata[key] = HashedMetadataWrite{KeyHash: hash([]byte(key)), Entries: sortedEntries(entries)}
}

func (b *Builder) namespace(name string) *namespaceBuilder {
	if b.namespaces == nil {
		b.namespaces = make(map[string]*namespaceBuilder)
	}
	n, ok := b.namespaces[name]
	if !ok {
		n = &namespaceBuilder{
			reads: make(map[string]Read), writes: make(map[string]Write),
			metadata: make(map[string]MetadataWrite), collections: make(map[string]*collectionBuilder),
		}
		b.namespaces[name] = n
	}
	return n
}

func (b *Builder) collection(namespace, name string) *collectionBuilder {
	n := b.namespace(namespace)
	c, ok := n.collections[name]
	if !ok {
		c = &collectionBuilder{
			reads: make(map[string]HashedRead), writes: make(map[string]HashedWrite),
			metadata: make(map[string]HashedMetadataWrite),
			clear:    make(map[string]Write), clearMetadata: make(map[string]MetadataWrite),
		}
		n.collections[name] = c
	}
	return c
}

func newWrite(key string, value []byte) Write {
	return Write{Key: key, Value: value, Delete: len(value) == 0}
}

func sortedEntries(m map[string][]byte) []Entry {
	var entries []Entry
	for _, name := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, Entry{Name: name, Value: m[name]})
	}
	return entries
}

// inKeyOrder returns a map's values, sorted by key; nil if there are none.
func inKeyOrder[V any](m map[string]V) []V {
	var values []V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[k])
	}
	return values
}

func hash(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}
