// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Command bench measures what privacy costs on released Hyperledger Fabric: one
// chaincode in its plain and in its private form, by turns, on one network of
// three organisations. It prints ratios with the figures behind them, and writes
// all as a flat JSON map from name to number.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/privatechaincode/fpc/e2e/realfabric"
	"github.com/privatechaincode/fpc/internal/bench/report"
)

func main() {
	var out, bin, profile string
	var quick bool
	flag.StringVar(&out, "out", "", "`file` for the JSON map; empty: none")
	flag.StringVar(&bin, "bin", "bin", "`folder` of the programs that make build makes")
	flag.StringVar(&profile, "cpuprofile", "", "`file` for a CPU profile of the clients; empty: none")
	flag.BoolVar(&quick, "quick", false, "fewer and shorter measurements: a minute, and coarse")
	flag.Parse()
	programs, err := realfabric.FromEnvironment()
	if err != nil {
		fmt.Println("bench-fabric: SKIPPED:", err)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, programs, settings{bin: bin, quick: quick, profile: profile}, out); err != nil {
		fmt.Fprintln(os.Stderr, "bench-fabric:", err)
		os.Exit(1)
	}
}

// settings say how to measure.
type settings struct {
	bin     string
	quick   bool
	profile string // file; empty: none
}

// figures are numbers by name; bare ratios have no unit in theirs.
type figures map[string]float64

func run(ctx context.Context, programs realfabric.Programs, s settings, out string) (err error) {
	if s.bin, err = filepath.Abs(s.bin); err != nil {
		return err
	}
	version, err := programs.Version()
	if err != nil {
		return err
	}
	fmt.Printf("Hyperledger Fabric %s; %s\n\n", version, report.Machine())
	dir, err := os.MkdirTemp("", "fpc-bench-fabric-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := newPair(ctx, programs, s, dir)
	if err != nil {
		return err
	}
	defer p.stop()
	var all figures
	err = report.Profiled(s.profile, func() (err error) {
		all, err = p.measure(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	return report.Write(out, all)
}

// measure takes all measurements, latency first: it wants a network at rest.
func (p *pair) measure(ctx context.Context, s settings) (_ figures, err error) {
	all, err := p.latencies(ctx, pick(s, 5, 30))
	if err != nil {
		return nil, err
	}
	throughput, err := p.sweep(ctx, s)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, throughput)
	return all, nil
}

// pick returns the first value for a quick run, and the second for a whole one.
func pick[T any](s settings, quick, whole T) T {
	if s.quick {
		return quick
	}
	return whole
}
