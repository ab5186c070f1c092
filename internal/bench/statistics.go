// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// median returns the middle value, or the mean of the two in the middle; zero
// for none.
func median[T ~float64 | ~int64 | ~int](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile returns the least value that at least p percent of the sorted values
// do not exceed; 100 is the greatest. There must be a value.
func percentile[T any](sorted []T, p float64) T {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// figure makes a figure of its runs.
func figure(name, unit, meaning string, runs []float64, details ...string) Figure {
	return Figure{Name: name, Value: median(runs), Runs: runs, Unit: unit, Meaning: meaning, Details: details}
}

// String shows the figure with its spread, what it means and what is behind it.
func (f Figure) String() string {
	text := fmt.Sprintf("%-28s %.3g%s  (median of %d: %.3g to %.3g)\n    %s\n",
		f.Name, f.Value, f.Unit, len(f.Runs), slices.Min(f.Runs), slices.Max(f.Runs), f.Meaning)
	for _, d := range f.Details {
		text += "    " + d + "\n"
	}
	return text
}

// micros shows a short time.
func micros(d time.Duration) string {
	return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
}
