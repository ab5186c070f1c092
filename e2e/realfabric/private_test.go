// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import "testing"

// TestPrivateChaincode runs stub and registry as services under real peers:
// registration, a Lite invocation, a query, and a restart of stub and enclave.
func TestPrivateChaincode(t *testing.T) {
	ctx, n := startNetwork(t)
	a := deployAuction(ctx, t, n)
	n.initialise(ctx, t, a.manifest)
	sale := openSale(ctx, t, n)
	if err := a.stubs.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	sale.bidStands(ctx, t, "a restart")
}
