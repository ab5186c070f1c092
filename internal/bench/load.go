// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is a number of clients, each of which submits one transaction after the
// other and awaits its commit.
type load struct {
	clients int
	warm    time.Duration // not measured, at least
	measure time.Duration // at least
	submit  func(ctx context.Context, client, number int) error
}

// sample is what was measured under a load.
type sample struct {
	committed int
	elapsed   time.Duration
	cpu       usage
	bytes     int // of a transaction on the ledger
}

// rate is committed transactions per second.
func (s sample) rate() float64 { return float64(s.committed) / s.elapsed.Seconds() }

// cost is CPU seconds per committed transaction.
func (s sample) cost() float64 { return s.cpu.total().Seconds() / float64(s.committed) }

// run puts the load on. It fails if any transaction does: a system that sheds
// load would look fast.
func (l load) run(ctx context.Context) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var committed atomic.Int64
	var stop atomic.Bool
	var clients sync.WaitGroup
	for client := range l.clients {
		clients.Go(func() {
			for number := 0; !stop.Load(); number++ {
				if err := l.submit(ctx, client, number); err != nil {
					cancel(fmt.Errorf("client %d, transaction %d: %w", client, number, err))
					return
				}
				committed.Add(1)
			}
		})
	}
	s, err := l.observe(ctx, &committed)
	if err != nil {
		cancel(err) // of two failures the first one counts
	}
	stop.Store(true)
	clients.Wait()
	return s, context.Cause(ctx)
}

// observe measures while the load is on. Clients that wait for the same block
// come in waves, so each part lasts until every client can have come once: a
// busy machine takes longer and measures as much.
func (l load) observe(ctx context.Context, committed *atomic.Int64) (sample, error) {
	if err := l.pass(ctx, l.warm, committed); err != nil {
		return sample{}, err
	}
	cpu, err := cpuTime()
	if err != nil {
		return sample{}, err
	}
	begun, before := time.Now(), committed.Load()
	if err := l.pass(ctx, l.measure, committed); err != nil {
		return sample{}, err
	}
	s := sample{committed: int(committed.Load() - before), elapsed: time.Since(begun)}
	after, err := cpuTime()
	if err != nil {
		return sample{}, err
	}
	s.cpu = after.since(cpu)
	return s, nil
}

// patience is how many times longer than wanted a part may last.
const patience = 30

// pass lets a time pass, and then some until as many transactions as there are
// clients were committed in it.
func (l load) pass(ctx context.Context, atLeast time.Duration, committed *atomic.Int64) error {
	before, begun := committed.Load(), time.Now()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		count, elapsed := committed.Load()-before, time.Since(begun)
		switch {
		case elapsed >= atLeast && count >= int64(l.clients):
			return nil
		case elapsed >= patience*atLeast:
			return fmt.Errorf("%d transactions of %d clients were committed within %s", count, l.clients, elapsed.Round(time.Second))
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
