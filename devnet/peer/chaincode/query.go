// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const (
	// batchRows is how many rows go into one message.
	batchRows = 100
	// totalRows is how many rows one query returns at most, as Fabric's default.
	totalRows = 100_000
)

// source yields the results of a query, encoded; nil at the end.
type source interface {
	next() ([]byte, error)
	close() error
}

// query is a query that a chaincode iterates over.
type query struct {
	source
	// ahead is a row that was read to know whether there are more; Fabric reads
	// it too, so it is part of the read set.
	ahead []byte
	count int
	limit int
}

// batch returns the next rows and tells whether more follow.
func (q *query) batch(size int) (rows []*peer.QueryResultBytes, more bool, err error) {
	if q.ahead != nil {
		rows = append(rows, &peer.QueryResultBytes{ResultBytes: q.ahead})
		q.ahead = nil
	}
	for q.count < q.limit {
		row, err := q.next()
		if err != nil {
			return nil, false, err
		}
		if row == nil {
			return rows, false, nil
		}
		q.count++
		if len(rows) == size {
			q.ahead = row
			return rows, true, nil
		}
		rows = append(rows, &peer.QueryResultBytes{ResultBytes: row})
	}
	return rows, false, nil
}

// stateRows are the rows of a range of state.
type stateRows struct {
	namespace string
	rows      *simulator.Rows
}

func (s stateRows) next() ([]byte, error) {
	row, err := s.rows.Next()
	if err != nil || row == nil {
		return nil, err
	}
	return proto.Marshal(&ledger.KV{Namespace: s.namespace, Key: row.Key, Value: row.Value})
}

func (s stateRows) close() error { return s.rows.Close() }

func rangeQuery(c *call, m *peer.GetStateByRange) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	var page peer.QueryMetadata
	if err := proto.Unmarshal(m.GetMetadata(), &page); err != nil {
		return nil, err
	}
	if page.GetPageSize() != 0 || page.GetBookmark() != "" {
		return pageQuery(c, m, &page)
	}
	rows, err := c.inv.Sim.Range(c.namespace, m.GetStartKey(), m.GetEndKey())
	if err != nil {
		return nil, err
	}
	return c.startQuery(stateRows{c.namespace, rows})
}

// pageQuery answers one page in one message; the bookmark is the key at which
// the next page starts.
func pageQuery(c *call, m *peer.GetStateByRange, page *peer.QueryMetadata) ([]byte, error) {
	start := m.GetStartKey()
	if page.GetBookmark() != "" {
		start = page.GetBookmark()
	}
	rows, err := c.inv.Sim.Page(c.namespace, start, m.GetEndKey(), page.GetPageSize())
	if err != nil {
		return nil, err
	}
	limit := totalRows
	if size := int(page.GetPageSize()); size > 0 && size < limit {
		limit = size
	}
	q := &query{source: stateRows{c.namespace, rows}, limit: limit}
	results, _, err := q.batch(limit)
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	bookmark, err := rows.Bookmark()
	if err != nil {
		return nil, err
	}
	metadata, err := proto.Marshal(&peer.QueryResponseMetadata{FetchedRecordsCount: int32(len(results)), Bookmark: bookmark})
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&peer.QueryResponse{Results: results, Id: c.nextQuery(nil), Metadata: metadata})
}

func richQuery(c *call, m *peer.GetQueryResult) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	return nil, errors.New("ExecuteQuery not supported for leveldb")
}

// startQuery answers the first rows of a query and keeps it if there are more.
func (c *call) startQuery(s source) ([]byte, error) {
	q := &query{source: s, limit: totalRows}
	return c.continueQuery(c.nextQuery(q), q)
}

func (c *call) continueQuery(id string, q *query) ([]byte, error) {
	rows, more, err := q.batch(batchRows)
	if err != nil {
		return nil, errors.Join(err, c.endQuery(id))
	}
	if !more {
		if err := c.endQuery(id); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&peer.QueryResponse{Results: rows, HasMore: more, Id: id})
}

func nextRows(c *call, m *peer.QueryStateNext) ([]byte, error) {
	q := c.query(m.GetId())
	if q == nil {
		return nil, errors.New("query iterator not found")
	}
	return c.continueQuery(m.GetId(), q)
}

func closeQuery(c *call, m *peer.QueryStateClose) ([]byte, error) {
	if err := c.endQuery(m.GetId()); err != nil {
		return nil, err
	}
	return proto.Marshal(&peer.QueryResponse{Id: m.GetId()})
}
