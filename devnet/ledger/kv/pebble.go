// SPDX-License-Identifier: Apache-2.0

package kv

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Open opens or creates the store in dir. Only one process may hold it.
func Open(dir string) (Store, error) {
	return openFS(dir, vfs.Default)
}

// NewMemory returns an empty store that lives in memory only.
func NewMemory() Store {
	s, err := openFS("mem", vfs.NewMem())
	if err != nil {
		// A fresh memory file system has no contents that could be at fault.
		panic(fmt.Sprintf("kv: memory store: %v", err))
	}
	return s
}

func openFS(dir string, fs vfs.FS) (Store, error) {
	// A ledger asks for keys that are not there (is the transaction id new?) as
	// often as for those that are, and blocks push state out of a small cache.
	options := &pebble.Options{
		FS:           fs,
		MemTableSize: 16 << 20,
		CacheSize:    64 << 20,
		Logger:       quiet{},
	}
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("kv: open %s: %w", dir, err)
	}
	return &pebbleStore{db: db}, nil
}

// pebbleStore guards against use after Close, at which pebble panics.
type pebbleStore struct {
	db *pebble.DB

	mu     sync.RWMutex // held for reading by every operation, for writing by Close
	closed bool
}

func (s *pebbleStore) enter() error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return ErrClosed
	}
	return nil
}

func (s *pebbleStore) Get(key []byte) ([]byte, bool, error) {
	if err := s.enter(); err != nil {
		return nil, false, err
	}
	defer s.mu.RUnlock()
	return get(s.db, key)
}

func (s *pebbleStore) Iterate(lower, upper []byte) (Iterator, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	return iterate(s.db, lower, upper)
}

func (s *pebbleStore) Snapshot() (Snapshot, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	return &pebbleSnapshot{s.db.NewSnapshot()}, nil
}

func (s *pebbleStore) Commit(b *Batch) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	pb := s.db.NewBatch()
	defer pb.Close()
	for _, o := range b.ops {
		var err error
		if o.remove {
			err = pb.Delete(o.key, nil)
		} else {
			err = pb.Set(o.key, o.value, nil)
		}
		if err != nil {
			return fmt.Errorf("kv: batch: %w", err)
		}
	}
	if err := pb.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("kv: commit: %w", err)
	}
	return nil
}

// Close fails if a snapshot or iterator is still open.
func (s *pebbleStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("kv: close: %w", err)
	}
	return nil
}

type pebbleSnapshot struct{ snap *pebble.Snapshot }

func (s *pebbleSnapshot) Get(key []byte) ([]byte, bool, error) { return get(s.snap, key) }

func (s *pebbleSnapshot) Iterate(lower, upper []byte) (Iterator, error) {
	return iterate(s.snap, lower, upper)
}

func (s *pebbleSnapshot) Close() error { return s.snap.Close() }

func get(r pebble.Reader, key []byte) ([]byte, bool, error) {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("kv: get: %w", err)
	}
	out := append([]byte{}, v...)
	return out, true, closer.Close()
}

func iterate(r pebble.Reader, lower, upper []byte) (Iterator, error) {
	if len(lower) == 0 {
		lower = nil // what pebble calls no bound
	}
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("kv: iterate: %w", err)
	}
	return &pebbleIterator{it: it}, nil
}

type pebbleIterator struct {
	it      *pebble.Iterator
	started bool
}

func (i *pebbleIterator) Next() bool {
	if !i.started {
		i.started = true
		return i.it.First()
	}
	return i.it.Next()
}

func (i *pebbleIterator) Key() []byte   { return i.it.Key() }
func (i *pebbleIterator) Value() []byte { return i.it.Value() }
func (i *pebbleIterator) Err() error    { return i.it.Error() }
func (i *pebbleIterator) Close() error  { return i.it.Close() }

// quiet drops what pebble says of its own housekeeping.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf is called when the store can no longer keep its promise (a failed
// sync): going on would lose commits that were acknowledged.
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("kv: "+format, args...))
}
