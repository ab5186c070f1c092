// SPDX-License-Identifier: Apache-2.0

package heap

import (
	"runtime/debug"
	"testing"
)

func TestRoomy(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for _, c := range []struct {
		gogc string
		want int
	}{{"50", 100}, {"off", 100}, {"", percent}} {
		Roomy(func(string) string { return c.gogc })
		if got := debug.SetGCPercent(100); got != c.want {
			t.Errorf("with GOGC=%q: got %d %%, want %d %%", c.gogc, got, c.want)
		}
	}
}
