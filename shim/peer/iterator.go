// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// iterator goes through the rows of a query. The peer sends them by the
// hundred; the next hundred is asked for when one is used up.
type iterator[Row any, P interface {
	*Row
	proto.Message
}] struct {
	stub *stub
	id   string
	rows []*peer.QueryResultBytes
	more bool
}

func openIterator[Row any, P interface {
	*Row
	proto.Message
}](s *stub, kind peer.ChaincodeMessage_Type, request proto.Message) (*iterator[Row, P], []byte, error) {
	answer := &peer.QueryResponse{}
	if err := s.tx.askFor(kind, request, answer); err != nil {
		return nil, nil, err
	}
	it := &iterator[Row, P]{stub: s, id: answer.GetId(), rows: answer.GetResults(), more: answer.GetHasMore()}
	return it, answer.GetMetadata(), nil
}

// HasNext tells whether a row is left, here or at the peer.
func (it *iterator[Row, P]) HasNext() bool { return len(it.rows) > 0 || it.more }

// Next returns the next row; shim.ErrNoMoreRows after the last.
func (it *iterator[Row, P]) Next() (P, error) {
	if len(it.rows) == 0 && it.more {
		if err := it.fetch(); err != nil {
			return nil, err
		}
	}
	if len(it.rows) == 0 {
		return nil, shim.ErrNoMoreRows
	}
	row := P(new(Row))
	if err := proto.Unmarshal(it.rows[0].GetResultBytes(), row); err != nil {
		return nil, fmt.Errorf("row of a query: %w", err)
	}
	it.rows = it.rows[1:]
	return row, nil
}

func (it *iterator[Row, P]) fetch() error {
	answer := &peer.QueryResponse{}
	if err := it.stub.tx.askFor(peer.ChaincodeMessage_QUERY_STATE_NEXT, &peer.QueryStateNext{Id: it.id}, answer); err != nil {
		return err
	}
	it.rows, it.more = answer.GetResults(), answer.GetHasMore()
	return nil
}

// Close tells the peer to forget the query, unless it was read to its end: the
// peer has forgotten it then.
func (it *iterator[Row, P]) Close() error {
	atPeer := it.more
	it.rows, it.more = nil, false
	if !atPeer {
		return nil
	}
	_, err := it.stub.tx.ask(peer.ChaincodeMessage_QUERY_STATE_CLOSE, &peer.QueryStateClose{Id: it.id})
	return err
}
