// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package liar

import (
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// relayed is one stream, with what each transaction asked for last: an answer
// does not say what it answers.
type relayed struct {
	*relay
	askedMu sync.Mutex
	asked   map[string]*peer.ChaincodeMessage // by transaction
	renamed map[string]string                 // transaction ids, as the stub has them to the peer's, and back
}

// rename gives a message the id that its transaction has on the other side.
func (r *relayed) rename(m *peer.ChaincodeMessage) {
	if other, ok := r.renamed[m.Txid]; ok {
		m.Txid = other
	}
}

func (r *relayed) toPeer(m *peer.ChaincodeMessage) error {
	r.askedMu.Lock()
	r.rename(m)
	if m.Type != peer.ChaincodeMessage_COMPLETED {
		r.asked[m.Txid] = m
	}
	r.askedMu.Unlock()
	if m.Type == peer.ChaincodeMessage_COMPLETED {
		return rewriteAs(m, &peer.Response{}, r.now().Answer)
	}
	return nil
}

func (r *relayed) toStub(m *peer.ChaincodeMessage) error {
	now := r.now()
	switch m.Type {
	case peer.ChaincodeMessage_TRANSACTION:
		if now.Call != nil {
			r.called(m, now.Call)
		}
	case peer.ChaincodeMessage_RESPONSE:
		r.askedMu.Lock()
		asked := r.asked[m.Txid]
		r.rename(m)
		r.askedMu.Unlock()
		return now.change(asked, m)
	}
	return nil
}

// called changes a call, and remembers under which id the stub now knows it.
func (r *relayed) called(m *peer.ChaincodeMessage, change func(*peer.ChaincodeMessage)) {
	theirs := m.Txid
	change(m)
	if m.Txid != theirs {
		r.askedMu.Lock()
		defer r.askedMu.Unlock()
		r.renamed[m.Txid], r.renamed[theirs] = theirs, m.Txid
	}
}

// change changes an answer to the stub.
func (l Lies) change(asked, m *peer.ChaincodeMessage) error {
	switch asked.GetType() {
	case peer.ChaincodeMessage_GET_STATE:
		get := &peer.GetState{}
		if err := proto.Unmarshal(asked.Payload, get); err != nil || l.Value == nil {
			return err
		}
		m.Payload = l.Value(get.Key, m.Payload)
	case peer.ChaincodeMessage_GET_STATE_MULTIPLE:
		get := &peer.GetStateMultiple{}
		if err := proto.Unmarshal(asked.Payload, get); err != nil || l.Value == nil {
			return err
		}
		return rewriteAs(m, &peer.GetStateMultipleResult{}, func(result *peer.GetStateMultipleResult) {
			for i, key := range get.Keys {
				result.Values[i] = l.Value(key, result.Values[i])
			}
		})
	case peer.ChaincodeMessage_GET_STATE_BY_RANGE, peer.ChaincodeMessage_QUERY_STATE_NEXT:
		if l.Rows == nil {
			return nil
		}
		return rewriteAs(m, &peer.QueryResponse{}, func(result *peer.QueryResponse) {
			var rows []*ledger.KV
			for _, r := range result.Results {
				kv := &ledger.KV{}
				_ = proto.Unmarshal(r.ResultBytes, kv) // of an honest peer
				rows = append(rows, kv)
			}
			result.Results = nil
			for _, kv := range l.Rows(rows) {
				raw, _ := proto.Marshal(kv)
				result.Results = append(result.Results, &peer.QueryResultBytes{ResultBytes: raw})
			}
		})
	}
	return nil
}

// rewriteAs changes a message's payload; a nil change leaves it alone.
func rewriteAs[M proto.Message](m *peer.ChaincodeMessage, as M, change func(M)) error {
	if change == nil {
		return nil
	}
	if err := proto.Unmarshal(m.Payload, as); err != nil {
		return err
	}
	change(as)
	var err error
	m.Payload, err = proto.Marshal(as)
	return err
}
