// SPDX-License-Identifier: Apache-2.0

package footprint

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestBesidePeer(t *testing.T) {
	percents, all := debug.SetGCPercent(100), runtime.GOMAXPROCS(4)
	t.Cleanup(func() {
		debug.SetGCPercent(percents)
		runtime.GOMAXPROCS(all)
	})
	for _, c := range []struct {
		gogc, gomaxprocs string
		percent, procs   int // wanted
	}{
		{"50", "3", 100, 4},
		{"off", "", 100, 2},
		{"", "3", percent, 4},
		{"", "", percent, 2},
	} {
		BesidePeer(func(name string) string {
			return map[string]string{"GOGC": c.gogc, "GOMAXPROCS": c.gomaxprocs}[name]
		})
		if got := debug.SetGCPercent(100); got != c.percent {
			t.Errorf("with GOGC=%q: got %d %%, want %d %%", c.gogc, got, c.percent)
		}
		if got := runtime.GOMAXPROCS(4); got != c.procs {
			t.Errorf("with GOMAXPROCS=%q: got %d of 4, want %d", c.gomaxprocs, got, c.procs)
		}
	}
}

func TestProcessors(t *testing.T) {
	for all, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 64: 32} {
		if got := processors(all); got != want {
			t.Errorf("of %d: got %d, want %d", all, got, want)
		}
	}
}
