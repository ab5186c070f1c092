// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
)

const (
	// clients is how many submit at once: more than two processors serve.
	clients = 256
	// fewClients is how many wait for each other's transactions and not for a
	// processor.
	fewClients = 32
)

// lite submits to one chaincode in its plain and in its private form, by turns.
func lite(ctx context.Context, c Config, dir string) ([]Figure, error) {
	return submits(ctx, c, dir, (*deployment).private, submitNames{cost: EndorseCPU, rate: Submit}, "Lite")
}

// fullSubmit is lite in Full mode: one transaction, which as many enclaves endorse
// as peers do the plain one, and no replay.
func fullSubmit(ctx context.Context, c Config, dir string) ([]Figure, error) {
	return submits(ctx, c, dir, (*deployment).full, submitNames{cost: FullCPU, rate: FullSubmit, few: FullSubmitFew}, "Full")
}

// submitNames are the names of the figures that come of one comparison.
type submitNames struct {
	cost, rate string
	few        string // rate with few clients; empty: not measured
}

// submits compares a chaincode's plain form with its private one in some mode.
func submits(ctx context.Context, c Config, dir string, deploy deployer, names submitNames, mode string) (_ []Figure, err error) {
	p, err := newPair(ctx, c, dir, deploy)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	var figures []Figure
	if c.Only != names.few || names.few == "" {
		many, err := p.compare(ctx, c, clients)
		if err != nil {
			return nil, err
		}
		figures = append(figures, many.cost(names.cost, mode), many.rate(names.rate, mode, clients))
	}
	if names.few != "" && (c.Only == "" || c.Only == names.few) {
		few, err := p.compare(ctx, c, fewClients)
		if err != nil {
			return nil, err
		}
		figures = append(figures, few.rate(names.few, mode, fewClients))
	}
	return figures, nil
}

// rounds are runs of both forms by turns.
type rounds struct{ plain, private []sample }

func (p *pair) compare(ctx context.Context, c Config, clients int) (rounds, error) {
	var all rounds
	for round := range pick(c, 2, 5) {
		a, err := p.run(ctx, c, clients, p.submitPlain)
		if err != nil {
			return all, fmt.Errorf("plain: %w", err)
		}
		b, err := p.run(ctx, c, clients, p.submitPrivate)
		if err != nil {
			return all, fmt.Errorf("private: %w", err)
		}
		c.say("round %d: %d clients: plain %.0f tx/s, %.2f ms CPU/tx; private %.0f tx/s, %.2f ms CPU/tx",
			round+1, clients, a.rate(), 1e3*a.cost(), b.rate(), 1e3*b.cost())
		all.plain, all.private = append(all.plain, a), append(all.private, b)
	}
	return all, nil
}

func (r rounds) ratios(of func(sample) float64) []float64 {
	out := make([]float64, len(r.plain))
	for i := range out {
		out[i] = of(r.private[i]) / of(r.plain[i])
	}
	return out
}

func (r rounds) cost(name, mode string) Figure {
	return figure(name, "", fmt.Sprintf("CPU seconds of all processes (network, clients, stubs, enclaves of both kinds, registry) per committed transaction, private in %s mode over plain", mode), r.ratios(sample.cost),
		fmt.Sprintf("plain %.2f ms, private %.2f ms", 1e3*medianOf(r.plain, sample.cost), 1e3*medianOf(r.private, sample.cost)),
		"plain, ms: "+whole(r.plain), "private, ms: "+whole(r.private),
		fmt.Sprintf("a transaction has %d bytes plain and %d private", r.plain[0].bytes, r.private[0].bytes))
}

func (r rounds) rate(name, mode string, clients int) Figure {
	return figure(name, "", fmt.Sprintf("committed transactions per second, private in %s mode over plain; %d clients, each awaiting its commit; blocks every %s; %d endorsers", mode, clients, batchTimeout, endorsers),
		r.ratios(sample.rate), fmt.Sprintf("plain %.0f/s, private %.0f/s", medianOf(r.plain, sample.rate), medianOf(r.private, sample.rate)))
}

// whole shows who used how much CPU time for a transaction in all runs.
func whole(samples []sample) string {
	sum, committed := make(usage), 0
	for _, s := range samples {
		committed += s.committed
		for name, d := range s.cpu {
			sum[name] += d
		}
	}
	return sum.shares(committed)
}

func medianOf(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return median(values)
}

// pair is a network with the asset sample in both forms.
type pair struct {
	*deployment
	plain   []*fabric.Network  // in the name of one client of each organisation
	private []*client.Contract // likewise
	assets  atomic.Int64       // how many were created
}

const (
	plainName   = "asset-plain"
	privateName = "asset"
)

// deployer deploys a private chaincode's program under a name.
type deployer = func(d *deployment, ctx context.Context, name, enclave string) error

func newPair(ctx context.Context, c Config, dir string, deploy deployer) (*pair, error) {
	d, err := startNetwork(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	p := &pair{deployment: d}
	if err := d.plain(ctx, plainName, filepath.Join(c.Bin, "samples", "asset-plain")); err != nil {
		return nil, d.abandon(err)
	}
	if err := deploy(d, ctx, privateName, filepath.Join(c.Bin, "samples", privateName)); err != nil {
		return nil, d.abandon(err)
	}
	if p.private, err = d.contracts(privateName); err != nil {
		return nil, d.abandon(err)
	}
	for _, org := range d.net.Orgs {
		plain := d.net.As(org.Client)
		plain.Endorsers = d.net.Peers()[:endorsers]
		plain.Watch = d.net.Peers()[:1]
		p.plain = append(p.plain, plain)
	}
	return p, nil
}

// run puts the load of one form on.
func (p *pair) run(ctx context.Context, c Config, clients int, submit func(ctx context.Context, client int, args ...string) error) (sample, error) {
	s, err := p.load(c, clients, submit).run(ctx)
	if err != nil {
		return sample{}, err
	}
	s.bytes, err = p.newestSize()
	return s, err
}

// load is the load of one form.
func (p *pair) load(c Config, clients int, submit func(ctx context.Context, client int, args ...string) error) load {
	return load{
		clients: clients,
		warm:    pick(c, time.Second, 2*time.Second),
		measure: pick(c, 3*time.Second, 12*time.Second),
		submit: func(ctx context.Context, client, _ int) error {
			id := fmt.Sprintf("asset%d", p.assets.Add(1))
			return submit(ctx, client, id, fmt.Sprintf("client%d", client), "blue", "100")
		},
	}
}

// createAsset reads a key, writes it and an index entry, and sets an event.
const createAsset = "CreateAsset"

func (p *pair) submitPlain(ctx context.Context, client int, args ...string) error {
	_, err := p.plain[client%len(p.plain)].Submit(ctx, fabric.Call{Chaincode: plainName, Args: fabric.Args(append([]string{createAsset}, args...)...)})
	return err
}

func (p *pair) submitPrivate(ctx context.Context, client int, args ...string) error {
	_, err := p.private[client%len(p.private)].Submit(ctx, createAsset, args...)
	return err
}
