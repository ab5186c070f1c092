// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"errors"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
	"github.com/privatechaincode/fpc/protocol"
)

// answer answers all asks of a request at one head.
func (l *ledger) answer(req *fpc.LedgerRequest) *fpc.LedgerAnswer {
	newest := l.index.Newest()
	view := newest
	if at := req.GetAt(); at != 0 {
		view = l.index.At(at)
	}
	if view == nil {
		return &fpc.LedgerAnswer{Head: newest.Head(), Failure: protocol.Failure(l.notKept(req.GetAt(), newest))}
	}
	a := &answerer{ledger: l, view: view, at: req.GetAt(), room: l.limits.MaxAnswer}
	out := &fpc.LedgerAnswer{Head: view.Head()}
	if n := len(req.GetAsks()); n > l.limits.MaxAsks {
		out.Failure = protocol.Failure(protocol.Errorf("INV-9", protocol.CodeTooLarge, "%d asks in a request, at most %d are answered", n, l.limits.MaxAsks))
		return out
	}
	for _, ask := range req.GetAsks() {
		reply, err := a.reply(ask)
		if err != nil {
			out.Replies, out.Failure = nil, protocol.Failure(err)
			return out
		}
		out.Replies = append(out.Replies, reply)
	}
	return out
}

func (l *ledger) notKept(at uint64, newest *index.View) error {
	if at > newest.Height() {
		return protocol.Errorf("INV-11", CodeNotYet, "height %d is asked for, the ledger enclave is at %d", at, newest.Height())
	}
	return protocol.Errorf("INV-11", CodeStaleView, "height %d is asked for, the ledger enclave keeps %d to %d", at, l.index.Oldest(), newest.Height())
}

// answerer answers one request.
type answerer struct {
	ledger *ledger
	view   *index.View
	at     uint64 // as asked
	room   int    // how many more bytes fit, about
}

func (a *answerer) reply(ask *fpc.LedgerAsk) (*fpc.LedgerReply, error) {
	switch ask := ask.GetAsk().(type) {
	case *fpc.LedgerAsk_Identity:
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Identity{Identity: a.identity(ask.Identity)}}, nil
	case *fpc.LedgerAsk_Keys:
		r, err := a.keys(ask.Keys)
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Keys{Keys: r}}, err
	case *fpc.LedgerAsk_Range:
		r, err := a.rows(ask.Range)
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Range{Range: r}}, err
	case *fpc.LedgerAsk_Endorser:
		r, err := a.endorser(ask.Endorser)
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Endorser{Endorser: r}}, err
	case *fpc.LedgerAsk_Transaction:
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Transaction{Transaction: a.transaction(ask.Transaction)}}, nil
	case *fpc.LedgerAsk_Agree:
		r, err := a.agree(ask.Agree)
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Agree{Agree: r}}, err
	case *fpc.LedgerAsk_Statement:
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Statement{Statement: a.statement(ask.Statement)}}, nil
	case *fpc.LedgerAsk_Registry:
		value, err := a.registered(ask.Registry.GetKey())
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Registry{Registry: &fpc.RegistryReply{Value: value}}}, err
	case *fpc.LedgerAsk_Policy:
		r, err := a.policy()
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Policy{Policy: r}}, err
	case *fpc.LedgerAsk_Hash:
		return &fpc.LedgerReply{Reply: &fpc.LedgerReply_Hash{Hash: a.hash(ask.Hash)}}, nil
	}
	return nil, protocol.Errorf("INV-9", protocol.CodeMalformed, "an ask of no kind")
}

// identity is validate_identity (INV-11): valid, not revoked, and allowed to
// propose to the channel's peers. Expiry is for those who have a clock.
func (a *answerer) identity(ask *fpc.IdentityAsk) *fpc.IdentityReply {
	refuse := func(code protocol.Code, err error) *fpc.IdentityReply {
		return &fpc.IdentityReply{Refused: protocol.Failure(protocol.Errorf("INV-11", code, "%w", err))}
	}
	bundle := a.view.Bundle()
	id, err := bundle.Identities().Identity(ask.GetIdentity())
	if err != nil {
		code := protocol.CodeForeignCreator
		var e *msp.Error
		if errors.As(err, &e) && e.Code == msp.CodeRevoked {
			code = protocol.CodeRevokedCreator
		}
		return refuse(code, err)
	}
	path, ok := bundle.ACL("peer/Propose")
	if !ok {
		path = policy.ApplicationWriters
	}
	propose, _ := bundle.Policy(path)
	if err := propose.EvaluateIdentities([]*msp.Presented{id.Presented}); err != nil {
		return refuse(protocol.CodeForeignCreator, err)
	}
	return &fpc.IdentityReply{}
}

