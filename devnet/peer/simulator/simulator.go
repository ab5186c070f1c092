// SPDX-License-Identifier: Apache-2.0

// Package simulator is untrusted: it runs a transaction against one snapshot
// of the ledger and collects what the transaction read, with versions, and what
// it wants to write. Writes are not read back, as in Fabric (flows.md EX-4).
//
// All chaincodes of one transaction on one channel share one simulator.
package simulator

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/rwset"
)

// ErrDone is returned by every operation on a simulator that was closed, for
// example because the execution timed out while the chaincode went on.
var ErrDone = errors.New("simulation has ended")

// UnsupportedError says that a transaction mixed operations whose result could
// not be validated, and so cannot go on.
type UnsupportedError struct {
	TxID   string
	Reason string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("txid [%s]: unsupported transaction. %s", e.TxID, e.Reason)
}

// Simulator is one transaction's view of one channel. It is safe for
// concurrent use, though a well-behaved transaction does one thing at a time.
type Simulator struct {
	txID string

	mu     sync.Mutex
	snap   *ledger.Snapshot // nil once done
	set    rwset.Builder
	ranges []*Rows // in the order in which they were opened
	wrote  bool
	// queried is why writes are refused from now on, empty while they are not.
	queried string
}

// New simulates a transaction on a snapshot, which the simulator closes.
func New(txID string, snap *ledger.Snapshot) *Simulator {
	return &Simulator{txID: txID, snap: snap}
}

// Height is the number of blocks whose effects the transaction sees.
func (s *Simulator) Height() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return 0
	}
	return s.snap.Height()
}

// Get reads a key; nil if it is absent.
func (s *Simulator) Get(ns, key string) ([]byte, error) {
	v, err := s.get(ns, key)
	if v == nil {
		return nil, err
	}
	return v.Value, nil
}

// Metadata reads a key's metadata, nil if there is none. The key counts as read.
func (s *Simulator) Metadata(ns, key string) ([]rwset.Entry, error) {
	v, err := s.get(ns, key)
	if v == nil {
		return nil, err
	}
	return v.Metadata, nil
}

func (s *Simulator) get(ns, key string) (*ledger.VersionedValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.look(ns, key)
	if err != nil {
		return nil, err
	}
	if v == nil {
		s.set.Read(ns, key, nil)
		return nil, nil
	}
	s.set.Read(ns, key, &rwset.Version{Block: v.Version.Block, Tx: v.Version.Tx})
	return v, nil
}

// Peek reads a key's entry without recording it: for what the peer itself
// wants to know and the transaction's outcome does not rest on.
func (s *Simulator) Peek(ns, key string) (*ledger.VersionedValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look(ns, key)
}

func (s *Simulator) look(ns, key string) (*ledger.VersionedValue, error) {
	if s.snap == nil {
		return nil, ErrDone
	}
	return s.snap.State(ns, key)
}

// Put writes a key. An empty value deletes it, as in Fabric.
func (s *Simulator) Put(ns, key string, value []byte) error {
	return s.write(func() { s.set.Write(ns, key, value) })
}

// Delete removes a key.
func (s *Simulator) Delete(ns, key string) error {
	return s.write(func() { s.set.Delete(ns, key) })
}

// PutMetadata replaces a key's metadata.
func (s *Simulator) PutMetadata(ns, key string, entries map[string][]byte) error {
	return s.write(func() { s.set.Metadata(ns, key, entries) })
}

func (s *Simulator) write(record func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return ErrDone
	}
	if s.queried != "" {
		return &UnsupportedError{s.txID, "Transaction has already performed " + s.queried + ". Writes are not allowed"}
	}
	s.wrote = true
	record()
	return nil
}

// readOnly notes that the transaction did what only a read-only one may do.
func (s *Simulator) readOnly(what, plural string) error {
	if s.snap == nil {
		return ErrDone
	}
	if s.wrote {
		return &UnsupportedError{s.txID, plural + " are supported only in a read-only transaction"}
	}
	s.queried = what
	return nil
}

// GetPrivate reads a private key's plaintext; nil if it is absent. It fails
// where the value is not kept by this peer.
func (s *Simulator) GetPrivate(ns, collection, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return nil, ErrDone
	}
	v, err := s.snap.Private(ns, collection, key)
	if err != nil {
		return nil, err
	}
	if v == nil {
		s.set.PrivateRead(ns, collection, key, nil)
		return nil, nil
	}
	s.set.PrivateRead(ns, collection, key, &rwset.Version{Block: v.Version.Block, Tx: v.Version.Tx})
	return v.Value, nil
}

// GetPrivateHash reads the SHA-256 of a private key's value, which every peer
// keeps; nil if the key is absent.
func (s *Simulator) GetPrivateHash(ns, collection, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.lookHash(ns, collection, key)
	if err != nil {
		return nil, err
	}
	if v == nil {
		s.set.PrivateRead(ns, collection, key, nil)
		return nil, nil
	}
	s.set.PrivateRead(ns, collection, key, &rwset.Version{Block: v.Version.Block, Tx: v.Version.Tx})
	return v.ValueHash, nil
}

// PeekPrivate and PeekHash are GetPrivate and GetPrivateHash, unrecorded.
func (s *Simulator) PeekPrivate(ns, collection, key string) (*ledger.VersionedValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return nil, ErrDone
	}
	return s.snap.Private(ns, collection, key)
}

// PeekHash reads a private key's public trace, unrecorded; nil if absent.
func (s *Simulator) PeekHash(ns, collection, key string) (*ledger.VersionedHash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookHash(ns, collection, key)
}

func (s *Simulator) lookHash(ns, collection, key string) (*ledger.VersionedHash, error) {
	if s.snap == nil {
		return nil, ErrDone
	}
	hash := sha256.Sum256([]byte(key))
	return s.snap.Hash(ns, collection, hash[:])
}

// PutPrivate writes a private key: its hashes become public, its plaintext
// stays with the peers of the collection.
func (s *Simulator) PutPrivate(ns, collection, key string, value []byte) error {
	return s.write(func() { s.set.PrivateWrite(ns, collection, key, value) })
}

// DeletePrivate removes a private key.
func (s *Simulator) DeletePrivate(ns, collection, key string) error {
	return s.PutPrivate(ns, collection, key, nil)
}

// Results ends the simulation and returns the read/write set. It can be called
// once.
func (s *Simulator) Results() (*rwset.Results, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return nil, ErrDone
	}
	for _, rows := range s.ranges {
		info, err := rows.info()
		if err != nil {
			s.close()
			return nil, err
		}
		s.set.Range(rows.ns, info)
	}
	if err := s.close(); err != nil {
		return nil, err
	}
	return s.set.Build()
}

// Done releases the snapshot; it may be called more than once.
func (s *Simulator) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.close() // nothing was written: a failed close loses nothing
}

func (s *Simulator) close() error {
	if s.snap == nil {
		return nil
	}
	var errs []error
	for _, rows := range s.ranges {
		errs = append(errs, rows.release())
	}
	errs = append(errs, s.snap.Close())
	s.snap, s.ranges = nil, nil
	return errors.Join(errs...)
}
