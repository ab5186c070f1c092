// SPDX-License-Identifier: Apache-2.0

package kv

import (
	"bytes"
	"sync"
)

// Sizes in bytes.
const (
	// cacheSize bounds what each of a cache's two generations holds.
	cacheSize = 4 << 20
	// cachedValue is the longest value that is kept.
	cachedValue = 16 << 10
	// entryOverhead is counted for each pair beside its key and value.
	entryOverhead = 128
)

// Cached puts a cache of pairs, and of absences, in front of what a store's
// snapshots read. It is for keys that nearly every transaction reads, such as a
// chaincode's definition: the store itself searches several tables for each.
// What is read of the store, and iterators, go past it.
func Cached(s Store) Store {
	return &cachedStore{Store: s, young: make(map[string]cachedPair), old: make(map[string]cachedPair)}
}

// cachedStore keeps the pairs in two generations: what is found in the old one
// moves to the young one, and when that is full it becomes the old one.
//
// A pair is true from the state after the commit number since on, until the
// present one: a commit takes the pairs that it changes out before it begins. In
// between nothing is put in, for nobody knows then which side of the commit a
// snapshot shows.
type cachedStore struct {
	Store

	mu         sync.Mutex
	commits    uint64 // that have ended
	committing int    // that have begun and not ended
	young, old map[string]cachedPair
	size       int // of young
}

type cachedPair struct {
	value []byte // nil: absent
	since uint64
}

// Commit implements Store.
func (s *cachedStore) Commit(b *Batch) error {
	s.mu.Lock()
	s.committing++
	for _, o := range b.ops {
		delete(s.young, string(o.key))
		delete(s.old, string(o.key))
	}
	s.mu.Unlock()
	err := s.Store.Commit(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committing--
	s.commits++
	return err
}

// Snapshot implements Store.
func (s *cachedStore) Snapshot() (Snapshot, error) {
	s.mu.Lock()
	at, unsure := s.commits, s.committing > 0
	s.mu.Unlock()
	inner, err := s.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unsure = unsure || s.committing > 0 || s.commits != at
	return &cachedSnapshot{Snapshot: inner, store: s, at: at, unsure: unsure}, nil
}

// cachedSnapshot shows the state after the commit number at, or a later one if a
// commit was under way while it was made.
type cachedSnapshot struct {
	Snapshot
	store  *cachedStore
	at     uint64
	unsure bool
}

// Get implements Reader.
func (s *cachedSnapshot) Get(key []byte) ([]byte, bool, error) {
	if p, ok := s.store.find(key, s.at); ok {
		return bytes.Clone(p.value), p.value != nil, nil
	}
	value, ok, err := s.Snapshot.Get(key)
	if err == nil && !s.unsure {
		s.store.keep(key, value, ok, s.at)
	}
	return value, ok, err
}

// find returns a pair that is true in the state at.
func (s *cachedStore) find(key []byte, at uint64) (cachedPair, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.young[string(key)]
	if !ok {
		if p, ok = s.old[string(key)]; ok {
			delete(s.old, string(key))
			s.put(string(key), p)
		}
	}
	return p, ok && p.since <= at
}

// keep puts in what a snapshot of the state at has read.
func (s *cachedStore) keep(key, value []byte, present bool, at uint64) {
	if len(value) > cachedValue {
		return
	}
	p := cachedPair{since: at}
	if present {
		p.value = append([]byte{}, value...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.committing == 0 && s.commits == at {
		s.put(string(key), p)
	}
}

// put puts a pair into the young generation; the store is locked.
func (s *cachedStore) put(key string, p cachedPair) {
	if was, ok := s.young[key]; ok && was.since <= p.since {
		return // the same value, true for longer
	}
	if s.size >= cacheSize {
		s.old, s.young, s.size = s.young, make(map[string]cachedPair), 0
	}
	delete(s.old, key)
	s.young[key] = p
	s.size += len(key) + len(p.value) + entryOverhead
}
