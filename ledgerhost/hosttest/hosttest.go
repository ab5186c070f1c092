// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package hosttest is untrusted: it runs a ledger host in a test's own process,
// with the real ledger enclave as its child. No product code imports it.
package hosttest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// startTimeout is for machines that stand still for a while.
const startTimeout = 5 * time.Minute

// Run runs a host until the test ends; a host that fails makes it fail. Its
// enclaves are what wrap makes of processes of fpc-ledger from the folder bin;
// config.Start is not used. When it returns, the socket answers.
func Run(ctx context.Context, t testing.TB, config ledgerhost.Config, bin string, wrap func(*launch.Process) ledgerhost.Enclave) {
	t.Helper()
	config.Start = func(ctx context.Context, secret [32]byte, stubs *os.File) (ledgerhost.Enclave, error) {
		p, err := launch.Start(ctx, launch.Config{
			Binary: filepath.Join(bin, "fpc-ledger"), HostSecret: secret, Listener: stubs, StartTimeout: startTimeout, Limits: transport.BlockLimits(), ReadStatus: ledgerhost.ReadStatus,
		})
		if err != nil {
			return nil, err
		}
		return wrap(p), nil
	}
	h, err := ledgerhost.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the ledger host ended: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
}
