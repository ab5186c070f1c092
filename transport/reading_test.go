// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
)

// stutter gives one byte, then a time-out, and so on.
type stutter struct {
	in   io.Reader
	even bool
}

func (s *stutter) Read(b []byte) (int, error) {
	if s.even = !s.even; s.even {
		return 0, os.ErrDeadlineExceeded
	}
	return s.in.Read(b[:1])
}

func TestInterruptedReadsLoseNothing(t *testing.T) {
	want := []frame{
		{kindCall, 1, 0, []byte("\x01mrequest")},
		{kindCancel, 1, 0, nil},
		{kindAnswer, 2, 3, []byte("answer")},
	}
	var stream []byte
	for _, f := range want {
		stream = append(stream, raw(f.kind, f.call, f.ask, string(f.payload))...)
	}
	r := newFrameReader(&stutter{in: bytes.NewReader(stream)}, 100)
	for i, w := range want {
		got, err := r.next()
		for errors.Is(err, os.ErrDeadlineExceeded) {
			got, err = r.next()
		}
		if err != nil || got.kind != w.kind || got.call != w.call || got.ask != w.ask || !bytes.Equal(got.payload, w.payload) {
			t.Errorf("frame %d: got %v, %v, want %v", i, got, err, w)
		}
	}
}

func TestLargeFramesTakeMemoryAsTheyArrive(t *testing.T) {
	const size = 5<<20 + 7
	payload := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
	r := newFrameReader(bytes.NewReader(raw(kindReturn, 1, 0, string(payload))), size)
	if f, err := r.next(); err != nil || !bytes.Equal(f.payload, payload) {
		t.Errorf("got %d bytes, %v, want %d", len(f.payload), err, size)
	}
	claim := raw(kindReturn, 1, 0, string(payload))[:headerSize+100]
	r = newFrameReader(bytes.NewReader(claim), size)
	var e *FrameError
	if _, err := r.next(); !errors.As(err, &e) || e.Code != Truncated || cap(r.frame.payload) > chunk {
		t.Errorf("a claim of %d bytes: got %v and %d bytes taken, want %s and at most %d", size, err, cap(r.frame.payload), Truncated, chunk)
	}
}

// A call that computes without end, alone and so in the goroutine that reads,
// keeps nobody else from being served, and can be cancelled.
func TestCallThatNeverAsks(t *testing.T) {
	started, cancelled, finish := make(chan struct{}), make(chan struct{}), make(chan struct{})
	h, _ := pair(t, Limits{}, func(ctx context.Context, c *Call) ([]byte, error) {
		if c.Method == "quick" {
			return c.Host(ctx, []byte("ask"))
		}
		close(started)
		<-ctx.Done()
		close(cancelled)
		<-finish
		return nil, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	long := make(chan error, 1)
	go func() {
		_, err := h.Call(ctx, "long", nil, nil)
		long <- err
	}()
	<-started
	for range 3 {
		got, err := h.Call(t.Context(), "quick", nil, func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil })
		if err != nil || string(got) != "ask" {
			t.Errorf("beside it: got %q, %v, want %q", got, err, "ask")
		}
	}
	cancel()
	<-cancelled
	if err := <-long; !errors.Is(err, context.Canceled) {
		t.Errorf("the long call: got %v, want %v", err, context.Canceled)
	}
	close(finish)
}

// A chaincode that hands its state access to another goroutine and waits.
func TestAskFromAnotherGoroutine(t *testing.T) {
	h, _ := pair(t, Limits{}, func(ctx context.Context, c *Call) ([]byte, error) {
		type result struct {
			b   []byte
			err error
		}
		results := make(chan result)
		for range 2 {
			go func() {
				b, err := c.Host(ctx, []byte("ask"))
				results <- result{b, err}
			}()
		}
		first, second := <-results, <-results
		return append(first.b, second.b...), errors.Join(first.err, second.err)
	})
	for range 50 {
		got, err := h.Call(t.Context(), "m", nil, func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil })
		if err != nil || string(got) != "askask" {
			t.Fatalf("got %q, %v, want %q", got, err, "askask")
		}
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	h, _ := pair(b, Limits{}, func(ctx context.Context, c *Call) ([]byte, error) { return c.Host(ctx, c.Request) })
	request := make([]byte, 1024)
	serve := func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Call(b.Context(), "m", request, serve); err != nil {
			b.Fatal(err)
		}
	}
}
