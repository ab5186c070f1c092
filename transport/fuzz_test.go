// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

var fuzzLimits = Limits{MaxFrame: 1 << 12, MaxCalls: 4, MaxBytes: 1 << 13, MaxAsks: 2}

// FuzzServe feeds an enclave whatever a host may send. Serve ends in order or
// with a *FrameError, and never runs more handlers than the limit.
func FuzzServe(f *testing.F) {
	f.Add(join(raw(kindCall, 1, 0, "\x06invokerequest"), raw(kindAnswer, 1, 1, "value"), raw(kindCancel, 1, 0, "")))
	f.Add(join(raw(kindCall, 1, 0, "\x01m"), raw(kindCall, 2, 0, "\x01m"), raw(kindAnswerFail, 2, 1, "\x0a\x01s")))
	f.Add(raw(kindReturn, 1, 0, ""))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		var running atomic.Int32
		err := Serve(&stream{Reader: bytes.NewReader(in), Writer: io.Discard}, fuzzLimits, func(ctx context.Context, c *Call) ([]byte, error) {
			if n := running.Add(1); n > int32(fuzzLimits.MaxCalls)+1 { // one may be closing
				t.Errorf("%d handlers at once, limit %d", n, fuzzLimits.MaxCalls)
			}
			defer running.Add(-1)
			return c.Host(ctx, c.Request)
		})
		var frame *FrameError
		if err != nil && !errors.As(err, &frame) {
			t.Errorf("got %T %v, want a *FrameError", err, err)
		}
	})
}

// FuzzHost feeds a host whatever an enclave may send while a call is in flight.
func FuzzHost(f *testing.F) {
	f.Add(join(raw(kindAsk, 1, 1, "key"), raw(kindReturn, 1, 0, "answer")))
	f.Add(raw(kindFail, 1, 0, "\x0a\x01s\x12\x01r"))
	f.Add(raw(kindReturn, 9, 0, ""))
	f.Add(raw(kindCall, 1, 0, "\x01m"))
	f.Fuzz(func(t *testing.T, in []byte) {
		called := make(chan struct{})
		s := &lateStream{after: called, in: bytes.NewReader(in)}
		h := NewHost(s, fuzzLimits)
		defer h.Close()
		s.onWrite = func() { close(called) }
		_, err := h.Call(t.Context(), "m", nil, func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil })
		var frame *FrameError
		var failure *Failure
		if err != nil && !errors.As(err, &frame) && !errors.As(err, &failure) && !errors.Is(err, ErrClosed) {
			t.Errorf("got %T %v, want a *FrameError, *Failure or ErrClosed", err, err)
		}
	})
}

// lateStream says its part after the first write.
type lateStream struct {
	after   chan struct{}
	in      io.Reader
	onWrite func()
	wrote   atomic.Bool
}

func (s *lateStream) Read(b []byte) (int, error) {
	<-s.after
	return s.in.Read(b)
}

func (s *lateStream) Write(b []byte) (int, error) {
	if s.wrote.CompareAndSwap(false, true) {
		s.onWrite()
	}
	return len(b), nil
}

func (s *lateStream) Close() error { return nil }

func (s *lateStream) SetReadDeadline(time.Time) error { return nil }

func (s *lateStream) SetWriteDeadline(time.Time) error { return nil }
