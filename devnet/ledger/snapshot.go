// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
)

// ErrPrivateMissing is returned where the channel's hashes say that a private
// key has a value which this peer never received.
var ErrPrivateMissing = errors.New("ledger: private value matching the public hash is not here")

// Snapshot is a channel's state after one block, unchanged by later ones.
type Snapshot struct {
	snap   kv.Snapshot
	keys   keyspace
	height uint64
}

// Height returns the number of blocks whose effects the snapshot shows.
func (s *Snapshot) Height() uint64 { return s.height }

// State returns a key's entry, nil if absent.
func (s *Snapshot) State(ns, key string) (*VersionedValue, error) {
	return readValue(s.snap, s.keys.state(ns, key))
}

// Range walks the keys k of a namespace with start <= k < end in byte order;
// an empty end means to the end of the namespace. The caller closes it.
func (s *Snapshot) Range(ns, start, end string) (*Rows, error) {
	prefix := s.keys.state(ns, "")
	return openRows(s.snap, prefix, start, end)
}

// Hash returns the public trace of a private key, nil if absent; keyHash is
// the SHA-256 of the key.
func (s *Snapshot) Hash(ns, collection string, keyHash []byte) (*VersionedHash, error) {
	v, err := readValue(s.snap, s.keys.collection(kindHashed, ns, collection, string(keyHash)))
	if v == nil {
		return nil, err
	}
	return &VersionedHash{ValueHash: v.Value, Metadata: v.Metadata, Version: v.Version}, nil
}

// Private returns a private key's value, nil if the channel's hashes say that
// it is absent, ErrPrivateMissing if they say that it is not. Only the peer's
// own organisation's implicit collections are kept in plaintext.
func (s *Snapshot) Private(ns, collection, key string) (*VersionedValue, error) {
	keyHash := sha256.Sum256([]byte(key))
	public, err := s.Hash(ns, collection, keyHash[:])
	if public == nil || err != nil {
		return nil, err
	}
	v, err := readValue(s.snap, s.keys.collection(kindPrivate, ns, collection, key))
	if err != nil {
		return nil, err
	}
	if v == nil || v.Version != public.Version || !hashes(v.Value, public.ValueHash) {
		return nil, fmt.Errorf("%s/%s: %w", ns, collection, ErrPrivateMissing)
	}
	return v, nil
}

// PrivateRange walks private keys as Range does state.
func (s *Snapshot) PrivateRange(ns, collection, start, end string) (*Rows, error) {
	prefix := s.keys.collection(kindPrivate, ns, collection, "")
	return openRows(s.snap, prefix, start, end)
}

// Close releases the snapshot.
func (s *Snapshot) Close() error { return s.snap.Close() }

func hashes(value, hash []byte) bool {
	sum := sha256.Sum256(value)
	return bytes.Equal(sum[:], hash)
}

func readValue(r kv.Reader, key []byte) (*VersionedValue, error) {
	raw, ok, err := r.Get(key)
	if err != nil || !ok {
		return nil, err
	}
	return decodeValue(raw)
}

// Rows walks a range; it stands before the first row when made.
type Rows struct {
	it     kv.Iterator
	prefix int
	row    Row
	err    error
}

func openRows(r kv.Reader, prefix []byte, start, end string) (*Rows, error) {
	upper := after(prefix)
	if end != "" {
		upper = append(bytes.Clone(prefix), end...)
	}
	lower := append(bytes.Clone(prefix), start...)
	if upper != nil && bytes.Compare(lower, upper) > 0 {
		upper = lower // an empty range, as in Fabric
	}
	it, err := r.Iterate(lower, upper)
	if err != nil {
		return nil, err
	}
	return &Rows{it: it, prefix: len(prefix)}, nil
}

// Next moves to the next row and tells whether there is one.
func (r *Rows) Next() bool {
	if r.err != nil || !r.it.Next() {
		return false
	}
	v, err := decodeValue(bytes.Clone(r.it.Value()))
	if err != nil {
		r.err = err
		return false
	}
	r.row = Row{Key: string(r.it.Key()[r.prefix:]), VersionedValue: *v}
	return true
}

// Row returns the present row.
func (r *Rows) Row() Row { return r.row }

// Err tells why Next returned false; nil at the end of the range.
func (r *Rows) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.it.Err()
}

// Close releases the iterator.
func (r *Rows) Close() error { return r.it.Close() }
