// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

import (
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// peerState is the chaincode's state at a peer. It is immutable.
type peerState struct {
	values, policies map[string][]byte
}

func newPeerState() *peerState {
	return &peerState{values: make(map[string][]byte), policies: make(map[string][]byte)}
}

func (s *peerState) with(key string, value []byte) *peerState {
	next := &peerState{clone(s.values), s.policies}
	next.set(key, value)
	return next
}

func (s *peerState) set(key string, value []byte) {
	if len(value) == 0 {
		delete(s.values, key)
		return
	}
	s.values[key] = value
}

func (s *peerState) apply(tx openedTx) *peerState {
	for _, ns := range tx.set.Namespaces {
		if ns.Name != Chaincode {
			continue
		}
		next := &peerState{clone(s.values), clone(s.policies)}
		for _, w := range ns.Writes {
			next.set(w.Key, w.Value)
			if w.IsDelete() {
				delete(next.policies, w.Key)
			}
		}
		for _, m := range ns.Metadata {
			delete(next.policies, m.Key)
			for _, entry := range m.Entries {
				if entry.Name == peer.MetaDataKeys_VALIDATION_PARAMETER.String() && next.values[m.Key] != nil {
					next.policies[m.Key] = entry.Value
				}
			}
		}
		return next
	}
	return s
}

func (s *peerState) scan(start, end string) []*fpc.Row {
	var rows []*fpc.Row
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if key >= start && (end == "" || key < end) {
			rows = append(rows, &fpc.Row{Key: key, Value: s.values[key]})
		}
	}
	return rows
}

// openedTx is a transaction, taken apart.
type openedTx struct {
	txID string
	set  *rwset.Set
}

func opened(t testing.TB, raw []byte) openedTx {
	t.Helper()
	env := &common.Envelope{}
	if err := proto.Unmarshal(raw, env); err != nil {
		t.Fatal(err)
	}
	o, err := envelope.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := o.Transaction()
	if err != nil {
		t.Fatal(err)
	}
	result, err := tx.Result()
	if err != nil {
		t.Fatal(err)
	}
	set, err := rwset.Parse(result.ReadWriteSet)
	if err != nil {
		t.Fatal(err)
	}
	return openedTx{o.Channel.GetTxId(), set}
}

func (w *World) headHash() []byte { return block.Hash(w.Header) }
