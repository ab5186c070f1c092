// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/internal/bench"
)

// levels are the numbers of clients; the named figures are of the last one.
var levels = []int{1, 16, 64, 256}

// form is one form of the chaincode, and what was measured of it.
type form struct {
	name    string
	submit  func(ctx context.Context, client, number int) error
	samples []bench.Sample
	// asked is how many proposals its clients sent for each transaction; 0: not
	// counted.
	asked float64
}

// sweep measures throughput and CPU time at every number of clients, plain and
// private by turns.
func (p *pair) sweep(ctx context.Context, s settings) (figures, error) {
	all := make(figures)
	for _, clients := range levels {
		plain, private := &form{name: "plain", submit: p.submitPlain}, &form{name: "private", submit: p.submitPrivate}
		last := clients == levels[len(levels)-1]
		rounds := 1
		if last {
			rounds = pick(s, 1, 3)
		}
		for range rounds {
			for _, f := range []*form{plain, private} {
				asked, created := p.asked.Load(), p.assets.Load()
				sample, err := bench.Load{Clients: clients, Warm: 2 * time.Second, Measure: pick(s, 4*time.Second, 12*time.Second), Submit: f.submit}.Run(ctx)
				if err != nil {
					return nil, fmt.Errorf("%d clients, %s: %w", clients, f.name, err)
				}
				f.samples = append(f.samples, sample)
				f.asked = float64(p.asked.Load()-asked) / float64(p.assets.Load()-created)
			}
		}
		compare(clients, plain, private, all)
		if last {
			named(plain, private, all)
		}
	}
	return all, nil
}

// compare prints both forms at one number of clients.
func compare(clients int, plain, private *form, all figures) {
	rates := ratios(plain, private, bench.Sample.Rate)
	fmt.Printf("%d clients: private over plain %.2f %s\n", clients, bench.Median(rates), spread(rates))
	all[fmt.Sprintf("lite_submit_over_plain_c%d", clients)] = bench.Median(rates)
	for _, f := range []*form{plain, private} {
		rate, cost := f.median(bench.Sample.Rate), f.median(milliseconds)
		all[fmt.Sprintf("%s_per_second_c%d", f.name, clients)] = rate
		all[fmt.Sprintf("%s_cpu_ms_c%d", f.name, clients)] = cost
		fmt.Printf("  %-8s %.1f committed a second; CPU for each %.2f ms: %s\n", f.name, rate, cost, f.shares())
	}
	all[fmt.Sprintf("private_proposals_c%d", clients)] = private.asked
	fmt.Printf("  private  %.2f proposals for each (three do: one executes, two validate)\n", private.asked)
}

// named are the figures that have an aim.
func named(plain, private *form, all figures) {
	costs := ratios(plain, private, milliseconds)
	const cpu = "lite_endorse_cpu_over_plain"
	all[cpu] = bench.Median(costs)
	fmt.Printf("\n%s %.2f %s\n    CPU time of all processes for each committed transaction, private over plain, %d clients\n", cpu, all[cpu], spread(costs), levels[len(levels)-1])
	const submit = "lite_submit_over_plain_c256"
	fmt.Printf("%s %.2f (aim: 0.6)\n    committed transactions a second, private over plain, each client awaiting its commit\n", submit, all[submit])
}

// ratios are private over plain, round by round.
func ratios(plain, private *form, of func(bench.Sample) float64) []float64 {
	var all []float64
	for i := range plain.samples {
		all = append(all, of(private.samples[i])/of(plain.samples[i]))
	}
	return all
}

// spread shows from where to where the rounds go, if there are several.
func spread(values []float64) string {
	if len(values) < 2 {
		return ""
	}
	return fmt.Sprintf("(median of %d: %.2f to %.2f)", len(values), slices.Min(values), slices.Max(values))
}

// milliseconds is a sample's CPU time for each committed transaction.
func milliseconds(s bench.Sample) float64 { return 1e3 * s.Cost().Seconds() }

func (f *form) median(of func(bench.Sample) float64) float64 {
	var all []float64
	for _, s := range f.samples {
		all = append(all, of(s))
	}
	return bench.Median(all)
}

// shares shows who used how much of the CPU time, the most first.
func (f *form) shares() string {
	sum, committed := make(map[string]time.Duration), 0
	for _, s := range f.samples {
		committed += s.Committed
		for name, used := range s.CPU {
			if name == bench.OwnProcess {
				name = "clients"
			}
			sum[name] += used
		}
	}
	names := slices.SortedFunc(maps.Keys(sum), func(a, b string) int { return cmp.Compare(sum[b], sum[a]) })
	var parts []string
	for _, name := range names {
		if each := 1e3 * sum[name].Seconds() / float64(committed); each >= 0.005 {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, each))
		}
	}
	return strings.Join(parts, ", ")
}
