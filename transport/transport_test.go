// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// pair connects a host with an enclave that answers with handle. The returned
// channel gives the result of Serve.
func pair(t testing.TB, l Limits, handle Handler) (*Host, <-chan error) {
	t.Helper()
	a, b := net.Pipe()
	served := make(chan error, 1)
	go func() {
		defer b.Close()
		served <- Serve(b, l, handle)
	}()
	h := NewHost(a, l)
	t.Cleanup(func() { h.Close() })
	return h, served
}

func TestConcurrentCallsKeepTheirStateAccessesApart(t *testing.T) {
	// The enclave asks for "<call>/<n>"; the host of that call answers what it
	// was asked, and nothing of another call may arrive.
	h, _ := pair(t, Limits{MaxCalls: 8}, func(ctx context.Context, c *Call) ([]byte, error) {
		var out []byte
		for i := range 5 {
			ask := fmt.Sprintf("%s/%d", c.Request, i)
			got, err := c.Host(ctx, []byte(ask))
			if err != nil {
				return nil, err
			}
			if want := "value of " + ask; string(got) != want {
				return nil, fmt.Errorf("got %q, want %q", got, want)
			}
			out = append(out, byte('0'+i))
		}
		return append(out, c.Request...), nil
	})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			me := fmt.Sprintf("call%d", i)
			got, err := h.Call(t.Context(), "invoke", []byte(me), func(_ context.Context, ask []byte) ([]byte, error) {
				if !strings.HasPrefix(string(ask), me+"/") {
					return nil, fmt.Errorf("%s was asked %q", me, ask)
				}
				return append([]byte("value of "), ask...), nil
			})
			if want := "01234" + me; err != nil || string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", me, got, err, want)
			}
		})
	}
	wg.Wait()
}

// Calls that were begun end in any order, and one that is given up frees its place.
func TestBegunCallsEnd(t *testing.T) {
	h, _ := pair(t, Limits{MaxCalls: 3}, func(ctx context.Context, c *Call) ([]byte, error) {
		return c.Host(ctx, c.Request)
	})
	begin := func(request string) Pending {
		t.Helper()
		p, err := h.Begin(t.Context(), "m", []byte(request))
		if err != nil {
			t.Fatalf("begin %s: %v", request, err)
		}
		return p
	}
	end := func(ctx context.Context, p Pending) (string, error) {
		got, err := p.End(ctx, func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil })
		return string(got), err
	}
	first, second, third := begin("first"), begin("second"), begin("third")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := end(gone, second); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: got %q, %v, want %v", got, err, context.Canceled)
	}
	for want, p := range map[string]Pending{"first": first, "third": third} {
		if got, err := end(t.Context(), p); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	for range 3 { // as many as there are places
		if got, err := end(t.Context(), begin("next")); err != nil || got != "next" {
			t.Errorf("afterwards: got %q, %v, want next", got, err)
		}
	}
}

func TestConcurrentAsksOfOneCall(t *testing.T) {
	h, _ := pair(t, Limits{MaxAsks: 3}, func(ctx context.Context, c *Call) ([]byte, error) {
		var wg sync.WaitGroup
		errs := make(chan error, 20)
		for i := range 20 {
			wg.Go(func() {
				ask := []byte{byte(i)}
				if got, err := c.Host(ctx, ask); err != nil || !bytes.Equal(got, ask) {
					errs <- fmt.Errorf("ask %d: got %x, %w", i, got, err)
				}
			})
		}
		wg.Wait()
		close(errs)
		return nil, <-errs
	})
	_, err := h.Call(t.Context(), "invoke", nil, func(_ context.Context, ask []byte) ([]byte, error) { return ask, nil })
	if err != nil {
		t.Error(err)
	}
}

