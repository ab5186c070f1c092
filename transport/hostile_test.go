// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// raw builds one frame.
func raw(k kind, call uint64, ask uint32, payload string) []byte {
	return append(appendHeader(nil, k, call, ask, len(payload)), payload...)
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// stream is a peer that says what it was built to say and discards the rest.
type stream struct {
	io.Reader
	io.Writer
}

func (s *stream) Close() error { return nil }

func TestAttack18HostileHost(t *testing.T) {
	limits := Limits{MaxFrame: 64, MaxCalls: 2, MaxBytes: 80}
	claim := binary.BigEndian.AppendUint32(nil, 1<<31)
	for _, tc := range []struct {
		name string
		in   []byte
		want Violation // empty: an orderly end
	}{
		{"nothing", nil, ""},
		{"half a header", raw(kindCall, 1, 0, "")[:5], Truncated},
		{"half a payload", raw(kindCall, 1, 0, "\x01mxxxx")[:20], Truncated},
		{"huge length", append(claim, raw(kindCall, 1, 0, "")[4:]...), Oversized},
		{"length over the limit", raw(kindCall, 1, 0, string(make([]byte, 65))), Oversized},
		{"kind 0", raw(0, 1, 0, ""), Malformed},
		{"kind 200", raw(200, 1, 0, ""), Malformed},
		{"enclave's kind", raw(kindReturn, 1, 0, ""), Malformed},
		{"no method", raw(kindCall, 1, 0, ""), Malformed},
		{"method longer than the frame", raw(kindCall, 1, 0, "\x05ab"), Malformed},
		{"call 0", raw(kindCall, 0, 0, "\x01m"), WrongCall},
		{"call twice", join(raw(kindCall, 1, 0, "\x01m"), raw(kindCall, 1, 0, "\x01m")), WrongCall},
		{"calls backwards", join(raw(kindCall, 7, 0, "\x01m"), raw(kindCall, 6, 0, "\x01m")), WrongCall},
		{"too many calls", join(raw(kindCall, 1, 0, "\x01m"), raw(kindCall, 2, 0, "\x01m"), raw(kindCall, 3, 0, "\x01m")), TooManyCalls},
		{"too many bytes", join(raw(kindCall, 1, 0, "\x01m"+string(make([]byte, 60))), raw(kindCall, 2, 0, "\x01m"+string(make([]byte, 60)))), TooManyCalls},
		{"cancel of no call", raw(kindCancel, 1, 0, ""), WrongCall},
		{"answer to no call", raw(kindAnswer, 1, 1, ""), WrongCall},
		{"answer to no ask", join(raw(kindCall, 1, 0, "\x01m"), raw(kindAnswer, 1, 1, "")), WrongAsk},
		{"cancel, then an orderly end", join(raw(kindCall, 1, 0, "\x01m"), raw(kindCancel, 1, 0, ""), raw(kindCancel, 1, 0, "")), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Serve(&stream{Reader: bytes.NewReader(tc.in), Writer: io.Discard}, limits, func(context.Context, *Call) ([]byte, error) {
				select {} // stays in flight
			})
			var got *FrameError
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v, want an orderly end", err)
			case tc.want != "" && (!errors.As(err, &got) || got.Code != tc.want):
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestAttack18HostileEnclave(t *testing.T) {
	limits := Limits{MaxFrame: 64, MaxAsks: 2}
	for _, tc := range []struct {
		name string
		in   []byte
		want Violation
	}{
		{"half a header", raw(kindReturn, 1, 0, "")[:5], Truncated},
		{"oversized", raw(kindReturn, 1, 0, string(make([]byte, 65))), Oversized},
		{"kind 0", raw(0, 1, 0, ""), Malformed},
		{"host's kind", raw(kindCall, 1, 0, "\x01m"), Malformed},
		{"return of no call", raw(kindReturn, 2, 0, ""), WrongCall},
		{"ask of no call", raw(kindAsk, 2, 1, ""), WrongCall},
		{"failure that does not decode", raw(kindFail, 1, 0, "\xff\xff\xff"), Malformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := net.Pipe()
			h := NewHost(a, limits)
			defer h.Close()
			go func() {
				// Wait for the call, then lie.
				_, _ = io.ReadFull(b, make([]byte, headerSize+2))
				go func() { _, _ = io.Copy(io.Discard, b) }()
				_, _ = b.Write(tc.in)
				b.Close()
			}()
			_, err := h.Call(t.Context(), "m", nil, nil)
			var got *FrameError
			if !errors.As(err, &got) || got.Code != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			<-h.Done()
			if !errors.As(h.Err(), &got) || got.Code != tc.want {
				t.Errorf("Err: got %v, want %s", h.Err(), tc.want)
			}
		})
	}
}

// A call that is alone reads one ask after the other; beside others the host
// holds what an enclave asks, and so counts it.
func TestAttack18TooManyAsks(t *testing.T) {
	a, b := net.Pipe()
	h := NewHost(a, Limits{MaxAsks: 2})
	defer h.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for a host that does not count
	defer cancel()
	asked := make(chan struct{})
	go func() {
		calls := make([]byte, 2*(headerSize+2))
		_, _ = io.ReadFull(b, calls[:headerSize+2])
		_, _ = b.Write(raw(kindAsk, 1, 1, "x"))
		_, _ = io.ReadFull(b, calls[headerSize+2:])
		go func() { _, _ = io.Copy(io.Discard, b) }()
		_, _ = b.Write(join(raw(kindAsk, 1, 2, "x"), raw(kindAsk, 1, 3, "x"), raw(kindAsk, 1, 4, "x")))
	}()
	second := make(chan error, 1)
	go func() {
		<-asked
		_, err := h.Call(ctx, "m", nil, nil)
		second <- err
	}()
	_, first := h.Call(ctx, "m", nil, func(context.Context, []byte) ([]byte, error) {
		close(asked)
		select {
		case <-h.Done():
		case <-ctx.Done():
		}
		return nil, ctx.Err()
	})
	for _, err := range []error{first, <-second} {
		var frame *FrameError
		if !errors.As(err, &frame) || frame.Code != TooManyAsks {
			t.Errorf("got %v, want %s", err, TooManyAsks)
		}
	}
}

func TestReturnTwice(t *testing.T) {
	a, b := net.Pipe()
	h := NewHost(a, Limits{})
	defer h.Close()
	go func() {
		_, _ = io.ReadFull(b, make([]byte, headerSize+2))
		_, _ = b.Write(join(raw(kindReturn, 1, 0, "once"), raw(kindReturn, 1, 0, "twice")))
	}()
	got, err := h.Call(t.Context(), "m", nil, nil)
	if err != nil || string(got) != "once" {
		t.Errorf("got %q, %v, want %q", got, err, "once")
	}
	go func() { _, _ = io.Copy(io.Discard, b) }()
	_, err = h.Call(t.Context(), "m", nil, nil)
	var frame *FrameError
	if !errors.As(err, &frame) || frame.Code != WrongCall {
		t.Errorf("the next call: got %v, want %s", err, WrongCall)
	}
}

func TestEnclaveThatStopsReading(t *testing.T) {
	a, b := net.Pipe() // nothing is read from b
	defer b.Close()
	h := NewHost(a, Limits{WriteTimeout: time.Millisecond})
	defer h.Close()
	_, err := h.Call(t.Context(), "m", nil, nil)
	var frame *FrameError
	if !errors.As(err, &frame) || frame.Code != Stalled {
		t.Errorf("got %v, want %s", err, Stalled)
	}
}
