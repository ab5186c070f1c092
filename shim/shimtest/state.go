// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"crypto/sha256"
	"slices"

	"github.com/privatechaincode/fpc/shim"
)

// GetState returns a committed value.
func (s *Stub) GetState(key string) ([]byte, error) { return s.get(public, key), nil }

// GetMultipleStates returns committed values, in order.
func (s *Stub) GetMultipleStates(keys ...string) ([][]byte, error) {
	return s.getAll(public, keys), nil
}

// PutState records a write.
func (s *Stub) PutState(key string, value []byte) error {
	if key == "" {
		return shim.ErrEmptyKey
	}
	return s.put(public, key, value)
}

// DelState records a deletion.
func (s *Stub) DelState(key string) error { return s.put(public, key, nil) }

// SetStateValidationParameter records a key's own endorsement policy.
func (s *Stub) SetStateValidationParameter(key string, ep []byte) error {
	return s.setPolicy(public, key, ep)
}

// GetStateValidationParameter returns a key's own endorsement policy.
func (s *Stub) GetStateValidationParameter(key string) ([]byte, error) {
	return s.entry(public, key).policy, nil
}

// GetPrivateData returns a committed value of a collection.
func (s *Stub) GetPrivateData(collection, key string) ([]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.get(collection, key), nil
}

// GetMultiplePrivateData returns committed values of a collection, in order.
func (s *Stub) GetMultiplePrivateData(collection string, keys ...string) ([][]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.getAll(collection, keys), nil
}

// GetPrivateDataHash returns SHA-256 of a committed value, nil if absent.
func (s *Stub) GetPrivateDataHash(collection, key string) ([]byte, error) {
	value, err := s.GetPrivateData(collection, key)
	if err != nil || value == nil {
		return nil, err
	}
	sum := sha256.Sum256(value)
	return sum[:], nil
}

// PutPrivateData records a write to a collection.
func (s *Stub) PutPrivateData(collection, key string, value []byte) error {
	switch {
	case collection == "":
		return shim.ErrEmptyCollection
	case key == "":
		return shim.ErrEmptyKey
	}
	return s.put(collection, key, value)
}

// DelPrivateData records a deletion from a collection.
func (s *Stub) DelPrivateData(collection, key string) error {
	if collection == "" {
		return shim.ErrEmptyCollection
	}
	return s.put(collection, key, nil)
}

// PurgePrivateData is DelPrivateData here: there is no history to purge.
func (s *Stub) PurgePrivateData(collection, key string) error {
	return s.DelPrivateData(collection, key)
}

// SetPrivateDataValidationParameter records a key's own endorsement policy.
func (s *Stub) SetPrivateDataValidationParameter(collection, key string, ep []byte) error {
	if collection == "" {
		return shim.ErrEmptyCollection
	}
	return s.setPolicy(collection, key, ep)
}

// GetPrivateDataValidationParameter returns a key's own endorsement policy.
func (s *Stub) GetPrivateDataValidationParameter(collection, key string) ([]byte, error) {
	if collection == "" {
		return nil, shim.ErrEmptyCollection
	}
	return s.entry(collection, key).policy, nil
}

func (s *Stub) entry(collection, key string) entry {
	c := s.chaincode.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.sim.read(location{s.chaincode, collection, key})
}

func (s *Stub) get(collection, key string) []byte {
	return slices.Clone(s.entry(collection, key).value)
}

func (s *Stub) getAll(collection string, keys []string) [][]byte {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = s.get(collection, key)
	}
	return values
}

func (s *Stub) put(collection, key string, value []byte) error {
	return s.sim.write(write{chaincode: s.chaincode, collection: collection, key: key, value: slices.Clone(value)})
}

func (s *Stub) setPolicy(collection, key string, policy []byte) error {
	return s.sim.write(write{chaincode: s.chaincode, collection: collection, key: key, value: slices.Clone(policy), policyOnly: true})
}