func TestFailuresCross(t *testing.T) {
	want := Failure{Step: "INV-10", Code: "wrong_channel", Reason: "proposal is for \xff another channel"}
	h, _ := pair(t, Limits{MaxFrame: 1 << 16}, func(ctx context.Context, c *Call) ([]byte, error) {
		switch c.Method {
		case "typed":
			return nil, fmt.Errorf("wrapped: %w", &want)
		case "plain":
			return nil, errors.New("a plain error")
		case "panic":
			panic("a secret")
		case "exit":
			runtime.Goexit()
		case "large":
			return make([]byte, 1<<17), nil
		case "long":
			return nil, errors.New(strings.Repeat("x", 1<<20))
		case "large-ask":
			_, err := c.Host(ctx, make([]byte, 1<<17))
			return nil, err
		}
		_, err := c.Host(ctx, nil)
		return nil, err
	})
	for _, tc := range []struct {
		method string
		serve  func(context.Context, []byte) ([]byte, error)
		want   Failure
	}{
		{"typed", nil, Failure{Step: "INV-10", Code: "wrong_channel", Reason: "proposal is for ? another channel"}},
		{"plain", nil, Failure{Code: CodeInternal, Reason: "a plain error"}},
		{"panic", nil, Failure{Code: CodePanic, Reason: `the handler of "panic" panicked`}},
		{"exit", nil, Failure{Code: CodePanic, Reason: `the handler of "exit" panicked`}},
		{"large", nil, Failure{Code: CodeTooLarge, Reason: "transport: answer of 131072 bytes, at most 65536 fit"}},
		{"long", nil, Failure{Code: CodeInternal, Reason: strings.Repeat("x", maxReason)}},
		{"large-ask", nil, Failure{Code: CodeTooLarge, Reason: "transport: state access of 131072 bytes, at most 65536 fit"}},
		{"ask", nil, Failure{Code: CodeNoState, Reason: "this call has no state access"}},
		{"ask", func(context.Context, []byte) ([]byte, error) { return nil, &want }, Failure{Step: "INV-10", Code: "wrong_channel", Reason: "proposal is for ? another channel"}},
		{"ask", func(context.Context, []byte) ([]byte, error) { return make([]byte, 1<<17), nil }, Failure{Code: CodeTooLarge, Reason: "transport: answer of 131072 bytes, at most 65536 fit"}},
	} {
		_, err := h.Call(t.Context(), tc.method, nil, tc.serve)
		var got *Failure
		if !errors.As(err, &got) || *got != tc.want {
			t.Errorf("%s: got %#v, want %#v", tc.method, err, tc.want)
		}
	}
}

func TestRequestThatFitsNoFrame(t *testing.T) {
	h, _ := pair(t, Limits{MaxFrame: 100}, func(_ context.Context, c *Call) ([]byte, error) { return c.Request, nil })
	var size *SizeError
	if _, err := h.Call(t.Context(), "m", make([]byte, 99), nil); !errors.As(err, &size) {
		t.Errorf("99 bytes and a method in a frame of 100: got %v, want a SizeError", err)
	}
	if got, err := h.Call(t.Context(), "m", make([]byte, 98), nil); err != nil || len(got) != 98 {
		t.Errorf("the connection did not go on: got %d bytes, %v", len(got), err)
	}
	if _, err := h.Call(t.Context(), strings.Repeat("m", 256), nil, nil); !errors.As(err, &size) {
		t.Errorf("method of 256 bytes: got %v, want a SizeError", err)
	}
}

