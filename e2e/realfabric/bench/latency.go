// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/bench"
)

// clock takes the time of steps, one after the other.
type clock struct {
	last  time.Time
	names []string // in the order of the steps
	times map[string][]time.Duration
}

func (c *clock) start() { c.last = time.Now() }

// lap ends a step.
func (c *clock) lap(name string) {
	now := time.Now()
	if c.times == nil {
		c.times = make(map[string][]time.Duration)
	}
	if _, ok := c.times[name]; !ok {
		c.names = append(c.names, name)
	}
	c.times[name] = append(c.times[name], now.Sub(c.last))
	c.last = now
}

// latencies has one client submit n transactions of each form, step by step. The
// first of each is not counted: it makes connections, and checks the enclave.
func (p *pair) latencies(ctx context.Context, n int) (figures, error) {
	var plain, private clock
	for i := range n + 1 {
		if i == 1 {
			plain, private = clock{}, clock{}
		}
		if err := p.plainSteps(ctx, &plain); err != nil {
			return nil, fmt.Errorf("plain: %w", err)
		}
		if err := p.privateSteps(ctx, &private); err != nil {
			return nil, fmt.Errorf("private: %w", err)
		}
	}
	fmt.Printf("latency of one client, median of %d, in ms\n", n)
	all := make(figures)
	plain.report("plain", all)
	private.report("private", all)
	if err := p.sizes(ctx, all); err != nil {
		return nil, err
	}
	fmt.Println()
	return all, nil
}

// sizes adds what the two newest transactions hold: of latencies' last round, the
// plain one and then the private one, each alone in its block.
func (p *pair) sizes(ctx context.Context, all figures) error {
	network := p.plain[0]
	info, err := network.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Print("bytes of a transaction")
	for i, form := range []string{"plain", "private"} {
		block, err := network.Watch[0].Block(ctx, network.Channel, info.GetHeight()-2+uint64(i), network.Signer, time.Now())
		if err != nil {
			return err
		}
		size := 0
		for _, envelope := range block.GetData().GetData() {
			size += len(envelope)
		}
		all[form+"_bytes"] = float64(size)
		fmt.Printf("  %s %d", form, size)
	}
	fmt.Println()
	return nil
}

// plainSteps submits one transaction to the plain chaincode.
func (p *pair) plainSteps(ctx context.Context, c *clock) error {
	network := p.plain[0]
	c.start()
	proposal, err := network.Prepare(p.plainCall(0))
	if err != nil {
		return err
	}
	c.lap("prepare")
	tx, err := fabric.Endorse(ctx, proposal, network.Endorsers)
	if err != nil {
		return err
	}
	c.lap("endorse")
	envelope, err := tx.Sign(network.Signer)
	if err != nil {
		return err
	}
	watcher, err := network.Watch[0].Watch(ctx, network.Channel, tx.TxID, network.Signer, time.Now())
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := network.Orderer.Broadcast(ctx, envelope); err != nil {
		return err
	}
	c.lap("order")
	status, err := watcher.Wait()
	if err != nil {
		return err
	}
	c.lap("commit")
	return status.Err()
}

// privateSteps submits one transaction to the private chaincode.
func (p *pair) privateSteps(ctx context.Context, c *clock) error {
	c.start()
	proposal, err := p.private[0].NewProposal(ctx, createAsset, client.WithArguments(p.arguments(0)...))
	if err != nil {
		return err
	}
	c.lap("prepare")
	validation, err := proposal.Endorse(ctx)
	if err != nil {
		return err
	}
	c.lap("execute")
	tx, err := validation.Endorse(ctx)
	if err != nil {
		return err
	}
	c.lap("validate")
	commit, err := tx.Submit(ctx)
	if err != nil {
		return err
	}
	defer commit.Close()
	c.lap("order")
	if _, err := commit.Result(); err != nil {
		return err
	}
	c.lap("commit")
	return nil
}

// report prints the steps and adds them to the figures, in milliseconds.
func (c *clock) report(form string, all figures) {
	fmt.Printf("  %-8s", form)
	var sum float64
	for _, name := range c.names {
		ms := 1e3 * bench.Median(c.times[name]).Seconds()
		all[fmt.Sprintf("%s_%s_ms", form, name)] = ms
		sum += ms
		fmt.Printf("  %s %.1f", name, ms)
	}
	all[form+"_latency_ms"] = sum
	fmt.Printf("  sum %.1f\n", sum)
}
