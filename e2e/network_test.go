// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// timeout bounds one test's calls to the network.
const timeout = 2 * time.Minute

// bin is where `make build` puts the programs.
func bin(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// startNetwork starts an embedded network that ends with the test.
func startNetwork(t testing.TB) (context.Context, *embedded.Network) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	n, err := embedded.Start(ctx, embedded.Config{Dir: t.TempDir(), Bin: bin(t), Trace: true, BatchTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the network: %v", err)
		}
	})
	return ctx, n
}
