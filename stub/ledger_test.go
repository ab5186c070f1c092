// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"

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
