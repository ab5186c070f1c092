// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// serveSocket serves a socket until the returned function ends it.
func serveSocket(t *testing.T, path string, handle transport.Handler) (end func()) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			go func() { _ = transport.Serve(conn, transport.Limits{}, handle) }()
		}
	}()
	return func() {
		cancel()
		_ = listener.Close()
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
