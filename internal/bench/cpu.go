// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// usage is CPU time by the name of processes.
type usage map[string]time.Duration

// ownName stands for this process.
const ownName = "network and clients"

func (u usage) since(before usage) usage {
	used := make(usage)
	for name, d := range u {
		used[name] = d - before[name]
	}
	return used
}

func (u usage) total() time.Duration {
	var sum time.Duration
	for _, d := range u {
		sum += d
	}
	return sum
}

// shares shows who used how much for each of n transactions, the most first.
func (u usage) shares(n int) string {
	names := slices.SortedFunc(maps.Keys(u), func(a, b string) int { return cmp.Compare(u[b], u[a]) })
	var parts []string
	for _, name := range names {
		if each := 1e3 * u[name].Seconds() / float64(n); each >= 0.005 {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, each))
		}
	}
	return strings.Join(parts, ", ")
}
