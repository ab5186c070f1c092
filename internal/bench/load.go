// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is a number of clients, each of which submits one transaction after the
// other and awaits its commit.
type load struct {
	clients int
	warm    time.Duration // not measured
	measure time.Duration
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
	stop.Store(true)
	clients.Wait()
	return s, errors.Join(err, context.Cause(ctx))
}

// observe measures while the load is on.
func (l load) observe(ctx context.Context, committed *atomic.Int64) (sample, error) {
	if err := sleep(ctx, l.warm); err != nil {
		return sample{}, err
	}
	cpu, err := cpuTime()
	if err != nil {
		return sample{}, err
	}
	begun, before := time.Now(), committed.Load()
	if err := sleep(ctx, l.measure); err != nil {
		return sample{}, err
	}
	s := sample{committed: int(committed.Load() - before), elapsed: time.Since(begun)}
	after, err := cpuTime()
	if err != nil {
		return sample{}, err
	}
	s.cpu = after.since(cpu)
	if s.committed == 0 {
		return sample{}, fmt.Errorf("no transaction was committed within %s", l.measure)
	}
	return s, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
