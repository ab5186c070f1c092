// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// Host is the host's end of a connection to one enclave. Its methods may be
// called from many goroutines.
type Host struct {
	rw     io.ReadWriteCloser
	limits Limits
	w      *writer
	slots  chan struct{} // one token per call in flight
	bytes  *budget

	mu    sync.Mutex
	calls map[uint64]*hostCall
	last  uint64
	err   error
	done  chan struct{}
}

// hostCall is a call in flight. It stays in Host.calls until the enclave
// returns, also when the caller has gone: the enclave is still at work on it.
type hostCall struct {
	size      int        // of the request, for the budget
	events    chan frame // asks and the return, in order; never blocks the reader
	asks      int        // under way; guarded by Host.mu
	abandoned bool       // the caller has gone; guarded by Host.mu
}

type serveFunc = func(ctx context.Context, request []byte) ([]byte, error)

// NewHost takes over rw, the stream to an enclave, until [Host.Close]. If rw
// has write deadlines (net.Conn, *os.File), Limits.WriteTimeout applies.
func NewHost(rw io.ReadWriteCloser, l Limits) *Host {
	l = l.withDefaults()
	h := &Host{
		rw:     rw,
		limits: l,
		slots:  make(chan struct{}, l.MaxCalls),
		bytes:  newBudget(l.MaxBytes),
		calls:  make(map[uint64]*hostCall),
		done:   make(chan struct{}),
	}
	h.w = newWriter(rw, h.armDeadline, h.end)
	go h.read()
	return h
}

func (h *Host) armDeadline() error {
	d, ok := h.rw.(interface{ SetWriteDeadline(time.Time) error })
	if !ok {
		return nil
	}
	err := d.SetWriteDeadline(time.Now().Add(h.limits.WriteTimeout))
	if errors.Is(err, os.ErrNoDeadline) {
		return nil
	}
	return err
}

// Call runs method in the enclave and returns its answer. serve answers the
// state accesses of this call, in the caller's goroutine and so one at a time;
// nil refuses them. An error of serve reaches the enclave as [Failure].
//
// Call waits while Limits.MaxCalls or MaxBytes are used up. When ctx ends it
// tells the enclave and returns ctx's error; the call's place stays taken until
// the enclave has returned too ([Host.Abandoned]).
// Errors: a [*Failure] of the enclave, a [*FrameError] when the connection
// broke, [ErrClosed], a [*SizeError] for an oversized request, ctx's error.
func (h *Host) Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error) {
	if err := h.fits(method, request); err != nil {
		return nil, err
	}
	if err := h.admit(ctx, len(request)); err != nil {
		return nil, err
	}
	c := &hostCall{size: len(request), events: make(chan frame, h.limits.MaxAsks+1)}
	var id uint64
	prefix := append([]byte{byte(len(method))}, method...)
	err := h.w.send(kindCall, prefix, request, func() (uint64, uint32, bool) {
		id = h.open(c)
		return id, 0, id != 0
	})
	if err != nil || id == 0 {
		if id == 0 {
			h.leave(c.size)
		}
		return nil, h.failure(err)
	}
	return h.await(ctx, id, c, serve)
}

func (h *Host) fits(method string, request []byte) error {
	if len(method) > 255 || method == "" {
		return &SizeError{What: "method name", Size: len(method), Max: 255}
	}
	if n := 1 + len(method) + len(request); n > h.limits.MaxFrame {
		return &SizeError{What: "request", Size: n, Max: h.limits.MaxFrame}
	}
	return nil
}

// admit takes a slot and size bytes.
func (h *Host) admit(ctx context.Context, size int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.Err(); err != nil {
		return err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-h.done:
		return h.Err()
	}
	if err := h.bytes.take(ctx, h.done, size); err != nil {
		<-h.slots
		if errors.Is(err, ErrClosed) {
			return h.Err()
		}
		return err
	}
	return nil
}

func (h *Host) leave(size int) {
	h.bytes.give(size)
	<-h.slots
}

// open gives the call its id, or 0 when the connection has ended.
func (h *Host) open(c *hostCall) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return 0
	}
	h.last++
	h.calls[h.last] = c
	return h.last
}

