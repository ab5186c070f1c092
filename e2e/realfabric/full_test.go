// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/deploy"
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
	pins, err := trust.PinBlocks(n.Genesis, nil)
	if err != nil {
		t.Fatal(err)
	}
	ledgers, auction := serveFull(ctx, t, n)
	contract := func(org int) *client.Contract {
		c, err := n.Contract("auction", deploy.Client{Signer: n.Orgs[org].Client, Pins: pins})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	seller, bidder := contract(0), contract(1)
	if _, err := seller.Submit(ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	if _, err := bidder.Submit(ctx, "bid", "a1", "42"); err != nil {
		t.Fatal(err)
	}
	if err := ledgers.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := auction.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := seller.Submit(ctx, "create", "a2", "a vase"); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	answer, err := bidder.Evaluate(ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		t.Errorf("mybid: got %s, error %v; want amount 42", answer, err)
	}
	return seller
}
