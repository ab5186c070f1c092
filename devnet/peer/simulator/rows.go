// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/rwset"
)

// Row is one pair of a range query.
type Row struct {
	Key   string
	Value []byte
}

// Rows is a range query as it goes on. What was seen of it goes into the read
// set, so that a validator can find phantoms: up to the last row taken, or to
// the end of the range once Next returned nil.
type Rows struct {
	sim  *Simulator
	ns   string
	rows *ledger.Rows // nil once released

	start, end string
	last       string // key of the last row taken
	exhausted  bool
	// left is how many rows may still be taken, negative for no limit.
	left    int32
	summary *rwset.Summarizer
}

// Range queries the keys k of a namespace with start <= k < end in byte order;
// an empty end means to the end of the namespace.
func (s *Simulator) Range(ns, start, end string) (*Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return nil, ErrDone
	}
	return s.open(ns, start, end, -1)
}

// Page is Range limited to size rows (none: no limit). It makes the
// transaction read-only, because Fabric cannot validate pages.
func (s *Simulator) Page(ns, start, end string, size int32) (*Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readOnly("a paginated query", "Paginated queries"); err != nil {
		return nil, err
	}
	if size <= 0 {
		size = -1
	}
	return s.open(ns, start, end, size)
}

func (s *Simulator) open(ns, start, end string, limit int32) (*Rows, error) {
	rows, err := s.snap.Range(ns, start, end)
	if err != nil {
		return nil, err
	}
	summary, err := rwset.NewSummarizer(rwset.DefaultMaxDegree)
	if err != nil {
		return nil, err
	}
	r := &Rows{sim: s, ns: ns, rows: rows, start: start, end: end, left: limit, summary: summary}
	s.ranges = append(s.ranges, r)
	return r, nil
}

// Next returns the next row, nil at the end of the range or of the page.
func (r *Rows) Next() (*Row, error) {
	r.sim.mu.Lock()
	defer r.sim.mu.Unlock()
	if r.rows == nil {
		return nil, ErrDone
	}
	if r.left == 0 {
		return nil, nil // the page is full, not the range exhausted
	}
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return nil, err
		}
		r.exhausted = true
		return nil, nil
	}
	if r.left > 0 {
		r.left--
	}
	row := r.rows.Row()
	if err := r.summary.Add(rwset.Read{Key: row.Key, Version: &rwset.Version{Block: row.Version.Block, Tx: row.Version.Tx}}); err != nil {
		return nil, err
	}
	r.last = row.Key
	return &Row{Key: row.Key, Value: row.Value}, nil
}

// Bookmark returns the key that follows the last row taken, empty if there is
// none: where the next page starts. It ends the query.
func (r *Rows) Bookmark() (string, error) {
	r.sim.mu.Lock()
	defer r.sim.mu.Unlock()
	if r.rows == nil {
		return "", ErrDone
	}
	next := ""
	if r.rows.Next() {
		next = r.rows.Row().Key
	}
	if err := r.rows.Err(); err != nil {
		return "", err
	}
	return next, r.release()
}

// Close ends the query. What was seen of it stays in the read set.
func (r *Rows) Close() error {
	r.sim.mu.Lock()
	defer r.sim.mu.Unlock()
	return r.release()
}

func (r *Rows) release() error {
	if r.rows == nil {
		return nil
	}
	rows := r.rows
	r.rows = nil
	return rows.Close()
}

// info is what the read set says about the query.
func (r *Rows) info() (rwset.Range, error) {
	rows, summary, err := r.summary.Finish()
	if err != nil {
		return rwset.Range{}, err
	}
	end := r.last
	if r.exhausted {
		end = r.end
	}
	return rwset.Range{Start: r.start, End: end, Exhausted: r.exhausted, Rows: rows, Summary: summary}, nil
}

// PrivateRange returns the private pairs with start <= key < end that this peer
// keeps. It makes the transaction read-only and is no part of the read set,
// because the channel's hashes cannot show that a range is complete.
func (s *Simulator) PrivateRange(ns, collection, start, end string) ([]Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readOnly("queries on private data", "Queries on private data"); err != nil {
		return nil, err
	}
	rows, err := s.snap.PrivateRange(ns, collection, start, end)
	if err != nil {
		return nil, err
	}
	var out []Row
	for rows.Next() {
		row := rows.Row()
		out = append(out, Row{Key: row.Key, Value: row.Value})
	}
	return out, errors.Join(rows.Err(), rows.Close())
}
