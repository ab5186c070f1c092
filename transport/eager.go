// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"runtime"
	"time"
)

// A frame that answers one of this side's own often comes within microseconds,
// and a thread that sleeps meanwhile takes longer to wake than the other side
// takes to answer: on a virtual machine whose processor fell idle, tens of
// microseconds. So whoever waits for one looks for it a while before it sleeps.
const (
	// lookFor is for how long: calls that come one after the other, and what they
	// wait for, follow in less, a ledger enclave's too.
	lookFor = time.Millisecond
	// maxRest is how many waits at most go by without a look after those in vain.
	maxRest = 255
	// maxFound is how many looks in a row may find something.
	maxFound = 16
)

// errNothing says that a stream has nothing to read at the moment.
var errNothing = errors.New("nothing to read")

// looks decides before each wait whether to look or to sleep at once. It looks as
// long as that finds something. After each look in vain that follows on another one
// it rests for twice as many waits: somebody else wants the processor, or the other
// side takes its time. Times make it faster or slower and nothing else, so that a
// clock may lie.
//
// It gives way after maxFound looks that found something, by a wait: a goroutine that
// looks never parks, and until one does Go's scheduler asks only every 10 ms which
// other streams have something to read. Those of a process that serves several would
// wait for so long while one is busy.
type looks struct {
	atMost  time.Duration // 0: never
	found   int           // looks that found something since the last wait without any
	rest    int           // waits until the next look
	penalty int           // the rest after the next look in vain; 0 when one has found something
	now     func() time.Time
	yield   func() // lets others have the processor: the other side too, if they share one
}

func newLooks(atMost time.Duration) *looks {
	if runtime.NumCPU() == 1 {
		atMost = 0 // the other side needs the processor
	}
	return &looks{atMost: atMost, now: time.Now, yield: yield}
}

// read reads with try until that finds something; else it returns errNothing.
func (l *looks) read(b []byte, try func([]byte) (int, error)) (int, error) {
	if l.atMost == 0 {
		return 0, errNothing
	}
	if l.found == maxFound {
		l.found = 0
		return 0, errNothing
	}
	if l.rest > 0 {
		l.rest--
		return 0, errNothing
	}
	end := l.now().Add(l.atMost)
	for last := false; ; last = l.now().After(end) {
		if n, err := try(b); err != errNothing {
			l.penalty = 0
			l.found++
			return n, err
		}
		if last {
			l.found = 0
			l.rest, l.penalty = l.penalty, min(2*l.penalty+1, maxRest)
			return 0, errNothing
		}
		l.yield()
	}
}

// eagerReader is a stream that may be looked into before it is waited for.
type eagerReader struct {
	waiting io.Reader
	try     func(b []byte) (int, error) // reads without waiting, or returns errNothing; nil: that cannot be
	looks   *looks                      // for the next reads; nil: wait at once
}

func newEagerReader(r io.Reader) *eagerReader { return &eagerReader{waiting: r, try: tryOf(r)} }

func (r *eagerReader) Read(b []byte) (int, error) {
	if r.looks != nil && r.try != nil && len(b) > 0 {
		if n, err := r.looks.read(b, r.try); err != errNothing {
			return n, err
		}
	}
	return r.waiting.Read(b)
}
