// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Command run measures the project's performance figures, prints them with their
// spread and meaning, and writes them as a flat JSON map from name to number.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/internal/bench"
	"github.com/privatechaincode/fpc/internal/bench/report"
)

func main() {
	config := bench.Config{Progress: os.Stderr}
	var out, profile string
	flag.StringVar(&out, "out", "", "`file` for the JSON map; empty: none")
	flag.StringVar(&config.Bin, "bin", "bin", "`folder` of the programs that make build makes")
	flag.BoolVar(&config.Quick, "quick", false, "fewer and shorter measurements: under a minute, and coarse")
	flag.StringVar(&config.Only, "only", "", "measure one `figure`: "+strings.Join(bench.Names(), ", "))
	flag.StringVar(&profile, "cpuprofile", "", "`file` for a CPU profile of this process: network and clients; empty: none")
	soak := flag.Duration("soak", 0, "instead of measuring figures, run at half of saturation for this `time`; fail on errors and on growing memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	work := func() error { return run(ctx, config, out) }
	if *soak > 0 {
		work = func() error { return runSoak(ctx, config, *soak) }
	}
	if err := report.Profiled(profile, work); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// prepare names the programs' folder absolutely, and prints what machine this is.
func prepare(config *bench.Config) (err error) {
	config.Bin, err = filepath.Abs(config.Bin)
	fmt.Printf("%s\n\n", report.Machine())
	return err
}

// runSoak prints what was found, also if it failed.
func runSoak(ctx context.Context, config bench.Config, lasts time.Duration) error {
	if err := prepare(&config); err != nil {
		return err
	}
	found, err := bench.Soak(ctx, config, lasts)
	fmt.Println(found)
	fmt.Printf("load average at the end %s\n", report.LoadAverage())
	return err
}

func run(ctx context.Context, config bench.Config, out string) error {
	if err := prepare(&config); err != nil {
		return err
	}
	figures := make(map[string]float64)
	err := bench.Run(ctx, config, func(f bench.Figure) {
		figures[f.Name] = f.Value
		fmt.Println(f)
	})
	if err != nil {
		return err
	}
	return report.Write(out, figures)
}
