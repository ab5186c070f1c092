// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// A Watcher awaits the commit of one transaction at one peer.
type Watcher struct {
	ctx      context.Context
	follower *follower
	txID     string
	unbind   func() bool // from ctx

	settled chan struct{} // closed when the other two are set
	status  Status
	err     error // why nothing will be known
}

// Watch begins to await a transaction's commit. When it returns the watch is
// live: if the transaction is broadcast afterwards, its commit is not missed,
// even if the connection breaks meanwhile. ctx bounds the watch.
//
// All watches of one channel in one identity's name share one stream of the
// peer's filtered blocks, which ends soon after the last of them. now is the
// client's clock; peers refuse a request that is far from their own.
//
// Errors: [UnreachableError], [RejectedError].
func (p *Peer) Watch(ctx context.Context, channel, txID string, signer msp.Signer, now time.Time) (*Watcher, error) {
	if channel == "" {
		return nil, errNoChannel
	}
	w, live, err := p.follow(ctx, channel, txID, signer, now)
	if err != nil {
		return nil, err
	}
	select {
	case <-live:
		return w, nil
	case <-w.settled: // by the newest block, or by a failure
		if w.err != nil {
			return nil, w.err
		}
		return w, nil
	case <-ctx.Done():
		w.Close()
		return nil, p.gone(ctx)
	}
}

// Wait returns how the transaction stands in its block, once it does; else the
// error is a [NotCommittedError].
func (w *Watcher) Wait() (Status, error) {
	select {
	case <-w.settled:
	case <-w.ctx.Done():
		w.Close() // settles it, at the latest
	}
	if w.err != nil {
		return Status{}, &NotCommittedError{TxID: w.txID, Err: w.err}
	}
	return w.status, nil
}

// Close ends the watch. It may be called repeatedly.
func (w *Watcher) Close() { w.follower.leave(w) }

// settle ends the watch with what is known. The followers' lock is held.
func (w *Watcher) settle(status Status, err error) {
	w.unbind()
	w.status, w.err = status, err
	close(w.settled)
}

// gone says that the caller did not wait any longer.
func (p *Peer) gone(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return ended(ctx, p.name)
	}
	if err == nil {
		err = errors.New("the watch was closed")
	}
	return &UnreachableError{Server: p.name, Err: err}
}

// take hands out a block. A peer that left one out would leave a client waiting
// for ever.
func (f *follower) take(block *peer.FilteredBlock) error {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.newest != nil && block.Number != f.newest.Number && block.Number != f.newest.Number+1 {
		return &RejectedError{Server: f.peer.name, Message: fmt.Sprintf("deliver: block %d came after block %d", block.Number, f.newest.Number)}
	}
	f.newest = block
	for _, tx := range block.FilteredTransactions {
		f.settle(tx, block.Number)
	}
	select {
	case <-f.live:
	default:
		close(f.live)
	}
	return nil
}

// settle tells those who wait for a transaction. Of two transactions with one id
// the first counts: the other is a duplicate. The lock is held.
func (f *follower) settle(tx *peer.FilteredTransaction, block uint64) {
	watchers, ok := f.waiting[tx.Txid]
	if !ok {
		return
	}
	delete(f.waiting, tx.Txid)
	for _, w := range watchers {
		w.settle(Status{TxID: tx.Txid, Code: tx.TxValidationCode, Block: block}, nil)
	}
	f.rest()
}

// leave takes a watch out, if it still waits.
func (f *follower) leave(w *Watcher) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	watchers := f.waiting[w.txID]
	i := slices.Index(watchers, w)
	if i < 0 {
		return
	}
	if f.waiting[w.txID] = slices.Delete(watchers, i, i+1); len(watchers) == 1 {
		delete(f.waiting, w.txID)
	}
	w.settle(Status{}, f.peer.gone(w.ctx))
	f.rest()
}

// rest lets the stream end after a while if nobody waits. The lock is held.
func (f *follower) rest() {
	if len(f.waiting) == 0 {
		f.idle.Reset(f.all.pace.linger)
	}
}

// retire ends the stream, unless somebody has come meanwhile.
func (f *follower) retire() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if len(f.waiting) == 0 {
		f.forget()
		f.cancel()
	}
}

// forget lets nobody join any more; who comes later gets a new stream. The lock
// is held.
func (f *follower) forget() {
	if f.all.open[f.key] == f {
		delete(f.all.open, f.key)
	}
}

// end fails those who still wait.
func (f *follower) end(err error) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.forget()
	f.idle.Stop()
	for _, watchers := range f.waiting {
		for _, w := range watchers {
			w.settle(Status{}, err)
		}
	}
	clear(f.waiting)
}
