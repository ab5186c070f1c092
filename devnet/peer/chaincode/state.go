// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// public refuses private data: the embedded peer keeps none for chaincodes, and
// hashes without plaintext would stall the members' peers of a real network.
func (c *call) public(collection string) error {
	if collection == "" {
		return nil
	}
	return fmt.Errorf("collection %s/%s/%s could not be found: this peer keeps no private data for chaincodes", c.inv.ChannelID, c.namespace, collection)
}

func getState(c *call, m *peer.GetState) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	return c.inv.Sim.Get(c.namespace, m.GetKey())
}

func getStates(c *call, m *peer.GetStateMultiple) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	result := &peer.GetStateMultipleResult{Values: make([][]byte, len(m.GetKeys()))}
	for i, key := range m.GetKeys() {
		value, err := c.inv.Sim.Get(c.namespace, key)
		if err != nil {
			return nil, err
		}
		result.Values[i] = value
	}
	return proto.Marshal(result)
}

func putState(c *call, m *peer.PutState) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	return nil, c.inv.Sim.Put(c.namespace, m.GetKey(), m.GetValue())
}

func delState(c *call, m *peer.DelState) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	return nil, c.inv.Sim.Delete(c.namespace, m.GetKey())
}

func getMetadata(c *call, m *peer.GetStateMetadata) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	entries, err := c.inv.Sim.Metadata(c.namespace, m.GetKey())
	if err != nil {
		return nil, err
	}
	result := &peer.StateMetadataResult{}
	for _, e := range entries {
		result.Entries = append(result.Entries, &peer.StateMetadata{Metakey: e.Name, Value: e.Value})
	}
	return proto.Marshal(result)
}

func putMetadata(c *call, m *peer.PutStateMetadata) ([]byte, error) {
	if err := c.public(m.GetCollection()); err != nil {
		return nil, err
	}
	if m.GetMetadata() == nil {
		return nil, errors.New("no metadata given")
	}
	entries := map[string][]byte{m.Metadata.GetMetakey(): m.Metadata.GetValue()}
	return nil, c.inv.Sim.PutMetadata(c.namespace, m.GetKey(), entries)
}

func getPrivateHash(c *call, m *peer.GetState) ([]byte, error) {
	if m.GetCollection() == "" {
		return nil, errors.New("only applicable for private data")
	}
	return nil, c.public(m.GetCollection())
}

func purgePrivate(c *call, m *peer.PurgePrivateState) ([]byte, error) {
	if m.GetCollection() == "" {
		return nil, errors.New("only applicable for private data")
	}
	return nil, c.public(m.GetCollection())
}

// writeBatch makes the writes of a batch one after the other, up to the first
// that fails.
func writeBatch(c *call, m *peer.WriteBatchState) ([]byte, error) {
	for _, rec := range m.GetRec() {
		if err := writeRecord(c, rec); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func writeRecord(c *call, rec *peer.WriteRecord) error {
	var err error
	switch rec.GetType() {
	case peer.WriteRecord_PUT_STATE:
		_, err = putState(c, &peer.PutState{Key: rec.GetKey(), Value: rec.GetValue(), Collection: rec.GetCollection()})
	case peer.WriteRecord_DEL_STATE:
		_, err = delState(c, &peer.DelState{Key: rec.GetKey(), Collection: rec.GetCollection()})
	case peer.WriteRecord_PUT_STATE_METADATA:
		_, err = putMetadata(c, &peer.PutStateMetadata{Key: rec.GetKey(), Collection: rec.GetCollection(), Metadata: rec.GetMetadata()})
	case peer.WriteRecord_PURGE_PRIVATE_DATA:
		_, err = purgePrivate(c, &peer.PurgePrivateState{Key: rec.GetKey(), Collection: rec.GetCollection()})
	default:
		err = errors.New("unknown operation type")
	}
	return err
}
