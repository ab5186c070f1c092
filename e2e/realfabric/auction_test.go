// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// auction is the private auction on a real network, with the registry, each a
// service of every organisation.
type auction struct {
	ercc, stubs *deploy.Service
	manifest    []byte
}

// deployAuction deploys registry and auction; the enclave is not initialised.
func deployAuction(ctx context.Context, t *testing.T, n *Network) *auction {
	t.Helper()
	a := &auction{}
	var err error
	if a.ercc, err = n.ServeRegistry(ctx, "auction"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.ercc.Stop)
	if a.stubs, a.manifest, err = n.ServePrivate(ctx, deploy.Private{Name: "auction", Enclave: filepath.Join(n.Bin, "samples", "auction")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.stubs.Stop)
	return a
}

// initialise makes the first organisation's enclave and the chaincode's keys.
func (n *Network) initialise(ctx context.Context, t *testing.T, manifest []byte) {
	t.Helper()
	if _, err := n.InitEnclave(ctx, "auction", manifest, func(step, what string) { t.Log(step, what) }); err != nil {
		t.Fatal(err)
	}
}

// sale is the auction a1, in the names of those who use it: the first
// organisation's client, who opened it, and the second one's, who bid 42.
type sale struct {
	seller, bidder *client.Contract
}

// openSale opens it on a network where the auction chaincode is initialised.
func openSale(ctx context.Context, t *testing.T, n *Network) sale {
	t.Helper()
	pins, err := trust.PinBlocks(n.Genesis, nil)
	if err != nil {
		t.Fatal(err)
	}
	contract := func(org int) *client.Contract {
		c, err := n.Contract("auction", deploy.Client{Signer: n.Orgs[org].Client, Pins: pins})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s := sale{seller: contract(0), bidder: contract(1)}
	if _, err := s.seller.Submit(ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bidder.Submit(ctx, "bid", "a1", "42"); err != nil {
		t.Fatal(err)
	}
	return s
}

// bidStands: the bidder sees what they bid.
func (s sale) bidStands(ctx context.Context, t *testing.T, after string) {
	t.Helper()
	answer, err := s.bidder.Evaluate(ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		t.Errorf("mybid after %s: got %s, error %v; want amount 42", after, answer, err)
	}
}
