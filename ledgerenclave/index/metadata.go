// SPDX-License-Identifier: Apache-2.0

package index

// metadata holds the metadata of keys, encoded, under numbers: many keys share one
// policy, so equal ones are kept once. What no key has any more is let go of, now
// and then, and its number given anew.
//
// A view has the entries as they were at its head. Slots that are in use at any
// head are never written again: letting go makes a new slice, and what it frees
// there no later view names before it is given anew.
type metadata struct {
	entries []string          // by number from 1; "" where there is none
	numbers map[string]uint32 // of the entries
	free    []uint32          // numbers below len(entries) without an entry
	size    int               // about how many bytes the entries take
	limit   int               // size at which those that no key has are let go of
	slack   int               // how many bytes these may always take
}

const (
	// metadataSlack is how much memory metadata that no key has may always take, in
	// bytes. It may also take as much as what keys have, and keySlack for each key:
	// then looking for it costs a small part of what writing it did.
	metadataSlack = 1 << 20
	keySlack      = 8
	// entrySize is what an entry takes beside its own bytes.
	entrySize = 64
)

func newMetadata() *metadata {
	return &metadata{entries: []string{""}, numbers: make(map[string]uint32), limit: metadataSlack, slack: metadataSlack}
}

// intern returns the number of a key's metadata; 0: it has none.
func (m *metadata) intern(packed string) uint32 {
	if packed == "" {
		return 0
	}
	if n, ok := m.numbers[packed]; ok {
		return n
	}
	n := uint32(len(m.entries))
	if last := len(m.free) - 1; last >= 0 {
		n, m.free = m.free[last], m.free[:last]
		m.entries[n] = packed
	} else {
		m.entries = append(m.entries, packed)
	}
	m.numbers[packed] = n
	m.size += entrySize + len(packed)
	return n
}

// tidy lets go of what no key of the newest state has, if there may be much of it.
// Views of earlier heads keep theirs.
func (m *metadata) tidy(newest Tree[record]) {
	if m.size <= m.limit {
		return
	}
	used := make([]bool, len(m.entries))
	for _, r := range newest.From("") {
		used[r.metadata] = true
	}
	end := len(used)
	for ; end > 1 && !used[end-1]; end-- {
	}
	before := m.entries
	*m = metadata{entries: make([]string, end), numbers: make(map[string]uint32), slack: m.slack}
	for n := 1; n < end; n++ {
		if !used[n] {
			m.free = append(m.free, uint32(n))
			continue
		}
		m.entries[n] = before[n]
		m.numbers[before[n]] = uint32(n)
		m.size += entrySize + len(before[n])
	}
	m.limit = 2*m.size + m.slack + keySlack*newest.Len()
}
