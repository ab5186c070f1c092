// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// Private data collections: the same requests with a collection's name.

func (s *stub) GetPrivateData(collection, key string) ([]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.get(collection, key)
}

func (s *stub) GetMultiplePrivateData(collection string, keys ...string) ([][]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.getMultiple(collection, keys)
}

func (s *stub) GetPrivateDataHash(collection, key string) ([]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	hash, err := s.tx.ask(peer.ChaincodeMessage_GET_PRIVATE_DATA_HASH, &peer.GetState{Collection: collection, Key: key})
	return absentNil(hash), err
}

func (s *stub) PutPrivateData(collection, key string, value []byte) error {
	switch {
	case collection == "":
		return shim.ErrEmptyCollection
	case key == "":
		return shim.ErrEmptyKey
	}
	return s.put(collection, key, value)
}

func (s *stub) DelPrivateData(collection, key string) error {
	if collection == "" {
		return shim.ErrEmptyCollection
	}
	return s.del(collection, key)
}

func (s *stub) PurgePrivateData(collection, key string) error {
	if collection == "" {
		return shim.ErrEmptyCollection
	}
	return s.write(&peer.WriteRecord{Type: peer.WriteRecord_PURGE_PRIVATE_DATA, Collection: collection, Key: key})
}

func (s *stub) SetPrivateDataValidationParameter(collection, key string, ep []byte) error {
	if collection == "" {
		return shim.ErrEmptyCollection
	}
	return s.setPolicy(collection, key, ep)
}

func (s *stub) GetPrivateDataValidationParameter(collection, key string) ([]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.getPolicy(collection, key)
}

func (s *stub) GetPrivateDataByRange(collection, startKey, endKey string) (shim.StateQueryIteratorInterface, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	start, end, err := shim.SimpleRange(startKey, endKey)
	if err != nil {
		return nil, err
	}
	return s.openRange(collection, start, end)
}

func (s *stub) GetPrivateDataByPartialCompositeKey(collection, objectType string, keys []string) (shim.StateQueryIteratorInterface, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	start, end, err := shim.PartialCompositeRange(objectType, keys)
	if err != nil {
		return nil, err
	}
	return s.openRange(collection, start, end)
}

func (s *stub) GetPrivateDataQueryResult(collection, query string) (shim.StateQueryIteratorInterface, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.openState(peer.ChaincodeMessage_GET_QUERY_RESULT, &peer.GetQueryResult{Collection: collection, Query: query})
}
