// SPDX-License-Identifier: Apache-2.0

// Package kv is untrusted: it is the ordered key-value store under the
// ledgers of a peer and of the orderer, on disk or in memory.
//
// A Batch is applied completely or not at all, and is on stable storage when
// Commit returns: a process killed at any instant finds all batches that
// Commit acknowledged and no part of any other.
package kv

import "errors"

// ErrClosed is returned by operations on a closed store.
var ErrClosed = errors.New("kv: store is closed")

// Reader reads one consistent view.
type Reader interface {
	// Get returns a copy of the value of key; ok is false if it is absent.
	Get(key []byte) (value []byte, ok bool, err error)
	// Iterate walks the keys k with lower <= k < upper in byte order; a nil
	// upper means to the end. The caller closes the iterator.
	Iterate(lower, upper []byte) (Iterator, error)
}

// Iterator stands before its first pair when made.
type Iterator interface {
	// Next moves to the next pair, and tells whether there is one.
	Next() bool
	// Key is valid until the next call of Next.
	Key() []byte
	// Value is valid until the next call of Next.
	Value() []byte
	// Err tells why Next returned false; nil at the end of the range.
	Err() error
	Close() error
}

// Store is an ordered key-value store, safe for concurrent use.
type Store interface {
	Reader
	// Snapshot pins the present contents; the caller closes it.
	Snapshot() (Snapshot, error)
	// Commit applies the batch atomically and durably.
	Commit(*Batch) error
	Close() error
}

// Snapshot is an unchanging view of a store.
type Snapshot interface {
	Reader
	Close() error
}

// Batch is a list of changes; where a key stands twice the last one counts.
// The zero value is an empty batch.
type Batch struct {
	ops []op
}

type op struct {
	key, value []byte
	remove     bool
}

// Set puts a pair. The batch keeps both slices.
func (b *Batch) Set(key, value []byte) {
	b.ops = append(b.ops, op{key: key, value: value})
}

// Delete removes a key; an absent one is no error. The batch keeps the slice.
func (b *Batch) Delete(key []byte) {
	b.ops = append(b.ops, op{key: key, remove: true})
}
