// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"time"
)

// One goroutine at a time has the turn to read the stream. While calls overlap
// that is a goroutine of its own, and each call runs in another. A call that is
// alone runs in the goroutine that read it, which gives the turn up meanwhile;
// and when it asks the host for state, it reads the answer itself. So nobody has
// to be woken for it, which took half as long as its work.
//
// What the host sends while such a call computes is read when it asks, or ends,
// or after patience: then the watchdog finds a goroutine to read.
const (
	patience   = time.Millisecond
	idleRounds = 20 // of patience, until the watchdog goes
)

// lead reads and dispatches frames. It has the turn.
func (s *server) lead() {
	for {
		f, err := s.in.next()
		if err == nil && f.kind != kindCall {
			err = s.dispatch(f)
		}
		if err != nil {
			s.ended(err)
			return
		}
		if f.kind == kindCall && !s.begin(f, true) {
			return
		}
	}
}

// begin runs a call, here and now if it may and nobody else is being served. It
// returns whether this goroutine still has the turn.
func (s *server) begin(f frame, here bool) bool {
	s.in.expect(nil)
	s.mu.Lock()
	ctx, c, err := s.open(f)
	here = here && err == nil && len(s.calls) == 1
	if here {
		s.setReading(false)
		s.watch()
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		s.ended(err)
		return false
	case !here:
		go s.serve(ctx, c)
		return true
	}
	returned := false
	defer func() {
		if !returned { // the handler ended this goroutine
			s.ensureReader()
		}
	}()
	s.serve(ctx, c)
	returned = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading {
		return false
	}
	s.setReading(true)
	if len(s.calls) == 0 {
		s.in.expect(s.follows)
	}
	return true
}

// setReading notes who reads; the server is locked.
func (s *server) setReading(reading bool) {
	s.reading = reading
	s.turns++
}

func (s *server) ensureReader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockedEnsureReader()
}

func (s *server) lockedEnsureReader() {
	if !s.reading {
		s.setReading(true)
		go s.lead()
	}
}

// takeTurn takes the turn for an ask of a call that is alone. If it is not, it
// makes sure that somebody reads. An ask that can be given up before its call
// does not read: nothing would interrupt it.
func (s *server) takeTurn(ctx context.Context, c *serverCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading {
		return false
	}
	if len(s.calls) == 1 && ctx.Done() == c.ctx.Done() {
		s.setReading(true)
		return true
	}
	s.lockedEnsureReader()
	return false
}

// leadFor reads until the ask has its answer or its call has ended. It has the
// turn and passes it.
func (s *server) leadFor(c *serverCall, a *ask) {
	s.in.expect(s.answers)
	for len(a.answer) == 0 && c.ctx.Err() == nil {
		f, err := s.in.next()
		switch {
		case err != nil:
		case f.kind == kindCall:
			if !s.begin(f, false) {
				return
			}
		default:
			err = s.dispatch(f)
		}
		if err != nil {
			s.ended(err)
			return
		}
	}
	s.in.expect(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setReading(false)
	if len(s.calls) > 1 || len(c.asks) > 0 {
		s.lockedEnsureReader()
	}
}

// watch starts the watchdog if it does not run; the server is locked.
func (s *server) watch() {
	if !s.watching {
		s.watching = true
		go s.watchdog()
	}
}

// watchdog finds a reader when a call keeps the turn from everybody for longer
// than patience. It needs no clock: a timer that lies costs speed only.
func (s *server) watchdog() {
	tick := time.NewTicker(patience)
	defer tick.Stop()
	var seen uint64
	for idle := 0; idle < idleRounds; {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		switch {
		case len(s.calls) == 0:
			idle++
		case !s.reading && s.turns == seen:
			s.lockedEnsureReader()
			idle = 0
		default:
			idle = 0
		}
		seen = s.turns
		if idle == idleRounds {
			s.watching = false
		}
		s.mu.Unlock()
	}
}
