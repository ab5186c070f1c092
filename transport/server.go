// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// server is the enclave's end of a connection.
type server struct {
	limits           Limits
	handle           Handler
	w                *writer
	in               *frameReader // belongs to whoever has the turn
	answers, follows *looks       // for answers to asks, and calls that follow on the last; likewise
	ended            context.CancelCauseFunc
	ctx              context.Context

	mu       sync.Mutex
	calls    map[uint64]*serverCall
	last     uint64
	bytes    int    // requests of all calls in flight
	reading  bool   // somebody has the turn to read
	turns    uint64 // how often the turn changed hands
	watching bool   // the watchdog runs
}

type serverCall struct {
	ctx    context.Context
	cancel context.CancelFunc
	size   int
	slots  chan struct{} // one token per ask under way
	lastN  uint32
	asks   map[uint32]*ask
}

// ask is a state access under way.
type ask struct {
	answer chan frame // has room for one
	gone   bool       // nobody waits; its place is freed when the answer comes
}

func newServer(rw io.ReadWriter, l Limits, handle Handler) *server {
	s := &server{
		limits: l, handle: handle, in: newFrameReader(rw, l.MaxFrame), calls: make(map[uint64]*serverCall), reading: true,
		answers: newLooks(lookFor), follows: newLooks(lookFor),
	}
	s.ctx, s.ended = context.WithCancelCause(context.Background())
	s.w = newWriter(rw, nil, func(err error) { s.ended(err) })
	return s
}

// dispatch gives a frame other than a call to whom it belongs.
func (s *server) dispatch(f frame) error {
	switch f.kind {
	case kindCancel:
		return s.cancel(f)
	case kindAnswer, kindAnswerFail:
		return s.answer(f)
	default:
		return violation(Malformed, "kind %d from the host", f.kind)
	}
}

// open admits a call; the server is locked.
func (s *server) open(f frame) (context.Context, *Call, error) {
	if len(f.payload) < 1 || len(f.payload) < 1+int(f.payload[0]) {
		return nil, nil, violation(Malformed, "call %d without a method", f.call)
	}
	n := 1 + int(f.payload[0])
	c := &Call{Method: string(f.payload[1:n]), Request: f.payload[n:], server: s, id: f.call}
	if f.call <= s.last {
		return nil, nil, violation(WrongCall, "call %d after %d", f.call, s.last)
	}
	if len(s.calls) >= s.limits.MaxCalls || s.bytes+len(c.Request) > s.limits.MaxBytes {
		return nil, nil, violation(TooManyCalls, "%d calls of %d bytes in flight", len(s.calls), s.bytes)
	}
	s.last = f.call
	ctx, cancel := context.WithCancel(s.ctx)
	s.calls[f.call] = &serverCall{
		ctx:    ctx,
		cancel: cancel,
		size:   len(c.Request),
		asks:   make(map[uint32]*ask),
		slots:  make(chan struct{}, s.limits.MaxAsks),
	}
	s.bytes += len(c.Request)
	return ctx, c, nil
}

// serve runs the handler and sends its outcome, also if the handler panics or
// ends its goroutine.
func (s *server) serve(ctx context.Context, c *Call) {
	var out []byte
	err := error(&Failure{Code: CodePanic, Reason: fmt.Sprintf("the handler of %q panicked", c.Method)})
	defer func() {
		_ = recover() // what was thrown may hold secrets
		s.finish(c, out, err)
	}()
	out, err = s.handle(ctx, c)
}

func (s *server) finish(c *Call, out []byte, err error) {
	if err == nil && len(out) > s.limits.MaxFrame {
		err = &SizeError{What: "answer", Size: len(out), Max: s.limits.MaxFrame}
	}
	k := kindReturn
	if err != nil {
		k, out = kindFail, encodeFailure(toFailure(err))
	}
	// Closing the call and placing its last frame are one step, so that no ask
	// of a goroutine left behind can follow it.
	_ = s.w.send(k, nil, out, func() (uint64, uint32, bool) { // a failed stream ends Serve
		s.close(c.id)
		return c.id, 0, true
	})
}

func (s *server) close(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.calls[id]
	if !ok {
		return
	}
	c.cancel()
	delete(s.calls, id)
	s.bytes -= c.size
}

// cancel ends the context of a call. One that has just returned is no error:
// the two frames crossed.
func (s *server) cancel(f frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.call > s.last {
		return violation(WrongCall, "cancel of call %d, never opened", f.call)
	}
	if c, ok := s.calls[f.call]; ok {
		c.cancel()
	}
	return nil
}

// answer routes an answer to its ask. Asks and calls that have been given up
// since are no error.
func (s *server) answer(f frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.call > s.last {
		return violation(WrongCall, "answer to call %d, never opened", f.call)
	}
	c, ok := s.calls[f.call]
	if !ok {
		return nil
	}
	if f.ask == 0 || f.ask > c.lastN {
		return violation(WrongAsk, "ask %d of call %d was never sent", f.ask, f.call)
	}
	a, ok := c.asks[f.ask]
	if !ok {
		return violation(WrongAsk, "ask %d of call %d was answered before", f.ask, f.call)
	}
	delete(c.asks, f.ask)
	if a.gone {
		<-c.slots
		return nil
	}
	a.answer <- f
	return nil
}
