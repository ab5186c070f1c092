// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/privatechaincode/fpc/client"
)

const (
	// soakShare is the part of saturation at which a soak runs.
	soakShare = 0.5
	// saturationClients is how many clients find the saturation out.
	saturationClients = 64
	// maxWaiting is how many transactions may be under way before the system
	// counts as one that cannot keep up.
	maxWaiting = 1024
	// memoryReads is how often memory is read in a soak.
	memoryReads = 200
)

// Soaked is what [Soak] found.
type Soaked struct {
	Saturation float64         // committed transactions a second, as many as go
	Rate       float64         // asked for, a second
	Latencies  []time.Duration // of each transaction, from when it was due until it was committed
	Lasted     time.Duration
	Memory     []Growth // by process
}

// Soak runs the asset sample privately at half of the saturation that it measures
// first. Transactions are begun when they are due, whether or not earlier ones
// are done, so that a stall shows in the latency of all that it held up.
//
// It fails if any transaction does, if the system cannot keep up, or if the
// memory of a process grows ([Growth.Flat]). What was found until then is
// returned with the error.
func Soak(ctx context.Context, c Config, lasts time.Duration) (found Soaked, err error) {
	c = c.withProgress()
	dir, err := os.MkdirTemp("", "fpc-soak-")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(dir)
	a, err := startApart(ctx, c, dir)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	if err := a.privateSample(ctx, c, privateName); err != nil {
		return found, err
	}
	contracts, err := a.contracts(privateName)
	if err != nil {
		return found, err
	}
	s := &soak{contracts: contracts}
	saturated, err := load{
		clients: saturationClients, warm: pick(c, time.Second, 5*time.Second), measure: pick(c, 3*time.Second, 15*time.Second),
		submit: func(ctx context.Context, _, _ int) error { return s.submit(ctx) },
	}.run(ctx)
	if err != nil {
		return found, fmt.Errorf("find the saturation: %w", err)
	}
	found.Saturation = saturated.rate()
	found.Rate = soakShare * found.Saturation
	c.say("saturation %.0f/s; %.0f/s for %s", found.Saturation, found.Rate, lasts)
	err = s.run(ctx, a, &found, lasts)
	return found, err
}

// soak begins transactions when they are due.
type soak struct {
	contracts []*client.Contract
	number    atomic.Int64

	mu        sync.Mutex
	latencies []time.Duration
}

// submit creates one asset more.
func (s *soak) submit(ctx context.Context) error {
	n := s.number.Add(1)
	_, err := s.contracts[int(n)%len(s.contracts)].Submit(ctx, createAsset, fmt.Sprintf("asset%d", n), "somebody", "blue", "100")
	return err
}

func (s *soak) run(ctx context.Context, a *apart, found *Soaked, lasts time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var memory residents
	var all sync.WaitGroup
	all.Go(func() {
		if err := memory.watch(ctx, a, lasts); err != nil {
			cancel(err)
		}
	})
	begun := time.Now()
	err := s.pace(ctx, cancel, found.Rate, lasts)
	if err != nil {
		cancel(err)
	}
	all.Wait()
	found.Lasted, found.Latencies, found.Memory = time.Since(begun), s.latencies, memory.growth()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return flat(found.Memory)
}

// pace begins the transactions and waits for their ends.
func (s *soak) pace(ctx context.Context, cancel context.CancelCauseFunc, rate float64, lasts time.Duration) error {
	var underway sync.WaitGroup
	defer underway.Wait()
	waiting := make(chan struct{}, maxWaiting)
	begun := time.Now()
	for i := 0; ; i++ {
		due := begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if due.Sub(begun) >= lasts {
			return nil
		}
		if err := sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		select {
		case waiting <- struct{}{}:
		default:
			return fmt.Errorf("the system does not keep up with %.0f transactions a second: %d are under way", rate, maxWaiting)
		}
		underway.Go(func() {
			defer func() { <-waiting }()
			if err := s.submit(ctx); err != nil {
				cancel(fmt.Errorf("transaction %d: %w", i, err))
				return
			}
			took := time.Since(due)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.latencies = append(s.latencies, took)
		})
	}
}

// String shows what was found.
func (s Soaked) String() string {
	text := fmt.Sprintf("saturation %.0f/s; asked for %.0f/s\n%d transactions committed in %s, %.0f/s\n",
		s.Saturation, s.Rate, len(s.Latencies), s.Lasted.Round(time.Second), float64(len(s.Latencies))/max(s.Lasted.Seconds(), 1))
	if len(s.Latencies) > 0 {
		sorted := slices.Sorted(slices.Values(s.Latencies))
		text += "latency from when it was due until it was committed: "
		for _, p := range []float64{50, 95, 99} {
			text += fmt.Sprintf("p%.0f %s  ", p, percentile(sorted, p).Round(time.Millisecond))
		}
		text += fmt.Sprintf("max %s\n", sorted[len(sorted)-1].Round(time.Millisecond))
	}
	text += fmt.Sprintf("memory, medians of the halves of the last %.0f %%:\n", 100*(1-warmShare))
	for _, g := range s.Memory {
		text += "    " + g.String() + "\n"
	}
	return text
}
