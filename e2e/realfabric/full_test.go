// SPDX-License-Identifier: Apache-2.0

package realfabric

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// TestEnclavesEndorse: ledger enclaves follow real, unmodified peers, and what the
// enclaves of two organisations endorse is VALID there; after a restart of the
// first organisation's programs, too.
func TestEnclavesEndorse(t *testing.T) {
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
	ledgers, err := n.ServeLedgers(ctx, deploy.LedgerSpec{})
	if err != nil {
		t.Fatal(err)
	}
	defer ledgers.Stop()
	auction, manifest, err := n.ServePrivate(ctx, deploy.Private{
		Name: "auction", Enclave: filepath.Join(n.Bin, "samples", "auction"), Hosts: 2,
		Policy: "AND('Org1MSP.enclave','Org2MSP.enclave')",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer auction.Stop()
	if _, err := n.InitEnclaves(ctx, 2, "auction", manifest, func(step, what string) { t.Log(step, what) }); err != nil {
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
}
