// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/privatechaincode/fpc/transport"
)

// ledgerEnclaveSuffix is what the name of the ledger enclave's own socket has after
// that of its host's.
const ledgerEnclaveSuffix = ".enclave"

// directEvery is how often the ledger enclave's own socket is dialled at most: often
// enough to find a ledger enclave that was started anew, and not for each call where
// there is none, as with a host that makes none, or where it takes no more.
const directEvery = 100 * time.Millisecond

// ledgerEnclave is this peer's ledger enclave without its host between, which spares
// each question the way through a process more. It is optional: what it does not
// answer, the host does.
type ledgerEnclave struct {
	mu    sync.Mutex
	host  *transport.Host // this end of the connection; nil: there is none
	again time.Time       // not dialled before
}

// connect returns the connection, or nil if there is none that works.
func (l *ledgerEnclave) connect(ctx context.Context, socket string) *transport.Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.host != nil && l.host.Err() == nil {
		return l.host
	}
	l.closeLocked()
	now := time.Now()
	if now.Before(l.again) {
		return nil
	}
	l.again = now.Add(directEvery)
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket+ledgerEnclaveSuffix)
	if err != nil {
		return nil // it is not there, or not yet
	}
	l.host = transport.NewHost(conn.(*net.UnixConn), transport.Limits{})
	return l.host
}

func (l *ledgerEnclave) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeLocked()
}

func (l *ledgerEnclave) closeLocked() {
	if l.host != nil {
		_ = l.host.Close() // always nil
		l.host = nil
	}
}
