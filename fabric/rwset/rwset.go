// SPDX-License-Identifier: Apache-2.0

// Package rwset is trusted: enclaves build Fabric read/write sets with it, and
// peers and ledger enclaves judge transactions by what it parses.
//
// A read/write set lists, per namespace, what a transaction read (keys with
// the versions seen, ranges with their rows) and what it wants to write, and,
// for private collections, the hashes of both. [Parse] turns Fabric's bytes
// into a Go model; [Builder] makes the bytes that a Fabric peer would have
// made from the same accesses, whatever their order, so that several endorsers
// agree byte for byte (flows.md EX-4).
package rwset

import "bytes"

// Version is where a value was last written: the block's number and the
// transaction's position in it. The zero value is a version like any other
// (the first transaction of the genesis block); absence is a nil *Version.
type Version struct {
	Block, Tx uint64
}

// Same says whether two versions are equal; nil stands for "absent" and equals
// only nil.
func Same(a, b *Version) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Set is a transaction's read/write set. Order is kept as it was on the wire
// (or, from a [Builder], canonical).
type Set struct {
	Namespaces []Namespace
}

// Namespace is what a transaction did in one chaincode's namespace.
type Namespace struct {
	Name        string
	Reads       []Read
	Ranges      []Range
	Writes      []Write
	Metadata    []MetadataWrite
	Collections []Collection
}

// Read is a key and the version at which it was read, nil where it was absent.
type Read struct {
	Key     string
	Version *Version
}

// Write sets a key, or deletes it.
type Write struct {
	Key    string
	Value  []byte
	Delete bool
}

// IsDelete says whether the write removes the key: Fabric takes an empty value
// for a deletion too.
func (w Write) IsDelete() bool { return w.Delete || len(w.Value) == 0 }

// Entry is one named metadata value of a key, such as VALIDATION_PARAMETER.
type Entry struct {
	Name  string
	Value []byte
}

// MetadataWrite replaces all metadata of a key; no entries means none is left.
type MetadataWrite struct {
	Key     string
	Entries []Entry
}

// Range is a range query with what it returned: either the rows themselves or,
// for long results, a Merkle summary of them; Rows stands if Summary is nil.
// End is exclusive if Exhausted, otherwise it is the last key that was seen,
// and inclusive.
type Range struct {
	Start, End string
	Exhausted  bool
	Rows       []Read
	Summary    *Summary
}

// Summary is the top of the Merkle tree that Fabric keeps in place of the rows
// of a long range query.
type Summary struct {
	MaxDegree, MaxLevel uint32
	Hashes              [][]byte
}

// Collection is what a transaction did in one private data collection, as
// hashes. PrivateHash is the SHA-256 of the serialised private writes, nil if
// there are none.
type Collection struct {
	Name        string
	Reads       []HashedRead
	Writes      []HashedWrite
	Metadata    []HashedMetadataWrite
	PrivateHash []byte
}

// HashedRead is the SHA-256 of a private key and the version that was read.
type HashedRead struct {
	KeyHash []byte
	Version *Version
}

// HashedWrite sets or deletes a private key by hashes. Purge asks peers to
// remove the key's history too.
type HashedWrite struct {
	KeyHash, ValueHash []byte
	Delete, Purge      bool
}

// IsDelete says whether the write removes the key: Fabric takes no hash, or the
// hash of an empty value, for a deletion too.
func (w HashedWrite) IsDelete() bool {
	return w.Delete || len(w.ValueHash) == 0 || bytes.Equal(w.ValueHash, hashOfNothing)
}

var hashOfNothing = hash(nil)

// HashedMetadataWrite replaces all metadata of a private key.
type HashedMetadataWrite struct {
	KeyHash []byte
	Entries []Entry
}
