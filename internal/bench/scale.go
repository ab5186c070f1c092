// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
)

const (
	kvName = "kv"
	// keysPerFill is how many keys one transaction loads.
	keysPerFill = 1000
	fewKeys     = 1_000
	// loaders and setters are how many clients load, and invoke at once: few, so
	// that a client waits for the network and not for other clients.
	loaders = 12
	setters = 16
	// loadTimeout bounds the time of loading.
	loadTimeout = 5 * time.Minute
	// stride takes one key after the other, far apart and each once.
	stride = 7919
)

// scale measures one invocation with few and with many keys on the ledger, by
// turns.
func scale(ctx context.Context, c Config, dir string) (_ []Figure, err error) {
	t := newBench(ctx)
	defer t.close(&err)
	enclave := enclavetest.Build(t, "github.com/privatechaincode/fpc/internal/bench/kv")
	name, many := InvokeScale, 1_000_000
	if c.Quick {
		name, many = InvokeScaleQuick, 20_000
	}
	small, err := newFilled(ctx, c, filepath.Join(dir, "few"), enclave, fewKeys)
	if err != nil {
		return nil, err
	}
	defer func() { _ = small.stop() }()
	large, err := newFilled(ctx, c, filepath.Join(dir, "many"), enclave, many)
	if err != nil {
		return nil, err
	}
	defer func() { _ = large.stop() }()
	if err := settle(ctx); err != nil {
		return nil, err
	}
	return compareSizes(ctx, c, name, small, large)
}

func compareSizes(ctx context.Context, c Config, name string, small, large *filled) ([]Figure, error) {
	var few, many []sample
	var ratios []float64
	for round := range pick(c, 2, 7) {
		a, err := small.run(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%d keys: %w", small.keys, err)
		}
		b, err := large.run(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%d keys: %w", large.keys, err)
		}
		c.say("round %d: %.2f ms CPU/tx with %d keys, %.2f with %d", round+1, 1e3*a.cost(), small.keys, 1e3*b.cost(), large.keys)
		few, many, ratios = append(few, a), append(many, b), append(ratios, b.cost()/a.cost())
	}
	return []Figure{figure(name, "",
		fmt.Sprintf("CPU seconds of all processes per committed invocation that reads and writes one key, with %d keys on the ledger over with %d; %d clients; networks with durable stores, by turns", large.keys, small.keys, setters),
		ratios,
		fmt.Sprintf("%.2f ms and %.2f ms", 1e3*medianOf(many, sample.cost), 1e3*medianOf(few, sample.cost)),
		"with many keys, ms: "+whole(many),
		fmt.Sprintf("%d keys were loaded in %s, %d a transaction", large.keys, large.loaded.Round(time.Second), keysPerFill))}, nil
}

// filled is a network whose chaincode has written a number of keys.
type filled struct {
	*deployment
	contracts []*client.Contract
	keys      int
	loaded    time.Duration // how long it took
	next      atomic.Int64
}

func newFilled(ctx context.Context, c Config, dir, enclave string, keys int) (*filled, error) {
	d, err := startNetwork(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	f := &filled{deployment: d, keys: keys}
	if err := d.private(ctx, kvName, enclave); err != nil {
		return nil, d.abandon(err)
	}
	if f.contracts, err = d.contracts(kvName); err != nil {
		return nil, d.abandon(err)
	}
	if err := f.load(ctx, c); err != nil {
		return nil, d.abandon(fmt.Errorf("load %d keys: %w", keys, err))
	}
	return f, nil
}

// load writes the keys.
func (f *filled) load(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeoutCause(ctx, loadTimeout, fmt.Errorf("not done within %s", loadTimeout))
	defer cancel()
	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for first := 0; first < f.keys; first += keysPerFill {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			count := min(keysPerFill, f.keys-first)
			_, err := f.contracts[first%len(f.contracts)].Submit(ctx, "fill", fmt.Sprint(first), fmt.Sprint(count), "initial value")
			return err
		})
	}
	err := group.Wait()
	f.loaded = time.Since(begun)
	c.say("loaded %d keys in %s", f.keys, f.loaded.Round(time.Second))
	return err
}

// run measures invocations.
func (f *filled) run(ctx context.Context, c Config) (sample, error) {
	return load{
		clients: setters, warm: pick(c, time.Second/2, time.Second), measure: pick(c, 2*time.Second, 4*time.Second),
		submit: func(ctx context.Context, client, _ int) error {
			key := fmt.Sprintf("key%07d", f.next.Add(1)*stride%int64(f.keys))
			_, err := f.contracts[client%len(f.contracts)].Submit(ctx, "set", key, "another value")
			return err
		},
	}.run(ctx)
}

const (
	settleTimeout = 30 * time.Second
	settleWindow  = 500 * time.Millisecond
	// idleShare is how much of one CPU idle processes may use.
	idleShare = 0.1
)

// settle waits until all processes idle: stores compact what was loaded. It gives
// up waiting after a while.
func settle(ctx context.Context) error {
	for begun := time.Now(); time.Since(begun) < settleTimeout; {
		before, err := cpuTime()
		if err != nil {
			return err
		}
		if err := sleep(ctx, settleWindow); err != nil {
			return err
		}
		after, err := cpuTime()
		if err != nil {
			return err
		}
		if used := after.since(before).total(); used.Seconds() < idleShare*settleWindow.Seconds() {
			return nil
		}
	}
	return nil
}
