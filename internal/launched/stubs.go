// SPDX-License-Identifier: Apache-2.0

package launched

import (
	"os"

	"github.com/privatechaincode/fpc/transport"
)

// maxStubs bounds the connections of stubs; each stub needs one.
const maxStubs = 64

// ServeStubs answers what stubs call over connections of their own, in the
// background, if the launcher left a socket for them. handle must be one that
// anybody may call: who reaches the socket is up to the host.
//
// A stub that breaks the protocol loses its connection, no more. One that is too
// many loses it at once, as all do when no further one can be accepted: they are
// left with the enclave's host.
func (p *Process) ServeStubs(l transport.Limits, handle transport.Handler) {
	if p.stubs == nil {
		return
	}
	go func() {
		defer p.stubs.Close()
		places := make(chan struct{}, maxStubs)
		for {
			conn, err := accept(p.stubs)
			if err != nil {
				return
			}
			select {
			case places <- struct{}{}:
				go func() {
					serveStub(conn, l, handle)
					<-places
				}()
			default:
				_ = conn.Close()
			}
		}
	}()
}

func serveStub(conn *os.File, l transport.Limits, handle transport.Handler) {
	defer conn.Close()
	_ = transport.Serve(conn, l, handle) // how it ended concerns this stub alone
}
