// SPDX-License-Identifier: Apache-2.0

package shim

import "context"

// CommonIteratorInterface is what all iterators have.
type CommonIteratorInterface interface {
	// HasNext tells whether Next has something to return.
	HasNext() bool
	// Close frees what the peer holds for the iterator. It may be called
	// at any time, more than once.
	Close() error
}

// StateQueryIteratorInterface goes through the rows of a range or query.
type StateQueryIteratorInterface interface {
	CommonIteratorInterface
	// Next returns the next row, or an error where there is none.
	Next() (*KV, error)
}

// HistoryQueryIteratorInterface goes through the history of a key.
type HistoryQueryIteratorInterface interface {
	CommonIteratorInterface
	// Next returns the next entry, or an error where there is none.
	Next() (*KeyModification, error)
}

// RawRangeStub is implemented by stubs that can read ranges whose bounds are
// given exactly as they stand on the ledger, composite keys included, with no
// check of theirs. The FPC stub needs it to serve its enclave (EX-3); it finds
// it by type assertion. Chaincodes use the methods of StateStub.
type RawRangeStub interface {
	// GetRawStateByRange returns the keys of [start, end).
	GetRawStateByRange(start, end string) (StateQueryIteratorInterface, error)
	// GetRawStateByRangeWithPagination returns one page of [start, end).
	GetRawStateByRangeWithPagination(start, end string, pageSize int32, bookmark string) (StateQueryIteratorInterface, *QueryResponseMetadata, error)
}

// ContextStub is implemented by stubs whose transaction can end early: the
// context is done when the peer is gone or the program shuts down.
type ContextStub interface {
	Context() context.Context
}

// Rows is an iterator over rows at hand.
type Rows struct {
	rows []*KV
	next int
}

// NewRows returns an iterator over rows, in their order.
func NewRows(rows []*KV) *Rows { return &Rows{rows: rows} }

// HasNext tells whether a row is left.
func (r *Rows) HasNext() bool { return r.next < len(r.rows) }

// Next returns the next row; ErrNoMoreRows after the last.
func (r *Rows) Next() (*KV, error) {
	if !r.HasNext() {
		return nil, ErrNoMoreRows
	}
	r.next++
	return r.rows[r.next-1], nil
}

// Close ends the iteration: no row is left after it.
func (r *Rows) Close() error {
	r.next = len(r.rows)
	return nil
}
