// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"time"
)

// OwnProcess is the name under which a [Sample] holds the CPU time of the
// measuring process itself.
const OwnProcess = ownName

// Load is a number of clients, each of which submits one transaction after the
// other and awaits its commit. It measures networks other than this package's.
type Load struct {
	Clients int
	Warm    time.Duration // not measured, at least
	Measure time.Duration // at least
	Submit  func(ctx context.Context, client, number int) error
}

// Sample is what was measured under a [Load].
type Sample struct {
	Committed int
	Elapsed   time.Duration
	// CPU is the time that this process and the living ones below it used
	// meanwhile, by the name of the program.
	CPU map[string]time.Duration
}

// Run puts the load on. It fails if any transaction does: a system that sheds
// load would look fast.
func (l Load) Run(ctx context.Context) (Sample, error) {
	s, err := load{clients: l.Clients, warm: l.Warm, measure: l.Measure, submit: l.Submit}.run(ctx)
	return Sample{Committed: s.committed, Elapsed: s.elapsed, CPU: s.cpu}, err
}

// Rate is committed transactions per second.
func (s Sample) Rate() float64 { return float64(s.Committed) / s.Elapsed.Seconds() }

// Cost is the CPU time of all processes for each committed transaction.
func (s Sample) Cost() time.Duration {
	return usage(s.CPU).total() / time.Duration(max(1, s.Committed))
}

// Median returns the middle value, or the mean of the two in the middle; zero for
// none.
func Median[T ~float64 | ~int64](values []T) T { return median(values) }
