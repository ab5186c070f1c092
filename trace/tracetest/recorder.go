// SPDX-License-Identifier: Apache-2.0

// Package tracetest is untrusted: it keeps the steps of a run in memory, for tests.
package tracetest

import (
	"slices"
	"sync"

	"github.com/privatechaincode/fpc/trace"
)

// Recorder keeps what is recorded, in its order. It is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []trace.Event
}

// Record implements [trace.Recorder].
func (r *Recorder) Record(e trace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Events returns all that was recorded since the last Take.
func (r *Recorder) Events() []trace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Take returns what was recorded since the last call.
func (r *Recorder) Take() []trace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}