func TestCancelReachesTheEnclaveAndKeepsThePlace(t *testing.T) {
	started, cancelled, finish := make(chan struct{}), make(chan struct{}), make(chan struct{})
	h, _ := pair(t, Limits{MaxCalls: 1}, func(ctx context.Context, c *Call) ([]byte, error) {
		if c.Method == "second" {
			return []byte("ran"), nil
		}
		close(started)
		<-ctx.Done()
		close(cancelled)
		<-finish // ignores the cancellation
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	if _, err := h.Call(ctx, "first", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: got %v, want %v", err, context.Canceled)
	}
	<-cancelled
	if got := h.Abandoned(); got != 1 {
		t.Errorf("abandoned calls: got %d, want 1", got)
	}
	gone, cancelGone := context.WithCancel(t.Context())
	cancelGone()
	if _, err := h.Call(gone, "second", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("call with an ended context: got %v, want %v", err, context.Canceled)
	}
	close(finish)
	if got, err := h.Call(t.Context(), "second", nil, nil); err != nil || string(got) != "ran" {
		t.Errorf("after the place was freed: got %q, %v", got, err)
	}
	if got := h.Abandoned(); got != 0 {
		t.Errorf("abandoned calls at the end: got %d, want 0", got)
	}
}

func TestBackPressure(t *testing.T) {
	for _, tc := range []struct {
		name   string
		limits Limits
		want   int // calls at work at once
	}{
		{"calls", Limits{MaxCalls: 3}, 3},
		{"bytes", Limits{MaxFrame: 1200, MaxBytes: 2500}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var mu sync.Mutex
			running, most := 0, 0
			full, release := make(chan struct{}), make(chan struct{})
			h, _ := pair(t, tc.limits, func(context.Context, *Call) ([]byte, error) {
				mu.Lock()
				running++
				if most = max(most, running); most == tc.want && running == tc.want {
					select {
					case <-full:
					default:
						close(full)
					}
				}
				mu.Unlock()
				<-release
				mu.Lock()
				running--
				mu.Unlock()
				return nil, nil
			})
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := h.Call(t.Context(), "m", make([]byte, 1000), nil); err != nil {
						t.Errorf("call: %v", err)
					}
				})
			}
			<-full
			close(release)
			wg.Wait()
			if most != tc.want {
				t.Errorf("calls at work at once: got %d, want %d", most, tc.want)
			}
		})
	}
}

func TestAskAfterReturnStaysInside(t *testing.T) {
	late := make(chan *Call, 1)
	h, _ := pair(t, Limits{}, func(_ context.Context, c *Call) ([]byte, error) {
		if c.Method == "leave" {
			late <- c
		}
		return nil, nil
	})
	if _, err := h.Call(t.Context(), "leave", nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := (<-late).Host(context.Background(), nil); !errors.Is(err, ErrCallEnded) {
		t.Errorf("ask of a call that returned: got %v, want %v", err, ErrCallEnded)
	}
	if _, err := h.Call(t.Context(), "again", nil, nil); err != nil {
		t.Errorf("the connection did not go on: %v", err)
	}
}

func TestAskGivenUpKeepsTheConnection(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	h, _ := pair(t, Limits{MaxAsks: 1}, func(ctx context.Context, c *Call) ([]byte, error) {
		short, cancel := context.WithCancel(ctx)
		go func() {
			<-asked
			cancel()
		}()
		if _, err := c.Host(short, []byte("slow")); !errors.Is(err, context.Canceled) {
			return nil, fmt.Errorf("ask given up: got %w", err)
		}
		close(answer)
		return c.Host(ctx, []byte("next")) // waits for the place of the first
	})
	got, err := h.Call(t.Context(), "m", nil, func(_ context.Context, ask []byte) ([]byte, error) {
		if string(ask) == "slow" {
			close(asked)
			<-answer
		}
		return ask, nil
	})
	if err != nil || string(got) != "next" {
		t.Errorf("got %q, %v, want %q", got, err, "next")
	}
}

func TestCloseEndsEverything(t *testing.T) {
	started := make(chan struct{})
	ended := make(chan struct{})
	h, served := pair(t, Limits{}, func(ctx context.Context, _ *Call) ([]byte, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	go func() {
		<-started
		h.Close()
	}()
	if _, err := h.Call(t.Context(), "m", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call on a closed connection: got %v, want %v", err, ErrClosed)
	}
	<-ended
	if err := <-served; err != nil {
		t.Errorf("Serve after an orderly end: got %v, want nil", err)
	}
	if _, err := h.Call(t.Context(), "m", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call after Close: got %v, want %v", err, ErrClosed)
	}
}
