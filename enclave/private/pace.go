// SPDX-License-Identifier: Apache-2.0

package private

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/privatechaincode/fpc/transport"
)

const (
	// calmCalls is how many calls must run alone, one after the other, before
	// the process goes back to one thread of Go code.
	calmCalls = 1000
	// gcPercent lets the small heap of an enclave grow further between two
	// collections than the runtime's default.
	gcPercent = 400
)

// pace runs Go code on one thread while calls come one at a time, and on all
// CPUs as soon as two overlap. Where it has processors to spare, Go's scheduler
// wakes a thread for each message, only for that to find nothing to do; on a
// machine of two CPUs, whose other one the host needs, that cost an invocation a
// tenth of its time.
type pace struct {
	handle transport.Handler
	all    int

	mu      sync.Mutex
	running int
	calm    int // calls alone since the last overlap
	wide    bool
}

// newPace takes the number of threads into its hands.
func newPace(handle transport.Handler) *pace {
	debug.SetGCPercent(gcPercent)
	return &pace{handle: handle, all: runtime.GOMAXPROCS(1)}
}

// Handle is a transport.Handler.
func (p *pace) Handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	p.begin()
	defer p.end()
	return p.handle(ctx, c)
}

func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running++
	if p.running > 1 {
		p.calm = 0
		p.set(true)
	}
}

func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if p.calm++; p.calm > calmCalls {
		p.set(false)
	}
}

// set stops the world, so it happens on changes only.
func (p *pace) set(wide bool) {
	if wide == p.wide || p.all == 1 {
		return
	}
	p.wide = wide
	if wide {
		runtime.GOMAXPROCS(p.all)
	} else {
		runtime.GOMAXPROCS(1)
	}
}
