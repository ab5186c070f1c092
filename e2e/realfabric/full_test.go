// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"testing"

	"github.com/privatechaincode/fpc/client"
)

// TestEnclavesEndorse: ledger enclaves follow real, unmodified peers, and what the
// enclaves of two organisations endorse is VALID there; after a restart of the
// first organisation's programs, too.
func TestEnclavesEndorse(t *testing.T) {
	ctx, n := startNetwork(t)
	enclavesEndorse(ctx, t, n)
}

// TestEnclavesEndorseUnderByzantineOrderers: the same where four orderers agree by
// BFT, of which one is down from the middle on; and what too few enclaves, or plain
// peers, endorse is not valid there either.
func TestEnclavesEndorseUnderByzantineOrderers(t *testing.T) {
	skipBeforeFabric3(t)
	ctx, n := startNetworkWith(t, Options{Byzantine: true})
	seller := enclavesEndorse(ctx, t, n)
	n.orderers[3].stop()
	if _, err := seller.Submit(ctx, "create", "a3", "a statue"); err != nil {
		t.Fatalf("while one orderer is down: %v", err)
	}
	onlyEnclaves(ctx, t, n, seller)
}

// enclavesEndorse deploys all of Full mode and uses it. It answers the contract in
// the first organisation's name.
func enclavesEndorse(ctx context.Context, t *testing.T, n *Network) *client.Contract {
	t.Helper()
	full := serveFull(ctx, t, n)
	sale := openSale(ctx, t, n)
	if err := full.Ledgers.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := full.Chaincode.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := sale.seller.Submit(ctx, "create", "a2", "a vase"); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	sale.bidStands(ctx, t, "a restart")
	return sale.seller
}
