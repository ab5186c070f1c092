// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// check tests what a transaction read against the state and what the block
// changed so far, where that is known. A reason means a conflict.
func (b *batch) check(set *rwset.Set) (code peer.TxValidationCode, reason, err error) {
	for i := range set.Namespaces {
		ns := &set.Namespaces[i]
		if b.tainted(ns.Name) {
			continue
		}
		for _, r := range ns.Reads {
			if reason, err = b.checkRead(bucket{ns.Name, ""}, r.Key, r.Version); reason != nil || err != nil {
				return peer.TxValidationCode_MVCC_READ_CONFLICT, reason, err
			}
		}
		for _, r := range ns.Ranges {
			if reason, err = b.checkRange(ns.Name, r); reason != nil || err != nil {
				return peer.TxValidationCode_PHANTOM_READ_CONFLICT, reason, err
			}
		}
		for _, c := range ns.Collections {
			for _, r := range c.Reads {
				if reason, err = b.checkRead(bucket{ns.Name, c.Name}, string(r.KeyHash), r.Version); reason != nil || err != nil {
					return peer.TxValidationCode_MVCC_READ_CONFLICT, reason, err
				}
			}
		}
	}
	return peer.TxValidationCode_VALID, nil, nil
}

func (b *batch) checkRead(in bucket, key string, read *rwset.Version) (reason, err error) {
	if e, ok := b.get(in, key); ok {
		return fmt.Errorf("key %q of %s was changed by transaction %d of this block", key, in, e.version.Tx), nil
	}
	committed, err := b.version(in, key)
	if err != nil {
		return nil, err
	}
	if !rwset.Same(committed, read) {
		return fmt.Errorf("key %q of %s was read at %s, it is at %s", key, in, at(read), at(committed)), nil
	}
	return nil, nil
}

func (in bucket) String() string {
	if in.collection == "" {
		return in.namespace
	}
	return in.namespace + "/" + in.collection
}

func at(v *rwset.Version) string {
	if v == nil {
		return "no version"
	}
	return fmt.Sprintf("version %d:%d", v.Block, v.Tx)
}

// checkRange runs a range query again and compares its rows, or the Merkle
// summary of them.
func (b *batch) checkRange(namespace string, r rwset.Range) (reason, err error) {
	if r.Summary != nil {
		return b.checkSummary(namespace, r)
	}
	conflict := func(format string, args ...any) error {
		return fmt.Errorf("range [%q, %q] of %s: "+format, append([]any{r.Start, r.End, namespace}, args...)...)
	}
	i := 0
	for row, err := range b.rows(namespace, r) {
		if err != nil {
			return nil, err
		}
		if i == len(r.Rows) {
			return conflict("row %q is new", row.Key), nil
		}
		// A row without a version, which no peer makes, matches nothing.
		switch want := r.Rows[i]; {
		case row.Key != want.Key:
			return conflict("row %q in place of %q", row.Key, want.Key), nil
		case want.Version == nil || *row.Version != *want.Version:
			return conflict("row %q is at %s, was read at %s", row.Key, at(row.Version), at(want.Version)), nil
		}
		i++
	}
	if i < len(r.Rows) {
		return conflict("row %q is gone", r.Rows[i].Key), nil
	}
	return nil, nil
}

// checkSummary takes a degree that no Merkle tree has, at which a Fabric peer
// stops, for a conflict.
func (b *batch) checkSummary(namespace string, r rwset.Range) (reason, err error) {
	if r.Summary.MaxDegree < 2 {
		return fmt.Errorf("range [%q, %q] of %s: a summary of degree %d", r.Start, r.End, namespace, r.Summary.MaxDegree), nil
	}
	s, err := rwset.NewSummarizer(r.Summary.MaxDegree)
	if err != nil {
		return nil, err
	}
	for row, err := range b.rows(namespace, r) {
		if err != nil {
			return nil, err
		}
		if err := s.Add(row); err != nil {
			return nil, err
		}
	}
	_, now, err := s.Finish()
	if err != nil {
		return nil, err
	}
	if !now.Equal(r.Summary) {
		return fmt.Errorf("range [%q, %q] of %s: its rows changed", r.Start, r.End, namespace), nil
	}
	return nil, nil
}

// rows merges the state's rows of a range with the block's changes, in order.
func (b *batch) rows(namespace string, r rwset.Range) iter.Seq2[rwset.Read, error] {
	return func(yield func(rwset.Read, error) bool) {
		in := bucket{namespace, ""}
		changed := b.changedIn(in, r.Start, r.End)
		emit := func(key string) bool { // a key of the block; false to stop
			e := b.entries[in][key]
			return e.deleted || yield(rwset.Read{Key: key, Version: &e.version}, nil)
		}
		for row, err := range b.state.Range(namespace, r.Start, r.End) {
			if err != nil {
				yield(rwset.Read{}, err)
				return
			}
			for len(changed) > 0 && changed[0] < row.Key {
				if !emit(changed[0]) {
					return
				}
				changed = changed[1:]
			}
			if len(changed) > 0 && changed[0] == row.Key {
				continue // the block's is newer, and comes next
			}
			if !yield(row, nil) {
				return
			}
		}
		for _, key := range changed {
			if !emit(key) {
				return
			}
		}
		if !r.Exhausted { // the end is the last row that was seen, and part of the range
			b.lastRow(in, r.End, yield)
		}
	}
}

func (b *batch) lastRow(in bucket, key string, yield func(rwset.Read, error) bool) {
	if e, ok := b.get(in, key); ok {
		if !e.deleted {
			yield(rwset.Read{Key: key, Version: &e.version}, nil)
		}
		return
	}
	version, err := b.version(in, key)
	if err != nil || version != nil {
		yield(rwset.Read{Key: key, Version: version}, err)
	}
}

// changedIn lists the block's changed keys k with start <= k < end, sorted; an
// empty end stands for none.
func (b *batch) changedIn(in bucket, start, end string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(b.entries[in])) {
		if key >= start && (end == "" || key < end) {
			keys = append(keys, key)
		}
	}
	return keys
}
