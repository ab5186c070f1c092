// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"unicode/utf8"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// GetStateByRange returns the simple keys of [startKey, endKey) (EX-3).
func (s *privateStub) GetStateByRange(startKey, endKey string) (shim.StateQueryIteratorInterface, error) {
	if err := s.ordered("GetStateByRange"); err != nil {
		return nil, err
	}
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, err
	}
	return s.openRange(start, end)
}

// GetStateByRangeWithPagination returns one page of such a range.
func (s *privateStub) GetStateByRangeWithPagination(startKey, endKey string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	if err := s.ordered("GetStateByRangeWithPagination"); err != nil {
		return nil, nil, err
	}
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, nil, err
	}
	return s.page(start, end, pageSize, bookmark)
}

func (s *privateStub) openRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	if err := checkBounds(start, end); err != nil {
		return nil, err
	}
	if err := s.begin(stepRange); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	r, err := s.openRead(start, end)
	if err != nil {
		return nil, err
	}
	return &iterator{ledger: s.ledger, read: r}, nil
}

// page reads one page at once and cuts it itself, so that rows which the
// chaincode does not see leave no holes. The bookmark is the first key of the
// next page, and so is that key consumed too.
func (s *privateStub) page(start, end string, size int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	if size == 0 && bookmark == "" { // as at a peer: no paging
		rows, err := s.openRange(start, end)
		return rows, &shim.QueryResponseMetadata{}, err
	}
	if err := checkBounds(start, end); err != nil {
		return nil, nil, err
	}
	if size < 1 {
		return nil, nil, protocol.Errorf(stepRange, protocol.CodeBadArguments, "a page of %d rows", size)
	}
	if bookmark != "" {
		if bookmark < start || (end != "" && bookmark >= end) {
			return nil, nil, protocol.Errorf(stepRange, protocol.CodeBadArguments, "bookmark %q lies outside of the range", bookmark)
		}
		start = bookmark
		if err := checkBounds(start, end); err != nil {
			return nil, nil, err
		}
	}
	if err := s.begin(stepRange); err != nil {
		return nil, nil, err
	}
	defer s.mu.Unlock()
	if len(s.writes)+len(s.metaSets) > 0 {
		return nil, nil, protocol.Errorf(stepRange, CodeReadOnly, "a transaction that has written may not read pages")
	}
	s.paged = true
	r, err := s.openRead(start, end)
	if err != nil {
		return nil, nil, err
	}
	return s.readPage(r, int(size))
}

func (l *ledger) readPage(r *rangeRead, size int) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	var rows []*shim.KV
	metadata := &shim.QueryResponseMetadata{}
	for {
		row, err := l.advance(r)
		if err != nil {
			return nil, nil, err
		}
		if row == nil {
			break
		}
		if len(rows) == size {
			metadata.Bookmark = row.GetKey()
			break
		}
		if err := l.keep(stepRange, len(row.GetValue())); err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	l.closeRead(r)
	metadata.FetchedRecordsCount = int32(len(rows))
	return shim.NewRows(rows), metadata, nil
}

func checkBounds(start, end string) error {
	for _, key := range []string{start, end} {
		if !utf8.ValidString(key) {
			return protocol.Errorf(stepRange, CodeBadKey, "bound %q is not valid UTF-8", key)
		}
		if err := checkReserved(stepRange, key); err != nil {
			return err
		}
	}
	return nil
}
