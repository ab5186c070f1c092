// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// serveSocket serves a socket until the returned function ends it: when that
// returned, nobody answers any more.
func serveSocket(t *testing.T, path string, handle transport.Handler) (end func()) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn // of the accepting goroutine, until it ended
	var serving sync.WaitGroup
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			serving.Go(func() { _ = transport.Serve(conn, transport.Limits{}, handle) })
		}
	}()
	return func() {
		_ = listener.Close()
		<-accepted
		for _, conn := range conns {
			_ = conn.Close()
		}
		serving.Wait()
	}
}

func echo(_ context.Context, c *transport.Call) ([]byte, error) { return c.Request, nil }

// A ledger host that was started anew is found again; one that is only starting is
// waited for; none at all is told apart.
func TestLedgerHostIsFoundAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := &ledgerHost{socket: path}
	t.Cleanup(l.close)
	want := func(what string, code protocol.Code) {
		t.Helper()
		answer, err := l.call(t.Context(), ledgerAsk, []byte("frame"))
		if got := protocol.CodeOf(err); got != code || (err == nil && string(answer) != "frame") {
			t.Errorf("%s: got %q, %v, want code %q", what, answer, err, code)
		}
	}
	end := serveSocket(t, path, echo)
	want("there", "")
	end()
	end = serveSocket(t, path, echo)
	want("started anew", "")
	end()

	awaited := false
	end = serveSocket(t, path, func(ctx context.Context, c *transport.Call) ([]byte, error) {
		switch {
		case c.Method == ledgerAwait:
			awaited = true
			return nil, nil
		case !awaited:
			return nil, &transport.Failure{Step: "VAL-8", Code: ledgerStarting, Reason: "it is starting"}
		}
		return echo(ctx, c)
	})
	want("starting", "")
	end()
	want("gone", protocol.CodeLedgerUnreachable)
	l = &ledgerHost{}
	want("none named", protocol.CodeLedgerUnreachable)
}

// called is a handler that answers and notes what it was called for.
type called struct {
	mu      sync.Mutex
	methods []string
}

func (c *called) handle(_ context.Context, call *transport.Call) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.methods = append(c.methods, call.Method)
	return call.Request, nil
}

// taken are the methods since the last time.
func (c *called) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.methods = nil }()
	return c.methods
}

// Questions that nobody records go to the ledger enclave itself, all else through
// its host; and questions, too, where the ledger enclave is not to be found.
func TestWhatTheLedgerEnclaveIsAskedItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var host, enclave called
	t.Cleanup(serveSocket(t, path, host.handle))
	l := &ledgerHost{socket: path}
	t.Cleanup(l.close)
	ask := func(what, method string, wantHost, wantEnclave []string) {
		t.Helper()
		answer, err := l.call(t.Context(), method, []byte("frame"))
		if err != nil || string(answer) != "frame" {
			t.Errorf("%s: got %q, %v, want the frame", what, answer, err)
		}
		if got := host.taken(); !slices.Equal(got, wantHost) {
			t.Errorf("%s: the host was called for %q, want %q", what, got, wantHost)
		}
		if got := enclave.taken(); !slices.Equal(got, wantEnclave) {
			t.Errorf("%s: the ledger enclave was called for %q, want %q", what, got, wantEnclave)
		}
	}
	plain := []string{ledgerAsk}
	ask("no socket", ledgerAsk, plain, nil)
	end := serveSocket(t, path+ledgerEnclaveSuffix, enclave.handle)
	l.enclave.again = time.Now().Add(time.Hour)
	ask("a socket that is not looked for yet", ledgerAsk, plain, nil)
	l.enclave.again = time.Time{}
	ask("a socket", ledgerAsk, nil, plain)
	for _, method := range []string{ledgerAsk + " INV-9 tx1", ledgerSession, ledgerSession + " INV-9 tx1", ledgerAwait, ledgerStatus} {
		ask(method, method, []string{method}, nil)
	}
	end()
	l.enclave.again = time.Time{}
	ask("a connection that broke", ledgerAsk, plain, nil)
	t.Cleanup(serveSocket(t, path+ledgerEnclaveSuffix, enclave.handle))
	l.enclave.again = time.Time{}
	ask("started anew", ledgerAsk, nil, plain)
}

// A ledger enclave that is found later is asked itself then, soon and without a
// word from anybody.
func TestLedgerEnclaveIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var host, enclave called
	t.Cleanup(serveSocket(t, path, host.handle))
	l := &ledgerHost{socket: path}
	t.Cleanup(l.close)
	for i := 0; len(enclave.taken()) == 0; i++ {
		if _, err := l.call(t.Context(), ledgerAsk, nil); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			t.Cleanup(serveSocket(t, path+ledgerEnclaveSuffix, enclave.handle))
		}
	}
}

// What the ledger enclave refuses is not asked again through its host; what a broken
// connection swallowed is, though the host was started anew as well.
func TestAskThatTheLedgerEnclaveFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var host called
	end := serveSocket(t, path, host.handle)
	l := &ledgerHost{socket: path}
	t.Cleanup(l.close)
	endEnclave := serveSocket(t, path+ledgerEnclaveSuffix, func(context.Context, *transport.Call) ([]byte, error) {
		return nil, &transport.Failure{Step: "INV-9", Code: "no_session", Reason: "it knows none"}
	})
	if _, err := l.call(t.Context(), ledgerAsk, nil); protocol.CodeOf(err) != "no_session" {
		t.Errorf("a refusal: got %v, want code no_session", err)
	}
	if got := host.taken(); len(got) != 0 {
		t.Errorf("after a refusal: the host was called for %q, want nothing", got)
	}
	if _, err := l.call(t.Context(), ledgerSession, nil); err != nil { // the host is connected
		t.Fatal(err)
	}
	endEnclave()
	end()
	t.Cleanup(serveSocket(t, path, host.handle))
	if answer, err := l.call(t.Context(), ledgerAsk, []byte("frame")); err != nil || string(answer) != "frame" {
		t.Errorf("both started anew: got %q, %v, want the frame", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.call(ctx, ledgerAsk, nil); err == nil {
		t.Error("a call that has ended: got an answer")
	}
}
