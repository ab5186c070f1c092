// SPDX-License-Identifier: Apache-2.0

package launched

import (
	"context"
	"runtime"
	"testing"

	"github.com/privatechaincode/fpc/transport"
)

func TestPace(t *testing.T) {
	before := runtime.GOMAXPROCS(4)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	want := func(what string, n int) {
		t.Helper()
		if got := runtime.GOMAXPROCS(0); got != n {
			t.Errorf("%s: Go code runs on %d threads, want %d", what, got, n)
		}
	}
	enter, leave := make(chan struct{}), make(chan struct{})
	p := NewPace(func(_ context.Context, c *transport.Call) ([]byte, error) {
		if c.Method != "pass" {
			enter <- struct{}{}
			<-leave
		}
		return nil, nil
	}, "broad")
	call := func(method string) { _, _ = p.Handle(t.Context(), &transport.Call{Method: method}) }
	want("no call", 1)
	done := make(chan struct{})
	wait := func() { call("wait"); done <- struct{}{} }
	go wait()
	<-enter
	want("one call", 1)
	go wait()
	<-enter
	want("two calls", 4)
	leave <- struct{}{}
	leave <- struct{}{}
	<-done
	<-done
	want("just after", 4)
	for range calmCalls {
		call("pass")
	}
	want("after a calm", 1)
	go func() { call("broad"); done <- struct{}{} }()
	<-enter
	want("a broad call alone", 4)
	leave <- struct{}{}
	<-done
	want("after a broad call", 4)
	call("pass")
	want("after a call that follows on it", 1)
}