// await serves the call's asks until it returns.
func (h *Host) await(ctx context.Context, id uint64, c *hostCall, serve serveFunc) ([]byte, error) {
	for {
		select {
		case f := <-c.events:
			if f.kind != kindAsk {
				return h.outcome(f)
			}
			if err := h.answer(ctx, id, c, f, serve); err != nil {
				return nil, h.failure(err)
			}
		case <-ctx.Done():
			return nil, h.abandon(ctx, id, c)
		case <-h.done:
			// The enclave may have returned just before it ended.
			for len(c.events) > 0 {
				if f := <-c.events; f.kind != kindAsk {
					return h.outcome(f)
				}
			}
			return nil, h.Err()
		}
	}
}

// outcome reads the last frame of a call, which dispatch has checked.
func (h *Host) outcome(f frame) ([]byte, error) {
	if f.kind == kindReturn {
		return f.payload, nil
	}
	fail, err := decodeFailure(f.payload)
	if err != nil {
		return nil, err
	}
	return nil, fail
}

func (h *Host) answer(ctx context.Context, id uint64, c *hostCall, ask frame, serve serveFunc) error {
	var out []byte
	err := error(&Failure{Code: CodeNoState, Reason: "this call has no state access"})
	if serve != nil {
		out, err = serve(ctx, ask.payload)
	}
	k := kindAnswer
	if err == nil && len(out) > h.limits.MaxFrame {
		err = &SizeError{What: "answer", Size: len(out), Max: h.limits.MaxFrame}
	}
	if err != nil {
		k, out = kindAnswerFail, encodeFailure(toFailure(err))
	}
	h.mu.Lock()
	c.asks--
	h.mu.Unlock()
	return h.w.send(k, nil, out, func() (uint64, uint32, bool) { return id, ask.ask, true })
}

// abandon tells the enclave that nobody waits for the call any more.
func (h *Host) abandon(ctx context.Context, id uint64, c *hostCall) error {
	h.mu.Lock()
	_, running := h.calls[id]
	c.abandoned = true
	h.mu.Unlock()
	if running {
		// The write may wait for the stream; the caller should not.
		go func() { _ = h.w.send(kindCancel, nil, nil, func() (uint64, uint32, bool) { return id, 0, true }) }()
	}
	return ctx.Err()
}

// read takes frames until the connection ends.
func (h *Host) read() {
	r := bufio.NewReaderSize(h.rw, readBuffer)
	for {
		f, err := readFrame(r, h.limits.MaxFrame)
		if errors.Is(err, io.EOF) {
			err = ErrClosed
		}
		if err == nil {
			err = h.dispatch(f)
		}
		if err != nil {
			h.end(err)
			return
		}
	}
}

func (h *Host) dispatch(f frame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.calls[f.call]
	if !ok {
		return violation(WrongCall, "kind %d for call %d, not in flight", f.kind, f.call)
	}
	switch f.kind {
	case kindAsk:
		if c.abandoned {
			return nil
		}
		if c.asks++; c.asks > h.limits.MaxAsks {
			return violation(TooManyAsks, "over %d in call %d", h.limits.MaxAsks, f.call)
		}
		c.events <- f
	case kindReturn, kindFail:
		if f.kind == kindFail {
			if _, err := decodeFailure(f.payload); err != nil {
				return err
			}
		}
		delete(h.calls, f.call)
		h.leave(c.size)
		if !c.abandoned {
			c.events <- f
		}
	default:
		return violation(Malformed, "kind %d from the enclave", f.kind)
	}
	return nil
}

// end ends the connection with its first error.
func (h *Host) end(err error) {
	h.mu.Lock()
	if h.err != nil {
		h.mu.Unlock()
		return
	}
	h.err = err
	close(h.done)
	h.mu.Unlock()
	h.w.stop(err)
	_ = h.rw.Close() // the error that ended the connection says more
}

func (h *Host) failure(err error) error {
	if end := h.Err(); end != nil {
		return end
	}
	return err
}

// Done is closed when the connection has ended; then [Host.Err] says why.
func (h *Host) Done() <-chan struct{} { return h.done }

// Err is nil while the connection is up, [ErrClosed] after [Host.Close] or when
// the enclave closed it between frames, else a [*FrameError].
func (h *Host) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Abandoned is the number of calls whose caller has gone and whose enclave has
// not returned: code that ignores cancellation. Nothing but a restart frees
// their places.
func (h *Host) Abandoned() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, c := range h.calls {
		if c.abandoned {
			n++
		}
	}
	return n
}

// Close ends the connection. Calls in flight fail with [ErrClosed].
func (h *Host) Close() error {
	h.end(ErrClosed)
	return nil
}
