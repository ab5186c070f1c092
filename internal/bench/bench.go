// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package bench is untrusted: it measures what privacy costs, as ratios against
// the same work done without it, measured beside it in the same run. A ratio
// says the same on a slow and on a busy machine; the absolute figures that are
// printed with it do not.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// Config says how to measure.
type Config struct {
	// Bin is the folder of the programs that `make build` makes.
	Bin string
	// Quick takes fewer and shorter measurements: under a minute, and coarse.
	Quick bool
	// Only is the name of the one figure to measure; empty: all.
	Only string
	// Progress is told what is going on; nil: nothing.
	Progress io.Writer
}

// Figure is one measured number.
type Figure struct {
	Name    string
	Value   float64   // the median of the runs
	Runs    []float64 // in the order in which they were measured
	Unit    string    // " s", " MiB"; empty for a ratio
	Meaning string
	Details []string // absolute figures behind it, of this machine and this load
}

// measurement makes one figure or several that come of the same runs.
type measurement struct {
	names []string
	run   func(ctx context.Context, c Config, dir string) ([]Figure, error)
}

// Names of the figures.
const (
	EnclaveInvoke     = "enclave_invoke_over_crypto"
	EndorseCPU        = "lite_endorse_cpu_over_plain"
	Submit            = "lite_submit_over_plain_c256"
	FullCPU           = "full_endorse_cpu_over_plain"
	FullSubmit        = "full_submit_over_plain_c256"
	FullSubmitFew     = "full_submit_over_plain_c32"
	NetworkUp         = "network_up_seconds"
	InvokeScale       = "invoke_cost_1m_over_1k_keys"
	IdleNetwork       = "idle_rss_mib_network"
	IdleStub          = "idle_rss_mib_stub"
	IdleEnclave       = "idle_rss_mib_enclave"
	IdleRegistry      = "idle_rss_mib_ercc"
	LedgerOverCrypto  = "ledger_validate_over_crypto"
	LedgerScaling     = "ledger_validate_core_scaling"
	LedgerCatchUp     = "ledger_catchup_100k_seconds"
	LedgerKey         = "ledger_bytes_per_key"
	LedgerTransaction = "ledger_bytes_per_transaction"
	// LedgerCatchUpQuick stands in for LedgerCatchUp in a quick run.
	LedgerCatchUpQuick = "ledger_catchup_5k_seconds"
	// InvokeScaleQuick stands in for InvokeScale in a quick run.
	InvokeScaleQuick = "invoke_cost_20k_over_1k_keys"
)

var measurements = []measurement{
	{[]string{EnclaveInvoke}, enclaveInvoke},
	{[]string{FullInvoke}, fullInvoke},
	{[]string{NetworkUp}, networkUp},
	{[]string{IdleNetwork, IdleStub, IdleEnclave, IdleRegistry}, idleMemory},
	{[]string{EndorseCPU, Submit}, lite},
	{[]string{FullCPU, FullSubmit, FullSubmitFew}, fullSubmit},
	{[]string{InvokeScale}, scale},
	{[]string{LedgerOverCrypto, LedgerScaling, LedgerCatchUp}, ledger},
	{[]string{LedgerKey, LedgerTransaction}, ledgerMemory},
}

// Names returns the names of all figures.
func Names() []string {
	var names []string
	for _, m := range measurements {
		names = append(names, m.names...)
	}
	return names
}

// Run measures and hands each figure over as soon as it is known.
func Run(ctx context.Context, c Config, report func(Figure)) error {
	c = c.withProgress()
	known := false
	for _, m := range measurements {
		wanted := c.Only == ""
		for _, name := range m.names {
			wanted = wanted || name == c.Only
		}
		if !wanted {
			continue
		}
		known = true
		if err := c.measure(ctx, m, report); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("there is no figure %q; there are %q", c.Only, Names())
	}
	return nil
}

// measure runs one measurement in a folder of its own.
func (c Config) measure(ctx context.Context, m measurement, report func(Figure)) error {
	dir, err := os.MkdirTemp("", "fpc-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begun := time.Now()
	figures, err := m.run(ctx, c, dir)
	if err != nil {
		return fmt.Errorf("%s: %w", m.names[0], err)
	}
	for _, f := range figures {
		if c.Only == "" || f.Name == c.Only || len(m.names) == 1 {
			report(f)
		}
	}
	c.say("%s took %s", m.names[0], time.Since(begun).Round(time.Second))
	return nil
}

func (c Config) withProgress() Config {
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	return c
}

func (c Config) say(format string, args ...any) {
	fmt.Fprintf(c.Progress, "bench: "+format+"\n", args...)
}

// pick returns the first value for a quick run, and the second for a whole one.
func pick[T any](c Config, quick, whole T) T {
	if c.Quick {
		return quick
	}
	return whole
}
