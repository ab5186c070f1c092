// SPDX-License-Identifier: Apache-2.0

package enclave

import "github.com/privatechaincode/fpc/shim"

// CreateCompositeKey joins an object type and attributes to a key.
func (s *privateStub) CreateCompositeKey(objectType string, attributes []string) (string, error) {
	return shim.CreateCompositeKey(objectType, attributes)
}

// SplitCompositeKey takes such a key apart.
func (s *privateStub) SplitCompositeKey(compositeKey string) (string, []string, error) {
	return shim.SplitCompositeKey(compositeKey)
}

// GetStateByPartialCompositeKey returns the keys of a type whose first attributes
// are the given ones (EX-3).
func (s *privateStub) GetStateByPartialCompositeKey(objectType string, attributes []string) (shim.StateQueryIteratorInterface, error) {
	if err := s.ordered("GetStateByPartialCompositeKey"); err != nil {
		return nil, err
	}
	start, end, err := shim.PartialCompositeRange(objectType, attributes)
	if err != nil {
		return nil, err
	}
	return s.openRange(start, end)
}

// GetStateByPartialCompositeKeyWithPagination returns one page of them.
func (s *privateStub) GetStateByPartialCompositeKeyWithPagination(objectType string, attributes []string, pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	if err := s.ordered("GetStateByPartialCompositeKeyWithPagination"); err != nil {
		return nil, nil, err
	}
	start, end, err := shim.PartialCompositeRange(objectType, attributes)
	if err != nil {
		return nil, nil, err
	}
	return s.page(start, end, pageSize, bookmark)
}

// GetAllStatesCompositeKeyWithPagination returns one page of all composite keys.
// Those that FPC keeps for itself are not among them.
func (s *privateStub) GetAllStatesCompositeKeyWithPagination(pageSize int32, bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	if err := s.ordered("GetAllStatesCompositeKeyWithPagination"); err != nil {
		return nil, nil, err
	}
	start, end := shim.AllCompositeRange()
	return s.page(start, end, pageSize, bookmark)
}
