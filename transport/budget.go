// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"sync"
)

// budget hands out bytes; whoever asks for more than is left waits.
type budget struct {
	mu    sync.Mutex
	left  int
	freed chan struct{} // closed and replaced when bytes come back to waiters
	wait  int
}

func newBudget(n int) *budget { return &budget{left: n, freed: make(chan struct{})} }

// take waits for n bytes, at most until ctx ends or done is closed (ErrClosed).
func (b *budget) take(ctx context.Context, done <-chan struct{}, n int) error {
	for {
		b.mu.Lock()
		if b.left >= n {
			b.left -= n
			b.mu.Unlock()
			return nil
		}
		freed := b.freed
		b.wait++
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			return ErrClosed
		}
	}
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	if b.wait > 0 {
		b.wait = 0
		close(b.freed)
		b.freed = make(chan struct{})
	}
}
