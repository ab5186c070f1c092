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
	// hostLooks is for how long a call that is alone looks for what the enclave
	// does next: it opens a request in less.
	hostLooks = 300 * time.Microsecond
	// enclaveLooks is for how long the enclave looks for the answer to its ask,
	// and for a call that follows on the last.
	enclaveLooks = 50 * time.Microsecond
	// wanted is how long it takes at least to give up the processor where others
	// want it: the other side of the stream too, if they share one.
	wanted = 50 * time.Microsecond
	// slice is how long it takes where somebody computes without end: more than
	// the other side computes for, less than a scheduler's slice.
	slice = 500 * time.Microsecond
	// maxRest is how many waits at most go by without a look after those in vain.
	maxRest = 1023
)

// errNothing says that a stream has nothing to read at the moment.
var errNothing = errors.New("nothing to read")

// looks decides before each wait whether to look or to sleep at once. It looks as
// long as that finds something: after a look in vain, or one that kept others from
// the processor, it rests for a number of waits, which doubles from one to the
// next, and is the largest at once where the processor has other work to do. Times make it faster or slower and nothing else, so that a clock may lie.
type looks struct {
	atMost  time.Duration // 0: never
	rest    int           // waits until the next look
	penalty int           // the last rest, halved with each look that found something
	now     func() time.Time
	yield   func() // lets others have the processor
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
	if l.rest > 0 {
		l.rest--
		return 0, errNothing
	}
	begun := l.now()
	for at := begun; ; {
		if n, err := try(b); err != errNothing {
			l.penalty /= 2
			return n, err
		}
		l.yield()
		before := at
		switch at = l.now(); {
		case at.Sub(before) > slice:
			l.penalty = maxRest
		case at.Sub(before) > wanted, at.Sub(begun) > l.atMost:
			l.penalty = min(2*l.penalty+1, maxRest)
		default:
			continue
		}
		l.rest = l.penalty
		return 0, errNothing
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
