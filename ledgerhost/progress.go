// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"time"
)

// Progress is how far a ledger enclave got.
type Progress struct {
	Height       uint64  // blocks taken
	Peer         uint64  // blocks that the peer has, as far as is known
	Blocks       float64 // per second, of late
	Transactions float64 // per second, of late
}

// Left is about how long the ledger enclave will need to catch up; 0 if it has,
// or if nobody can tell.
func (p Progress) Left() time.Duration {
	if p.Peer <= p.Height || p.Blocks <= 0 {
		return 0
	}
	return time.Duration(float64(p.Peer-p.Height) / p.Blocks * float64(time.Second)).Round(time.Second)
}

// pace measures rates over about a second.
type pace struct {
	since                time.Time
	blocks, transactions int
	last                 Progress
}

// add counts a block.
func (p *pace) add(transactions uint32) {
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	p.blocks, p.transactions = p.blocks+1, p.transactions+int(transactions)
	if d := now.Sub(p.since).Seconds(); d >= 1 {
		p.last.Blocks, p.last.Transactions = float64(p.blocks)/d, float64(p.transactions)/d
		p.since, p.blocks, p.transactions = now, 0, 0
	}
}

// tell tells of a block that was taken.
func (f *follower) tell(transactions uint32) {
	f.pace.add(transactions)
	p := f.pace.last
	f.mu.Lock()
	p.Height, p.Peer = f.head.GetHeight(), f.peer
	f.mu.Unlock()
	f.config.Meter.Height(p.Height, p.Peer)
	f.config.Progress(p)
}

// watchHeight asks the peer for its height now and then, until the function that
// it returns is called. That it does not answer shows elsewhere.
func (h *Host) watchHeight(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if height, err := h.config.Source.Height(ctx); err == nil {
				h.sawHeight(height)
			}
			if !sleep(ctx, lookEvery) {
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// sawHeight takes the peer's height. A stream that stands for a while and is
// silent is well: the channel is idle.
func (h *Host) sawHeight(height uint64) {
	h.mu.Lock()
	h.peer = max(h.head.GetHeight(), height)
	own, peer := h.head.GetHeight(), h.peer
	if !h.stream.IsZero() && time.Since(h.stream) > lookEvery {
		h.problem = nil
	}
	h.mu.Unlock()
	h.config.Meter.Height(own, peer)
}
