// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// public is the name under which the chaincode's own keys stand beside its
// private data collections.
const public = ""

// policyKey names the metadata entry with a key's endorsement policy.
var policyKey = peer.MetaDataKeys_VALIDATION_PARAMETER.String()

func (s *stub) GetState(key string) ([]byte, error) { return s.get(public, key) }

func (s *stub) GetMultipleStates(keys ...string) ([][]byte, error) {
	return s.getMultiple(public, keys)
}

func (s *stub) PutState(key string, value []byte) error {
	if key == "" {
		return shim.ErrEmptyKey
	}
	return s.put(public, key, value)
}

func (s *stub) DelState(key string) error { return s.del(public, key) }

func (s *stub) SetStateValidationParameter(key string, ep []byte) error {
	return s.setPolicy(public, key, ep)
}

func (s *stub) GetStateValidationParameter(key string) ([]byte, error) {
	return s.getPolicy(public, key)
}

func (s *stub) get(collection, key string) ([]byte, error) {
	value, err := s.tx.ask(peer.ChaincodeMessage_GET_STATE, &peer.GetState{Collection: collection, Key: key})
	return absentNil(value), err
}

// getMultiple asks for as many keys at a time as the peer takes.
func (s *stub) getMultiple(collection string, keys []string) ([][]byte, error) {
	extra := s.tx.session.extra
	limit := int(extra.GetMaxSizeGetMultipleKeys())
	if !extra.GetUseGetMultipleKeys() || limit < 1 {
		return s.getOneByOne(collection, keys)
	}
	values := make([][]byte, 0, len(keys))
	for len(keys) > 0 {
		now := keys[:min(limit, len(keys))]
		keys = keys[len(now):]
		answer := &peer.GetStateMultipleResult{}
		request := &peer.GetStateMultiple{Collection: collection, Keys: now}
		if err := s.tx.askFor(peer.ChaincodeMessage_GET_STATE_MULTIPLE, request, answer); err != nil {
			return nil, err
		}
		if got := len(answer.GetValues()); got != len(now) {
			return nil, &ProtocolError{Got: fmt.Sprintf("%d values", got), Want: fmt.Sprintf("%d, one per key", len(now))}
		}
		for _, v := range answer.GetValues() {
			values = append(values, absentNil(v))
		}
	}
	return values, nil
}

func (s *stub) getOneByOne(collection string, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = s.get(collection, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (s *stub) put(collection, key string, value []byte) error {
	return s.write(&peer.WriteRecord{Type: peer.WriteRecord_PUT_STATE, Collection: collection, Key: key, Value: value})
}

func (s *stub) del(collection, key string) error {
	return s.write(&peer.WriteRecord{Type: peer.WriteRecord_DEL_STATE, Collection: collection, Key: key})
}

func (s *stub) setPolicy(collection, key string, policy []byte) error {
	return s.write(&peer.WriteRecord{
		Type: peer.WriteRecord_PUT_STATE_METADATA, Collection: collection, Key: key,
		Metadata: &peer.StateMetadata{Metakey: policyKey, Value: policy},
	})
}

func (s *stub) getPolicy(collection, key string) ([]byte, error) {
	answer := &peer.StateMetadataResult{}
	request := &peer.GetStateMetadata{Collection: collection, Key: key}
	if err := s.tx.askFor(peer.ChaincodeMessage_GET_STATE_METADATA, request, answer); err != nil {
		return nil, err
	}
	for _, entry := range answer.GetEntries() {
		if entry.GetMetakey() == policyKey {
			return absentNil(entry.GetValue()), nil
		}
	}
	return nil, nil
}

// absentNil gives the one form of "no value": on the wire, absent and empty
// are the same.
func absentNil(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return value
}
