// SPDX-License-Identifier: Apache-2.0

package launched

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/privatechaincode/fpc/transport"
)

// calmCalls is how many calls must run alone, one after the other, before the
// process goes back to one thread of Go code.
const calmCalls = 1000

// Pace runs Go code on one thread while calls come one at a time, and on all CPUs
// as soon as two overlap. Where it has processors to spare, Go's scheduler wakes a
// thread for each message, only for that to find nothing to do; on a machine of two
// CPUs, whose other one the host needs, that cost an invocation a tenth of its time.
type Pace struct {
	handle transport.Handler
	broad  []string
	all    int

	mu      sync.Mutex
	running int
	broadly int // how many of these are of broad methods
	calm    int // calls alone since the last overlap
	wide    bool
}

// NewPace takes the number of threads into its hands. The calls of broad methods
// divide their work among all CPUs, also when they are alone.
func NewPace(handle transport.Handler, broad ...string) *Pace {
	return &Pace{handle: handle, broad: broad, all: runtime.GOMAXPROCS(1), calm: calmCalls}
}

// Handle is a transport.Handler.
func (p *Pace) Handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	return p.Run(ctx, c, p.handle)
}

// Run is Handle with another handler, for calls that come another way.
func (p *Pace) Run(ctx context.Context, c *transport.Call, handle transport.Handler) ([]byte, error) {
	broad := slices.Contains(p.broad, c.Method)
	p.begin(broad)
	defer p.end(broad)
	return handle(ctx, c)
}

func (p *Pace) begin(broad bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running++
	if broad {
		p.broadly++
	}
	if p.running > 1 {
		p.calm = 0
	}
	p.set()
}

func (p *Pace) end(broad bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if broad {
		p.broadly-- // another such call may follow: what comes next sets the pace
		return
	}
	p.calm++
	p.set()
}

// set stops the world, so it happens on changes only.
func (p *Pace) set() {
	wide := p.broadly > 0 || p.calm < calmCalls
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
