// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// TestPrivateChaincode runs stub and registry as services under real peers:
// registration, a Lite invocation, a query, and a restart of stub and enclave.
func TestPrivateChaincode(t *testing.T) {
	ctx, n := startNetwork(t)
	pins, err := trust.PinBlocks(n.Genesis, nil)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := n.RegistryPolicy(ctx, "auction")
	if err != nil {
		t.Fatal(err)
	}
	ercc, err := n.ServeRegistry(ctx, policy)
	if err != nil {
		t.Fatal(err)
	}
	defer ercc.Stop()
	auction, manifest, err := n.ServePrivate(ctx, deploy.Private{Name: "auction", Enclave: filepath.Join(n.Bin, "samples", "auction")})
	if err != nil {
		t.Fatal(err)
	}
	defer auction.Stop()
	if _, err := n.InitEnclave(ctx, "auction", manifest, func(step, what string) { t.Log(step, what) }); err != nil {
		t.Fatal(err)
	}
	seller, err := n.Contract("auction", deploy.Client{Signer: n.Orgs[0].Client, Pins: pins})
	if err != nil {
		t.Fatal(err)
	}
	bidder, err := n.Contract("auction", deploy.Client{Signer: n.Orgs[1].Client, Pins: pins})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seller.Submit(ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	if _, err := bidder.Submit(ctx, "bid", "a1", "42"); err != nil {
		t.Fatal(err)
	}
	if err := auction.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	answer, err := bidder.Evaluate(ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		t.Errorf("mybid after a restart: got %s, error %v; want amount 42", answer, err)
	}
}
