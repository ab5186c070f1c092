// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

const stepRange = "EX-3"

// rangeRead is one range under way, and its record.
type rangeRead struct {
	start, end string
	cursor     cursor
	buffer     []row  // fetched, not yet consumed
	more       bool   // the host has more
	last       string // last key consumed
	rows       []*fpc.Read
	versions   []rwset.Read // Full: of every row, FPC's own too, as a peer would record it
	exhausted  bool
	closed     bool
}

// openRead opens a range at the host and puts it into the record; the ledger is
// locked. An empty range is not worth asking.
func (l *ledger) openRead(start, end string) (*rangeRead, error) {
	r := &rangeRead{start: start, end: end}
	if end != "" && start >= end {
		r.closed = true
		return r, nil
	}
	var err error
	if r.cursor, err = l.view.open(start, end); err != nil {
		return nil, l.failed(err)
	}
	l.ranges = append(l.ranges, r)
	return r, l.fill(r)
}

// fill takes one batch of rows. It counts as kept until it is consumed: a range
// that is opened and left alone takes memory, too.
func (l *ledger) fill(r *rangeRead) error {
	var err error
	if r.buffer, r.more, err = r.cursor.next(); err != nil {
		return l.failed(err)
	}
	return l.keep(stepRange, size(r.buffer...))
}

// size is how many bytes rows take.
func size(rows ...row) int {
	n := 0
	for _, row := range rows {
		n += len(row.key) + len(row.value)
	}
	return n
}

// advance consumes rows until one is for the chaincode; nil at the end of the
// range. The ledger is locked.
func (l *ledger) advance(r *rangeRead) (*shim.KV, error) {
	for !r.closed {
		if len(r.buffer) == 0 {
			if !r.more {
				r.exhausted, r.closed = true, true
				return nil, nil
			}
			if err := l.fill(r); err != nil {
				return nil, err
			}
			continue
		}
		row := r.buffer[0]
		r.buffer = r.buffer[1:]
		l.release(size(row))
		kv, err := l.consume(r, row)
		if kv != nil || err != nil {
			return kv, err
		}
	}
	return nil, nil
}

// consume judges one row and records it. Rows of FPC's own keys are neither
// recorded nor shown; values of earlier generations are recorded and not shown.
func (l *ledger) consume(r *rangeRead, row row) (*shim.KV, error) {
	key := row.key
	if key < r.start || (r.end != "" && key >= r.end) || (r.last != "" && key <= r.last) || len(row.value) == 0 {
		return nil, l.fail(stepRange, CodeBadRange, "the host gave key %q out of order or bounds of [%q, %q)", key, r.start, r.end)
	}
	r.last = key
	if row.version != nil {
		r.versions = append(r.versions, rwset.Read{Key: key, Version: row.version})
	}
	if protocol.IsReservedKey(key) {
		return nil, nil
	}
	if err := l.keep(stepRange, len(key)+hashSize); err != nil {
		return nil, err
	}
	r.rows = append(r.rows, &fpc.Read{Key: key, ValueHash: protocol.ValueHash(row.value)})
	plain, err := l.open(stepRange, key, row.value)
	if err != nil || plain == nil {
		return nil, err
	}
	return &shim.KV{Namespace: l.state.params.GetChaincodeId(), Key: key, Value: plain}, nil
}

// closeRead frees what the host holds.
func (l *ledger) closeRead(r *rangeRead) {
	if r.closed {
		return
	}
	r.closed = true
	if r.more && l.err == nil && !l.ended {
		r.cursor.close()
	}
	l.release(size(r.buffer...))
	r.buffer = nil
}

// record returns the range as it is replayed: up to its end if it was consumed
// to its end, else up to and with its last key. Nil if nothing was consumed.
func (r *rangeRead) record() *fpc.RangeRead {
	switch {
	case r.exhausted:
		return &fpc.RangeRead{Start: r.start, End: r.end, Rows: r.rows}
	case r.last == "":
		return nil
	default:
		return &fpc.RangeRead{Start: r.start, End: r.last + "\x00", Rows: r.rows}
	}
}

// iterator goes through a range. What HasNext looked at is consumed too: the
// chaincode knows of it.
type iterator struct {
	*ledger
	read   *rangeRead
	peeked *shim.KV
	err    error // found by HasNext, told by Next
}

// HasNext tells whether Next has something to return: a row, or an error.
func (it *iterator) HasNext() bool {
	if err := it.begin(stepRange); err != nil {
		return false
	}
	defer it.mu.Unlock()
	if it.peeked == nil && it.err == nil {
		it.peeked, it.err = it.advance(it.read)
	}
	return it.peeked != nil || it.err != nil
}

// Next returns the next row; shim.ErrNoMoreRows after the last.
func (it *iterator) Next() (*shim.KV, error) {
	if err := it.begin(stepRange); err != nil {
		return nil, err
	}
	defer it.mu.Unlock()
	row, err := it.peeked, it.err
	it.peeked = nil
	if row == nil && err == nil {
		row, err = it.advance(it.read)
	}
	if row == nil && err == nil {
		err = shim.ErrNoMoreRows
	}
	return row, err
}

// Close frees what the host holds for the range.
func (it *iterator) Close() error {
	it.mu.Lock()
	defer it.mu.Unlock()
	it.peeked, it.err = nil, nil
	it.closeRead(it.read)
	return nil
}
