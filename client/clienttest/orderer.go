// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package clienttest

import (
	"context"
	"sync"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Orderer commits each transaction at once, in a block of its own, if its
// creator signed it and the channel's Endorsement policy is satisfied.
type Orderer struct {
	w *World
	// Verdict replaces the verdict on every transaction; nil: it stays.
	Verdict *peer.TxValidationCode

	mu        sync.Mutex
	committed map[string]fabric.Status
	arrived   chan struct{} // closed and replaced at each commit
}

var _ client.Orderer = (*Orderer)(nil)

func newOrderer(w *World) *Orderer {
	return &Orderer{w: w, committed: make(map[string]fabric.Status), arrived: make(chan struct{})}
}

// Broadcast implements client.Orderer.
func (o *Orderer) Broadcast(_ context.Context, env *common.Envelope) error {
	opened, err := envelope.Open(env)
	if err != nil {
		return &fabric.RejectedError{Server: "orderer", Message: err.Error()}
	}
	tx, err := opened.Transaction()
	if err != nil {
		return &fabric.RejectedError{Server: "orderer", Message: err.Error()}
	}
	code := o.judge(tx)
	if o.Verdict != nil {
		code = *o.Verdict
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.committed[tx.TxID] = fabric.Status{TxID: tx.TxID, Code: code, Block: uint64(len(o.committed)) + 1}
	close(o.arrived)
	o.arrived = make(chan struct{})
	return nil
}

// Committed returns how many transactions stand in blocks.
func (o *Orderer) Committed() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.committed)
}

func (o *Orderer) judge(tx *envelope.Transaction) peer.TxValidationCode {
	claim := tx.SignedData()
	creator, err := o.w.Manager.Identity(claim.Identity)
	if err != nil || creator.Verify(claim.Data, claim.Signature) != nil {
		return peer.TxValidationCode_BAD_CREATOR_SIGNATURE
	}
	if o.w.endorsement.Evaluate(tx.Claims()) != nil {
		return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
	}
	return peer.TxValidationCode_VALID
}

func (o *Orderer) watch(ctx context.Context, txID string) client.Watcher {
	return &watcher{o, ctx, txID}
}

type watcher struct {
	orderer *Orderer
	ctx     context.Context
	txID    string
}

// Wait implements client.Watcher.
func (w *watcher) Wait() (fabric.Status, error) {
	for {
		w.orderer.mu.Lock()
		status, ok := w.orderer.committed[w.txID]
		arrived := w.orderer.arrived
		w.orderer.mu.Unlock()
		if ok {
			return status, nil
		}
		select {
		case <-arrived:
		case <-w.ctx.Done():
			return fabric.Status{}, &fabric.NotCommittedError{TxID: w.txID, Err: w.ctx.Err()}
		}
	}
}

// Close implements client.Watcher.
func (w *watcher) Close() {}
