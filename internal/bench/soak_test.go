// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, c := range []struct {
		values []int
		p      float64
		want   int
	}{
		{[]int{7}, 50, 7},
		{[]int{7}, 100, 7},
		{[]int{1, 2, 3, 4}, 50, 2},
		{[]int{1, 2, 3, 4}, 51, 3},
		{hundred, 0, 1},
		{hundred, 95, 95},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("percentile %.0f of %d values = %d, want %d", c.p, len(c.values), got, c.want)
		}
	}
}

// readings makes n readings of memory, in MiB.
func readings(n int, mib func(i int) int) []int {
	values := make([]int, n)
	for i := range values {
		values[i] = mib(i) << 20
	}
	return values
}

func TestGrowth(t *testing.T) {
	for name, c := range map[string]struct {
		values []int
		flat   bool
	}{
		"constant":                     {readings(200, func(int) int { return 100 }), true},
		"grows at first only":          {readings(200, func(i int) int { return 100 + min(i, 60) }), true},
		"goes up and down":             {readings(200, func(i int) int { return 100 + i%40 }), true},
		"falls":                        {readings(200, func(i int) int { return 400 - i }), true},
		"leaks":                        {readings(200, func(i int) int { return 100 + i/2 }), false},
		"leaks slowly in much memory":  {readings(200, func(i int) int { return 1000 + 2*i }), false},
		"takes much once and keeps it": {readings(200, func(i int) int { return 100 + i/140*50 }), false},
	} {
		t.Run(name, func(t *testing.T) {
			growth := residents{"p": c.values}.growth()
			if len(growth) != 1 {
				t.Fatalf("got %d growths of one process", len(growth))
			}
			err := flat(growth)
			if (err == nil) != c.flat {
				t.Errorf("%s: got %v, want flat %t", growth[0], err, c.flat)
			}
			if err != nil && !strings.Contains(err.Error(), "p ") {
				t.Errorf("got %q, want the process named", err)
			}
		})
	}
}

// A run that was cut short has nothing to compare, and says nothing.
func TestGrowthOfTooLittle(t *testing.T) {
	if got := (residents{"p": {1}}).growth(); len(got) != 0 {
		t.Errorf("got %v of one reading, want nothing", got)
	}
}

func TestSoakedPrintsPercentiles(t *testing.T) {
	s := Soaked{Saturation: 200, Rate: 100, Lasted: 2 * time.Second}
	for i := range 200 {
		s.Latencies = append(s.Latencies, time.Duration(i+1)*time.Millisecond)
	}
	slices.Reverse(s.Latencies)
	for _, want := range []string{"p50 100ms", "p95 190ms", "p99 198ms", "max 200ms", "200 transactions", "100/s"} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("got %q, want it to say %q", s.String(), want)
		}
	}
}
