// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Growth is how the resident memory of the processes of one name went, in bytes.
// A first part of the time does not count: caches and heaps find their sizes. The
// rest is halved, and each half stands for itself by its median.
type Growth struct {
	Name          string
	Before, After int // medians of the halves
	Most          int
}

const (
	// warmShare is the part of the time that does not count.
	warmShare = 0.3
	// What memory may grow from one half to the other: less than this share, or
	// less than so many bytes. A garbage-collected heap varies by more than a leak
	// in minutes of a busy program does not: 16 MiB in five minutes at 50
	// transactions a second is 1 KiB for each.
	growthShare = 0.10
	growthBytes = 16 << 20
)

// Flat returns whether the memory is as flat as can be told.
func (g Growth) Flat() bool {
	return g.After-g.Before <= max(growthBytes, int(growthShare*float64(g.Before)))
}

// String shows the growth.
func (g Growth) String() string {
	mib := func(n int) float64 { return float64(n) / mebibyte }
	return fmt.Sprintf("%-12s %6.1f MiB, then %6.1f MiB; at most %.1f MiB", g.Name, mib(g.Before), mib(g.After), mib(g.Most))
}

// flat says which processes grew.
func flat(all []Growth) error {
	var failed error
	for _, g := range all {
		if !g.Flat() {
			failed = errors.Join(failed, fmt.Errorf("memory is not flat: %s", g))
		}
	}
	return failed
}

// residents are readings of memory, by process.
type residents map[string][]int

// watch reads memory until the time is over.
func (r *residents) watch(ctx context.Context, a *apart, lasts time.Duration) error {
	*r = make(residents)
	for range memoryReads {
		if err := sleep(ctx, lasts/memoryReads); err != nil {
			return nil // whoever ended it knows why
		}
		now, err := a.memory()
		if err != nil {
			return fmt.Errorf("read memory: %w", err)
		}
		for name, bytes := range now {
			(*r)[name] = append((*r)[name], bytes)
		}
	}
	return nil
}

// growth compares the halves.
func (r residents) growth() []Growth {
	var all []Growth
	for _, name := range slices.Sorted(maps.Keys(r)) {
		values := r[name]
		counted := values[int(warmShare*float64(len(values))):]
		if len(counted) < 2 {
			continue
		}
		half := len(counted) / 2
		all = append(all, Growth{
			Name:   name,
			Before: median(counted[:half]), After: median(counted[half:]),
			Most: slices.Max(values),
		})
	}
	return all
}
