// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"iter"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
)

// state is a snapshot as the validator reads it.
type state struct{ *Snapshot }

var _ validate.State = state{}

func (s state) HasTx(txID string) (bool, error) {
	_, ok, err := s.snap.Get(s.keys.text(kindTx, txID))
	return ok, err
}

func (s state) Version(ns, key string) (*rwset.Version, error) {
	v, err := s.State(ns, key)
	if v == nil {
		return nil, err
	}
	return &v.Version, nil
}

func (s state) Value(ns, key string) ([]byte, error) {
	v, err := s.State(ns, key)
	if v == nil {
		return nil, err
	}
	return v.Value, nil
}

func (s state) Metadata(ns, key string) ([]rwset.Entry, error) {
	v, err := s.State(ns, key)
	if v == nil {
		return nil, err
	}
	return v.Metadata, nil
}

func (s state) Range(ns, start, end string) iter.Seq2[rwset.Read, error] {
	return func(yield func(rwset.Read, error) bool) {
		rows, err := s.Snapshot.Range(ns, start, end)
		if err != nil {
			yield(rwset.Read{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			row := rows.Row()
			if !yield(rwset.Read{Key: row.Key, Version: &row.Version}, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(rwset.Read{}, err)
		}
	}
}

func (s state) HashedVersion(ns, collection string, keyHash []byte) (*rwset.Version, error) {
	v, err := s.Hash(ns, collection, keyHash)
	if v == nil {
		return nil, err
	}
	return &v.Version, nil
}

func (s state) HashedMetadata(ns, collection string, keyHash []byte) ([]rwset.Entry, error) {
	v, err := s.Hash(ns, collection, keyHash)
	if v == nil {
		return nil, err
	}
	return v.Metadata, nil
}
