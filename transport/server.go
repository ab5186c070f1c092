// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// readBuffer holds a few small frames, so that one read takes them all.
const readBuffer = 64 << 10

// server is the enclave's end of a connection.
type server struct {
	limits Limits
	handle Handler
	w      *writer
	ended  context.CancelCauseFunc
	ctx    context.Context

	mu    sync.Mutex
	calls map[uint64]*serverCall
	last  uint64
	bytes int // requests of all calls in flight
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

func newServer(w io.Writer, l Limits, handle Handler) *server {
	s := &server{limits: l, handle: handle, calls: make(map[uint64]*serverCall)}
	s.ctx, s.ended = context.WithCancelCause(context.Background())
	s.w = newWriter(w, nil, func(err error) { s.ended(err) })
	return s
}

func (s *server) run(r io.Reader) error {
	in := bufio.NewReaderSize(r, readBuffer)
	for {
		f, err := readFrame(in, s.limits.MaxFrame)
		if err == nil {
			err = s.dispatch(f)
		}
		if err != nil {
			s.ended(err)
			s.w.stop(err)
			if errors.Is(err, io.EOF) && !isFrameError(err) {
				return nil
			}
			return err
		}
	}
}

func isFrameError(err error) bool {
	var f *FrameError
	return errors.As(err, &f)
}

func (s *server) dispatch(f frame) error {
	switch f.kind {
	case kindCall:
		return s.open(f)
	case kindCancel:
		return s.cancel(f)
	case kindAnswer, kindAnswerFail:
		return s.answer(f)
	default:
		return violation(Malformed, "kind %d from the host", f.kind)
	}
}

func (s *server) open(f frame) error {
	if len(f.payload) < 1 || len(f.payload) < 1+int(f.payload[0]) {
		return violation(Malformed, "call %d without a method", f.call)
	}
	n := 1 + int(f.payload[0])
	c := &Call{Method: string(f.payload[1:n]), Request: f.payload[n:], server: s, id: f.call}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.call <= s.last {
		return violation(WrongCall, "call %d after %d", f.call, s.last)
	}
	if len(s.calls) >= s.limits.MaxCalls || s.bytes+len(c.Request) > s.limits.MaxBytes {
		return violation(TooManyCalls, "%d calls of %d bytes in flight", len(s.calls), s.bytes)
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
	go s.serve(ctx, c)
	return nil
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
	_ = s.w.send(k, nil, out, func() (uint64, uint32, bool) { // a failed stream ends run
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

// ask sends a state access and waits for its answer.
func (s *server) ask(ctx context.Context, id uint64, request []byte) ([]byte, error) {
	if len(request) > s.limits.MaxFrame {
		return nil, &SizeError{What: "state access", Size: len(request), Max: s.limits.MaxFrame}
	}
	s.mu.Lock()
	c, ok := s.calls[id]
	s.mu.Unlock()
	if !ok {
		return nil, ErrCallEnded
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, endOf(ctx)
	}
	a, err := s.sendAsk(id, c, request)
	if err != nil {
		<-c.slots
		return nil, err
	}
	select {
	case f := <-a.answer:
		<-c.slots
		return readAnswer(f)
	case <-ctx.Done():
		s.giveUp(c, a)
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, endOf(ctx)
	}
}

// endOf is why a state access ends with its call.
func endOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrCallEnded
}

func readAnswer(f frame) ([]byte, error) {
	if f.kind == kindAnswer {
		return f.payload, nil
	}
	fail, err := decodeFailure(f.payload)
	if err != nil {
		return nil, err
	}
	return nil, fail
}

// giveUp leaves the place of an ask taken until its answer comes: the host
// still counts it.
func (s *server) giveUp(c *serverCall, a *ask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(a.answer) > 0 {
		<-c.slots
		return
	}
	a.gone = true
}

func (s *server) sendAsk(id uint64, c *serverCall, request []byte) (*ask, error) {
	a := &ask{answer: make(chan frame, 1)}
	sent := false
	err := s.w.send(kindAsk, nil, request, func() (uint64, uint32, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, sent = s.calls[id]; sent {
			c.lastN++
			c.asks[c.lastN] = a
		}
		return id, c.lastN, sent
	})
	if err == nil && !sent {
		err = ErrCallEnded
	}
	return a, err
}
