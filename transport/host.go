// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// Conn is the stream to an enclave: a net.Conn, or an *os.File that is polled.
type Conn interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Host is the host's end of a connection to one enclave. Its methods may be
// called from many goroutines.
//
// It reads the stream only while calls are in flight. A call that is alone reads
// it itself, so that nobody has to be woken to hand it its answer; when there
// are several, a goroutine reads for them all.
type Host struct {
	conn   Conn
	limits Limits
	w      *writer
	in     *frameReader  // belongs to whoever has the turn
	looks  *looks        // likewise
	slots  chan struct{} // one token per call in flight
	bytes  *budget

	mu      sync.Mutex
	calls   map[uint64]*hostCall
	last    uint64
	reading bool // somebody has the turn to read
	err     error
	done    chan struct{}
}

// hostCall is a call in flight. It stays in Host.calls until the enclave
// returns, also when the caller has gone: the enclave is still at work on it.
type hostCall struct {
	size      int        // of the request, for the budget
	events    chan frame // asks and the return, in order; never blocks who reads
	asks      int        // under way; guarded by Host.mu
	abandoned bool       // the caller has gone; guarded by Host.mu
	returned  bool       // guarded by Host.mu
}

type serveFunc = func(ctx context.Context, request []byte) ([]byte, error)

// NewHost takes over the stream to an enclave until [Host.Close].
func NewHost(conn Conn, l Limits) *Host {
	l = l.withDefaults()
	h := &Host{
		conn:   conn,
		limits: l,
		in:     newFrameReader(conn, l.MaxFrame),
		looks:  newLooks(lookFor),
		slots:  make(chan struct{}, l.MaxCalls),
		bytes:  newBudget(l.MaxBytes),
		calls:  make(map[uint64]*hostCall),
		done:   make(chan struct{}),
	}
	h.w = newWriter(conn, h.armDeadline, h.end)
	return h
}

func (h *Host) armDeadline() error {
	return h.conn.SetWriteDeadline(time.Now().Add(h.limits.WriteTimeout))
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
	p, err := h.Begin(ctx, method, request)
	if err != nil {
		return nil, err
	}
	return p.End(ctx, serve)
}

// Pending is a call that was begun and has to be ended.
type Pending struct {
	host *Host
	id   uint64
	call *hostCall
}

// Begin sends a call and does not wait for its answer: [Pending.End] does, and must
// follow. Errors are those of [Host.Call].
func (h *Host) Begin(ctx context.Context, method string, request []byte) (Pending, error) {
	if err := h.fits(method, request); err != nil {
		return Pending{}, err
	}
	if err := h.admit(ctx, len(request)); err != nil {
		return Pending{}, err
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
		return Pending{}, h.failure(err)
	}
	return Pending{h, id, c}, nil
}

// End is the rest of [Host.Call].
func (p Pending) End(ctx context.Context, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error) {
	return p.host.await(ctx, p.id, p.call, serve)
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
		f, err := h.event(ctx, c)
		switch {
		case err != nil && ctx.Err() != nil && h.Err() == nil:
			h.abandon(id, c)
			return nil, ctx.Err()
		case err != nil:
			return nil, h.failure(err)
		case f.kind != kindAsk:
			return outcome(f)
		}
		if err := h.answer(ctx, id, c, f, serve); err != nil {
			return nil, h.failure(err)
		}
	}
}

// event returns the next frame of the call.
func (h *Host) event(ctx context.Context, c *hostCall) (frame, error) {
	if err := ctx.Err(); err != nil {
		return frame{}, err
	}
	if h.takeTurn(c) {
		return h.readFor(ctx, c)
	}
	select {
	case f := <-c.events:
		return f, nil
	case <-ctx.Done():
		return frame{}, ctx.Err()
	case <-h.done:
		// The enclave may have returned just before it ended.
		for len(c.events) > 0 {
			if f := <-c.events; f.kind != kindAsk {
				return f, nil
			}
		}
		return frame{}, h.Err()
	}
}

// outcome reads the last frame of a call, which dispatch has checked.
func outcome(f frame) ([]byte, error) {
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
func (h *Host) abandon(id uint64, c *hostCall) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.abandoned = true
	if c.returned {
		return
	}
	h.ensureReader()
	// The write may wait for the stream; the caller should not.
	go func() {
		_ = h.w.send(kindCancel, nil, nil, func() (uint64, uint32, bool) { return id, 0, true })
	}()
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
	_ = h.conn.Close() // the error that ended the connection says more
}

func (h *Host) failure(err error) error {
	if end := h.Err(); end != nil {
		return end
	}
	return err
}

// Done is closed when the connection has ended; then [Host.Err] says why. While
// no call is in flight nothing is read, so that only the next call finds out
// that the enclave has gone: whoever started its process knows earlier.
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

var _ Conn = (*os.File)(nil)
