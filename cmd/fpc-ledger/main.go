// SPDX-License-Identifier: Apache-2.0

// Command fpc-ledger is trusted: it is the ledger enclave of one peer and
// channel. It is not started by hand: fpc-ledger-host starts it, with a socket
// for the transport as descriptor 3, and one as descriptor 5 at which stubs
// connect, who can ask and do nothing else. It is built with CGO_ENABLED=0 -trimpath
// -buildvcs=false, so that every builder gets the same bytes and the same code
// id. Every package linked into it stands in ledgerenclave/tcb.txt.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/internal/launched"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/transport"
)

const name = "ledger enclave"

func main() {
	process, err := launched.StartListening()
	if errors.Is(err, launched.ErrNotLaunched) {
		err = fmt.Errorf("this program is a peer's ledger enclave, which fpc-ledger-host starts: it found %w", err)
	}
	if err != nil {
		launched.Fail(name, err)
	}
	e, err := ledgerenclave.New(ledgerenclave.Config{
		Platform: process.Platform, Verifiers: process.Verifiers, Confinement: process.Confinement,
	})
	if err != nil {
		launched.Fail(name, err)
	}
	pace := launched.NewPace(e.Handle, ledgerenclave.MethodNextBlock, ledgerenclave.MethodResume, ledgerenclave.MethodJoinChannel)
	process.ServeStubs(transport.Limits{}, func(ctx context.Context, c *transport.Call) ([]byte, error) {
		return pace.Run(ctx, c, e.HandleStub)
	})
	process.Serve(transport.BlockLimits(), pace.Handle)
}
