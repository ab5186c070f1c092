// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// Methods of the ledger host's socket. The first two may be followed by the step
// and the transaction, parted by blanks, for its trace: the host records them before
// the ledger enclave receives them, so a stub that records its steps asks through it.
const (
	ledgerSession = "session" // SessionHello, SessionAccept: REG-5, INV-9
	ledgerAsk     = "ask"     // SessionFrame, SessionFrame
	ledgerAwait   = "await"   // AwaitBlock, Head
)

// ledgerStarting is the ledger host's code while its enclave cannot be asked.
const ledgerStarting = "ledger_unavailable"

// How long, and how often, a socket is looked for that is not there.
const (
	dialFor   = 2 * time.Second
	dialEvery = 50 * time.Millisecond
)

// ledgerHost relays an enclave's frames to this peer's fpc-ledger-host, over a
// unix socket, and questions to the ledger enclave itself where it can be reached.
// Both are dialled when they are needed, and anew when they broke: the sessions over
// them are the enclaves' own affair.
type ledgerHost struct {
	socket  string // path; empty: this stub has none
	enclave ledgerEnclave

	mu   sync.Mutex
	host *transport.Host
}

// call relays one message. A connection that proves broken is made anew, once; what
// went to the ledger enclave itself in vain goes to its host.
// Errors have the code ledger_unreachable, or the one that the other side gave.
func (l *ledgerHost) call(ctx context.Context, method string, request []byte) ([]byte, error) {
	return l.begin(ctx, method, request)()
}

// begin is the first half of call: it sends the message, and returns the other half,
// which has to follow.
func (l *ledgerHost) begin(ctx context.Context, method string, request []byte) (end func() ([]byte, error)) {
	if l.socket == "" {
		err := protocol.Errorf("INV-9", protocol.CodeLedgerUnreachable, "this stub was given no ledger host").
			WithHint("start it with --ledger SOCKET, or FPC_LEDGER, the socket of this peer's fpc-ledger-host")
		return func() ([]byte, error) { return nil, err }
	}
	send := func() attempt { return l.send(ctx, method, request) }
	first := l.sendDirectly(ctx, method, request)
	if first.host == nil {
		first = send()
	}
	return func() ([]byte, error) { return l.finish(ctx, first, send, method == ledgerAwait) }
}

// attempt is one message on its way over one connection.
type attempt struct {
	host    *transport.Host // nil: there is no connection
	pending transport.Pending
	err     error // it could not be sent
	direct  bool  // to the ledger enclave itself
}

// sendDirectly is send to the ledger enclave itself, if this is for it and it is
// there.
func (l *ledgerHost) sendDirectly(ctx context.Context, method string, request []byte) attempt {
	if method != ledgerAsk {
		return attempt{}
	}
	host := l.enclave.connect(ctx, l.socket)
	if host == nil {
		return attempt{}
	}
	pending, err := host.Begin(ctx, method, request)
	return attempt{host, pending, err, true}
}

func (l *ledgerHost) send(ctx context.Context, method string, request []byte) attempt {
	host, err := l.connect(ctx)
	if err != nil {
		return attempt{err: err}
	}
	pending, err := host.Begin(ctx, method, request)
	return attempt{host, pending, err, false}
}

// finish waits for an attempt's answer, and tries again where that may help.
func (l *ledgerHost) finish(ctx context.Context, a attempt, again func() attempt, waited bool) ([]byte, error) {
	for reconnected := false; ; a = again() {
		if a.host == nil {
			return nil, a.err
		}
		var answer []byte
		err := a.err
		if err == nil {
			answer, err = a.pending.End(ctx, nil)
		}
		var failure *transport.Failure
		switch {
		case err == nil:
			return answer, nil
		case errors.As(err, &failure) && failure.Code == ledgerStarting && !waited:
			waited = true
			// It is there, its ledger enclave is not yet: await ends when it is,
			// or after a while, and the next answer says which.
			_, _ = a.host.Call(ctx, ledgerAwait, nil, nil)
		case errors.As(err, &failure):
			return nil, protocol.Errorf(failure.Step, protocol.Code(failure.Code), "%s", failure.Reason).WithHint(failure.Hint)
		case a.direct && ctx.Err() == nil && a.host.Err() != nil: // the host is next
		case reconnected || ctx.Err() != nil || a.host.Err() == nil:
			return nil, protocol.Errorf("INV-9", protocol.CodeLedgerUnreachable, "the ledger host at %s did not answer: %w", l.socket, err)
		default:
			reconnected = true
			l.drop(a.host)
		}
	}
}

// connect returns the connection, dialling if there is none that works. A ledger
// host that is just being started anew has no socket for a moment.
func (l *ledgerHost) connect(ctx context.Context) (*transport.Host, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.host != nil && l.host.Err() == nil {
		return l.host, nil
	}
	l.closeLocked()
	conn, err := dial(ctx, l.socket)
	if err != nil {
		return nil, protocol.Errorf("INV-9", protocol.CodeLedgerUnreachable, "no ledger host at %s: %w", l.socket, err)
	}
	l.host = transport.NewHost(conn.(*net.UnixConn), transport.Limits{})
	return l.host, nil
}

// dial tries for dialFor, so that a restart of the other side fails no call.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialFor)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", socket)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(dialEvery):
		}
	}
}

func (l *ledgerHost) drop(broken *transport.Host) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.host == broken {
		l.closeLocked()
	}
}

func (l *ledgerHost) close() {
	l.enclave.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeLocked()
}

func (l *ledgerHost) closeLocked() {
	if l.host != nil {
		l.host.Close()
		l.host = nil
	}
}

// relay passes a frame on; what it returns waits for the answer, and has to be
// called. A failure goes to the enclave as the reason why there is no answer: it
// decides what follows from that.
func (l *ledgerHost) relay(ctx context.Context, method string, request []byte) (end func() ([]byte, *fpc.Failure)) {
	wait := l.begin(ctx, method, request)
	return func() ([]byte, *fpc.Failure) {
		answer, err := wait()
		if err != nil {
			return nil, protocol.Failure(err)
		}
		return answer, nil
	}
}
