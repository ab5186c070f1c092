// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

func (s *stub) GetStateByRange(startKey, endKey string) (shim.StateQueryIteratorInterface, error) {
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, err
	}
	return s.GetRawStateByRange(start, end)
}

func (s *stub) GetStateByRangeWithPagination(startKey, endKey string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, nil, err
	}
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

func (s *stub) GetStateByPartialCompositeKey(objectType string, keys []string) (shim.StateQueryIteratorInterface, error) {
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, err
	}
	return s.GetRawStateByRange(start, end)
}

func (s *stub) GetStateByPartialCompositeKeyWithPagination(objectType string, keys []string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, nil, err
	}
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

func (s *stub) GetAllStatesCompositeKeyWithPagination(pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	start, end := shim.AllCompositeRange()
	return s.GetRawStateByRangeWithPagination(start, end, pageSize, bookmark)
}

// GetRawStateByRange reads a range whose bounds stand for themselves.
func (s *stub) GetRawStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	return s.openRange(public, start, end)
}

// GetRawStateByRangeWithPagination reads one page of such a range.
func (s *stub) GetRawStateByRangeWithPagination(start, end string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	paging, err := paging(pageSize, bookmark)
	if err != nil {
		return nil, nil, err
	}
	return s.openPage(peer.ChaincodeMessage_GET_STATE_BY_RANGE, &peer.GetStateByRange{StartKey: start, EndKey: end, Metadata: paging})
}

func (s *stub) openRange(collection, start, end string) (shim.StateQueryIteratorInterface, error) {
	request := &peer.GetStateByRange{Collection: collection, StartKey: start, EndKey: end}
	return s.openState(peer.ChaincodeMessage_GET_STATE_BY_RANGE, request)
}

func (s *stub) GetQueryResult(query string) (shim.StateQueryIteratorInterface, error) {
	return s.openState(peer.ChaincodeMessage_GET_QUERY_RESULT, &peer.GetQueryResult{Query: query})
}

func (s *stub) GetQueryResultWithPagination(query string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	paging, err := paging(pageSize, bookmark)
	if err != nil {
		return nil, nil, err
	}
	return s.openPage(peer.ChaincodeMessage_GET_QUERY_RESULT, &peer.GetQueryResult{Query: query, Metadata: paging})
}

func (s *stub) GetHistoryForKey(key string) (shim.HistoryQueryIteratorInterface, error) {
	it, _, err := openIterator[shim.KeyModification](s, peer.ChaincodeMessage_GET_HISTORY_FOR_KEY, &peer.GetHistoryForKey{Key: key})
	if err != nil {
		return nil, err
	}
	return it, nil
}

func (s *stub) openState(kind peer.ChaincodeMessage_Type, request proto.Message) (shim.StateQueryIteratorInterface, error) {
	it, _, err := openIterator[shim.KV](s, kind, request)
	if err != nil {
		return nil, err
	}
	return it, nil
}

func (s *stub) openPage(kind peer.ChaincodeMessage_Type, request proto.Message) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	it, metadata, err := openIterator[shim.KV](s, kind, request)
	if err != nil {
		return nil, nil, err
	}
	page := &shim.QueryResponseMetadata{}
	if err := proto.Unmarshal(metadata, page); err != nil {
		return nil, nil, fmt.Errorf("answer to %s: page metadata: %w", kind, err)
	}
	return it, page, nil
}

func paging(pageSize int32, bookmark string) ([]byte, error) {
	b, err := proto.Marshal(&peer.QueryMetadata{PageSize: pageSize, Bookmark: bookmark})
	if err != nil {
		return nil, fmt.Errorf("page bookmark: %w", err)
	}
	return b, nil
}
