// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
)

// publicState is the _lifecycle namespace as a transaction sees and changes it.
type publicState struct{ sim *simulator.Simulator }

func (s publicState) GetState(key string) ([]byte, error) {
	return s.sim.Get(lifecycle.Namespace, key)
}

func (s publicState) PutState(key string, value []byte) error {
	return s.sim.Put(lifecycle.Namespace, key, value)
}

func (s publicState) DelState(key string) error { return s.sim.Delete(lifecycle.Namespace, key) }

// rangeEnd sorts after every name: all characters of names are below it.
const rangeEnd = "\x7f"

func (s publicState) GetStateRange(prefix string) (map[string][]byte, error) {
	rows, err := s.sim.Range(lifecycle.Namespace, prefix, prefix+rangeEnd)
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			return found, rows.Close()
		}
		found[row.Key] = row.Value
	}
}

// orgState is an organisation's implicit collection: plaintext if it is this
// peer's own organisation, hashes for every one.
type orgState struct {
	sim        *simulator.Simulator
	collection string
}

func stateOf(sim *simulator.Simulator, mspID string) orgState {
	return orgState{sim: sim, collection: rwset.ImplicitCollection(mspID)}
}

func (s orgState) GetState(key string) ([]byte, error) {
	return s.sim.GetPrivate(lifecycle.Namespace, s.collection, key)
}

func (s orgState) PutState(key string, value []byte) error {
	return s.sim.PutPrivate(lifecycle.Namespace, s.collection, key, value)
}

func (s orgState) DelState(key string) error {
	return s.sim.DeletePrivate(lifecycle.Namespace, s.collection, key)
}

func (s orgState) GetStateHash(key string) ([]byte, error) {
	return s.sim.GetPrivateHash(lifecycle.Namespace, s.collection, key)
}

func (s orgState) GetStateRange(prefix string) (map[string][]byte, error) {
	rows, err := s.sim.PrivateRange(lifecycle.Namespace, s.collection, prefix, prefix+rangeEnd)
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for _, row := range rows {
		found[row.Key] = row.Value
	}
	return found, nil
}

// unrecorded reads the same states for the peer's own purposes: nothing of it
// enters the read set.
type unrecorded struct{ sim *simulator.Simulator }

func (u unrecorded) GetState(key string) ([]byte, error) {
	v, err := u.sim.Peek(lifecycle.Namespace, key)
	if v == nil {
		return nil, err
	}
	return v.Value, nil
}

type unrecordedOrg struct {
	sim        *simulator.Simulator
	collection string
}

func (u unrecordedOrg) GetState(key string) ([]byte, error) {
	v, err := u.sim.PeekPrivate(lifecycle.Namespace, u.collection, key)
	if v == nil {
		return nil, err
	}
	return v.Value, nil
}

func (u unrecordedOrg) GetStateHash(key string) ([]byte, error) {
	v, err := u.sim.PeekHash(lifecycle.Namespace, u.collection, key)
	if v == nil {
		return nil, err
	}
	return v.ValueHash, nil
}
