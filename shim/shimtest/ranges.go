// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"slices"

	"github.com/privatechaincode/fpc/shim"
)

// CreateCompositeKey is shim.CreateCompositeKey.
func (s *Stub) CreateCompositeKey(objectType string, attributes []string) (string, error) {
	return shim.CreateCompositeKey(objectType, attributes)
}

// SplitCompositeKey is shim.SplitCompositeKey.
func (s *Stub) SplitCompositeKey(compositeKey string) (string, []string, error) {
	return shim.SplitCompositeKey(compositeKey)
}

// GetStateByRange returns the committed simple keys of a range.
func (s *Stub) GetStateByRange(startKey, endKey string) (shim.StateQueryIteratorInterface, error) {
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, err
	}
	return s.GetRawStateByRange(start, end)
}

// GetStateByRangeWithPagination returns one page of a range.
func (s *Stub) GetStateByRangeWithPagination(startKey, endKey string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, nil, err
	}
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

// GetStateByPartialCompositeKey returns keys by their first attributes.
func (s *Stub) GetStateByPartialCompositeKey(objectType string, keys []string) (shim.StateQueryIteratorInterface, error) {
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, err
	}
	return s.GetRawStateByRange(start, end)
}

// GetStateByPartialCompositeKeyWithPagination returns one page of them.
func (s *Stub) GetStateByPartialCompositeKeyWithPagination(objectType string, keys []string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, nil, err
	}
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

// GetAllStatesCompositeKeyWithPagination returns one page of all composite keys.
func (s *Stub) GetAllStatesCompositeKeyWithPagination(pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end := shim.AllCompositeRange()
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

// GetRawStateByRange reads a range whose bounds stand for themselves.
func (s *Stub) GetRawStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	return s.scan(public, start, end), nil
}

// GetRawStateByRangeWithPagination reads one page of such a range. As at a
// peer, no page size and no bookmark means no paging.
func (s *Stub) GetRawStateByRangeWithPagination(start, end string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	if pageSize == 0 && bookmark == "" {
		return s.scan(public, start, end), &shim.QueryResponseMetadata{}, nil
	}
	if err := s.sim.beginPage(); err != nil {
		return nil, nil, err
	}
	if bookmark != "" {
		start = bookmark
	}
	c := s.chaincode.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := sortedKeys(s.chaincode.state[public], start, end)
	page := &shim.QueryResponseMetadata{}
	if pageSize > 0 && len(keys) > int(pageSize) {
		page.Bookmark = keys[pageSize]
		keys = keys[:pageSize]
	}
	page.FetchedRecordsCount = int32(len(keys))
	return shim.NewRows(s.rows(public, keys)), page, nil
}

// GetPrivateDataByRange returns the committed simple keys of a collection.
func (s *Stub) GetPrivateDataByRange(collection, startKey, endKey string) (shim.StateQueryIteratorInterface, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, err
	}
	if err := s.sim.beginPrivateRange(); err != nil {
		return nil, err
	}
	return s.scan(collection, start, end), nil
}

// GetPrivateDataByPartialCompositeKey returns keys of a collection by their
// first attributes.
func (s *Stub) GetPrivateDataByPartialCompositeKey(collection, objectType string, keys []string) (shim.StateQueryIteratorInterface, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, err
	}
	if err := s.sim.beginPrivateRange(); err != nil {
		return nil, err
	}
	return s.scan(collection, start, end), nil
}

// GetHistoryForKey returns a key's committed values, newest first.
func (s *Stub) GetHistoryForKey(key string) (shim.HistoryQueryIteratorInterface, error) {
	c := s.chaincode.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	entries := slices.Clone(s.chaincode.history[key])
	slices.Reverse(entries)
	return &history{entries: entries}, nil
}

// GetQueryResult is not supported: a state database without rich queries.
func (s *Stub) GetQueryResult(string) (shim.StateQueryIteratorInterface, error) {
	return nil, noRichQueries("GetQueryResult")
}

// GetQueryResultWithPagination is not supported.
func (s *Stub) GetQueryResultWithPagination(string, int32, string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	return nil, nil, noRichQueries("GetQueryResultWithPagination")
}

// GetPrivateDataQueryResult is not supported.
func (s *Stub) GetPrivateDataQueryResult(string, string) (shim.StateQueryIteratorInterface, error) {
	return nil, noRichQueries("GetPrivateDataQueryResult")
}

func noRichQueries(method string) error {
	return &shim.UnsupportedError{Method: method, Reason: "the state database in memory has no rich queries"}
}

func (s *Stub) scan(collection, start, end string) *shim.Rows {
	c := s.chaincode.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	return shim.NewRows(s.rows(collection, s.sim.scan(s.chaincode, collection, start, end)))
}

// rows is called with the channel locked.
func (s *Stub) rows(collection string, keys []string) []*shim.KV {
	rows := make([]*shim.KV, len(keys))
	for i, k := range keys {
		rows[i] = &shim.KV{Namespace: s.chaincode.Name, Key: k, Value: slices.Clone(s.chaincode.state[collection][k].value)}
	}
	return rows
}

type history struct{ entries []*shim.KeyModification }

func (h *history) HasNext() bool { return len(h.entries) > 0 }

func (h *history) Next() (*shim.KeyModification, error) {
	if !h.HasNext() {
		return nil, shim.ErrNoMoreRows
	}
	entry := h.entries[0]
	h.entries = h.entries[1:]
	return entry, nil
}

func (h *history) Close() error {
	h.entries = nil
	return nil
}
