// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// public is the collection of the chaincode's own keys.
const public = ""

// simulation is what one transaction read and wrote, over all chaincodes that
// took part.
type simulation struct {
	txID      string
	timestamp time.Time
	writes    []write
	reads     map[location]uint64 // version, 0: absent
	ranges    []rangeRead

	paged, privateRange bool
}

type location struct {
	chaincode       *Chaincode
	collection, key string
}

type write struct {
	chaincode       *Chaincode
	collection, key string
	value           []byte
	policyOnly      bool
}

type rangeRead struct {
	chaincode              *Chaincode
	collection, start, end string
	rows                   map[string]uint64
}

// write records a write. Fabric takes none after a page or a private range was
// read, because it could not re-check those at commit.
func (s *simulation) write(w write) error {
	switch {
	case s.paged:
		return fmt.Errorf("txid [%s]: the transaction has read a page: writes are not allowed", s.txID)
	case s.privateRange:
		return fmt.Errorf("txid [%s]: the transaction has queried private data: writes are not allowed", s.txID)
	}
	s.writes = append(s.writes, w)
	return nil
}

// effective returns what commits of the writes, as in Fabric's write sets: of
// each key the last value and the last policy, values first, so that a new key's
// policy finds the key whichever was set first.
func (s *simulation) effective() []write {
	type target struct {
		location
		policyOnly bool
	}
	of := func(w write) target {
		return target{location{w.chaincode, w.collection, w.key}, w.policyOnly}
	}
	last := make(map[target]int)
	for i, w := range s.writes {
		last[of(w)] = i
	}
	var values, policies []write
	for i, w := range s.writes {
		switch {
		case last[of(w)] != i:
		case w.policyOnly:
			policies = append(policies, w)
		default:
			values = append(values, w)
		}
	}
	return append(values, policies...)
}

// beginPage refuses pages in a transaction that has written.
func (s *simulation) beginPage() error {
	if len(s.writes) > 0 {
		return fmt.Errorf("txid [%s]: pages can be read only in a read-only transaction", s.txID)
	}
	s.paged = true
	return nil
}

// beginPrivateRange refuses private ranges in a transaction that has written.
func (s *simulation) beginPrivateRange() error {
	if len(s.writes) > 0 {
		return fmt.Errorf("txid [%s]: private data can be queried only in a read-only transaction", s.txID)
	}
	s.privateRange = true
	return nil
}

// read returns a committed value with the channel locked.
func (s *simulation) read(at location) entry {
	e := at.chaincode.state[at.collection][at.key]
	s.reads[at] = e.version
	return e
}

// scan returns the committed keys of [start, end) with the channel locked.
func (s *simulation) scan(cc *Chaincode, collection, start, end string) []string {
	keys := sortedKeys(cc.state[collection], start, end)
	rows := make(map[string]uint64, len(keys))
	for _, k := range keys {
		rows[k] = cc.state[collection][k].version
	}
	s.ranges = append(s.ranges, rangeRead{cc, collection, start, end, rows})
	return keys
}

// check compares what was read with the state as it is, with the channel locked.
func (s *simulation) check() error {
	for at, version := range s.reads {
		if now := at.chaincode.state[at.collection][at.key].version; now != version {
			return fmt.Errorf("%w: key %q changed", ErrConflict, at.key)
		}
	}
	for _, r := range s.ranges {
		now := make(map[string]uint64)
		for _, k := range sortedKeys(r.chaincode.state[r.collection], r.start, r.end) {
			now[k] = r.chaincode.state[r.collection][k].version
		}
		if !maps.Equal(now, r.rows) {
			return fmt.Errorf("%w: range [%q, %q) changed", ErrConflict, r.start, r.end)
		}
	}
	return nil
}

func sortedKeys(state map[string]entry, start, end string) []string {
	var keys []string
	for k := range state {
		if k >= start && (end == "" || k < end) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
