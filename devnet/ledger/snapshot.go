// SPDX-License-Identifier: Apache-2.0

package ledger

// Snapshot is a channel's state after one block, unchanged by later ones.
type Snapshot struct{}

// Height returns the number of blocks whose effects the snapshot shows.
func (s *Snapshot) Height() uint64 { return 0 }

// State returns a key's entry, nil if absent.
func (s *Snapshot) State(ns, key string) (*VersionedValue, error) { return nil, nil }

// Range walks the keys k of a namespace with start <= k < end in byte order;
// an empty end means to the end of the namespace. The caller closes it.
func (s *Snapshot) Range(ns, start, end string) (*Rows, error) { return nil, nil }

// Hash returns the public trace of a private key, nil if absent; keyHash is
// the SHA-256 of the key.
func (s *Snapshot) Hash(ns, collection string, keyHash []byte) (*VersionedHash, error) {
	return nil, nil
}

// Private returns a private key's value, nil if absent here. Only the peer's
// own organisation's implicit collection is kept in plaintext.
func (s *Snapshot) Private(ns, collection, key string) (*VersionedValue, error) { return nil, nil }

// PrivateRange walks private keys as Range does state.
func (s *Snapshot) PrivateRange(ns, collection, start, end string) (*Rows, error) { return nil, nil }

// Close releases the snapshot.
func (s *Snapshot) Close() error { return nil }

// Rows walks a range; it stands before the first row when made.
type Rows struct{}

// Next moves to the next row and tells whether there is one.
func (r *Rows) Next() bool { return false }

// Row returns the present row.
func (r *Rows) Row() Row { return Row{} }

// Err tells why Next returned false; nil at the end of the range.
func (r *Rows) Err() error { return nil }

// Close releases the iterator.
func (r *Rows) Close() error { return nil }
