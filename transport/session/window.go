// SPDX-License-Identifier: Apache-2.0

package session

import "math"

// window remembers which of the newest numbers were taken.
type window struct {
	high  uint64 // the highest number taken
	taken [Window / 64]uint64
}

// lastNumber is the highest number that a request can have.
const lastNumber = math.MaxUint64 - 1

// take takes a number once; it tells whether it did. Numbers begin at 1.
func (w *window) take(n uint64) bool {
	switch {
	case n == 0 || n > lastNumber || w.high >= Window && n <= w.high-Window:
		return false
	case n > w.high:
		w.forget(n)
		w.high = n
	case w.taken[n%Window/64]&(1<<(n%64)) != 0:
		return false
	}
	w.taken[n%Window/64] |= 1 << (n % 64)
	return true
}

// forget clears the places of the numbers after high up to n.
func (w *window) forget(n uint64) {
	if n-w.high >= Window {
		clear(w.taken[:])
		return
	}
	for i := w.high + 1; i <= n; i++ {
		w.taken[i%Window/64] &^= 1 << (i % 64)
	}
}