// infoSize is about how many bytes a KeyInfo has.
const infoSize = 192

// take accounts for bytes of the answer.
func (a *answerer) take(step string, n int) error {
	if n > a.room {
		return protocol.Errorf(step, protocol.CodeTooLarge, "the answer would have more than %d bytes", a.ledger.limits.MaxAnswer)
	}
	a.room -= n
	return nil
}

// registered reads a key of ERCC's state.
func (a *answerer) registered(key string) ([]byte, error) {
	value, err := a.view.Value(a.ledger.registry, key)
	if err != nil {
		return nil, err
	}
	return value, a.take("KEY-7", len(value))
}

// keys is metadata(ns, key) (EX-1).
func (a *answerer) keys(ask *fpc.KeysAsk) (*fpc.KeysReply, error) {
	if err := a.take("EX-1", infoSize*len(ask.GetKeys())); err != nil {
		return nil, err
	}
	r := &fpc.KeysReply{Keys: make([]*fpc.KeyInfo, len(ask.GetKeys()))}
	for i, key := range ask.GetKeys() {
		r.Keys[i] = a.view.Info(ask.GetNamespace(), key)
	}
	return r, nil
}

// rows is range_metadata (EX-3). It is complete up to its last row, or to the
// range's end if it does not go on; of a tainted namespace nobody knows.
func (a *answerer) rows(ask *fpc.RangeAsk) (*fpc.RangeReply, error) {
	r := &fpc.RangeReply{Tainted: a.view.Tainted(ask.GetNamespace())}
	for key, info := range a.view.Rows(ask.GetNamespace(), ask.GetStart(), ask.GetEnd()) {
		if limit := ask.GetLimit(); limit != 0 && len(r.Rows) == int(limit) {
			r.More = true
			break
		}
		if err := a.take("EX-3", infoSize+len(key)); err != nil {
			if len(r.Rows) == 0 {
				return nil, err
			}
			r.More = true
			break
		}
		r.Rows = append(r.Rows, &fpc.RangeRow{Key: key, Info: info})
	}
	return r, nil
}

// transaction is tx_status. An id that stands in several blocks is answered for
// its first one: the others are duplicates.
func (a *answerer) transaction(ask *fpc.TransactionAsk) *fpc.TransactionReply {
	tx, at, ok := a.view.Transaction(ask.GetTxId())
	if !ok {
		return &fpc.TransactionReply{}
	}
	r := &fpc.TransactionReply{Found: true, Block: at.Block, Position: at.Tx, Code: int32(tx.Code)}
	if tx.Payload != ([32]byte{}) {
		r.PayloadHash = tx.Payload[:]
	}
	return r
}

// hash tells how the block was that ended a height, as long as the chain lasts
// (INV-9).
func (a *answerer) hash(ask *fpc.HashAsk) *fpc.HashReply {
	if ask.GetHeight() > a.view.Height() {
		return &fpc.HashReply{}
	}
	hash, _ := a.ledger.index.HashAt(ask.GetHeight())
	return &fpc.HashReply{Hash: hash}
}

// agree finds the newest head at which keys had the values that a peer answered
// (INV-20), from the request's head on; or of all that are kept, if it names none.
func (a *answerer) agree(ask *fpc.AgreeAsk) (*fpc.AgreeReply, error) {
	if err := a.take("INV-20", len(ask.GetKeys())); err != nil {
		return nil, err
	}
	lowest := max(a.at, a.ledger.index.Oldest())
	for height := a.ledger.index.Newest().Height(); height >= lowest && height > 0; height-- {
		view := a.ledger.index.At(height)
		if view == nil { // no longer kept
			break
		}
		if agrees(view, ask) {
			return &fpc.AgreeReply{Found: true, Height: height}, nil
		}
	}
	return &fpc.AgreeReply{}, nil
}

func agrees(view *index.View, ask *fpc.AgreeAsk) bool {
	for _, k := range ask.GetKeys() {
		hash, present := view.Hash(ask.GetNamespace(), k.GetKey())
		if present != (len(k.GetValueHash()) != 0) || present && string(hash[:]) != string(k.GetValueHash()) {
			return false
		}
	}
	return true
}
