// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// contractOf is a private chaincode in one identity's name.
func contractOf(t testing.TB, n *embedded.Network, chaincode string, signer msp.Signer) *client.Contract {
	t.Helper()
	contract, err := n.Contract(chaincode, deploy.Client{Signer: signer, Pins: n.Pins})
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// servePrivate deploys ERCC and a private chaincode and initialises its enclave.
func servePrivate(t testing.TB, ctx context.Context, n *embedded.Network, name, enclave string) *deploy.Service {
	t.Helper()
	policy, err := n.RegistryPolicy(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	ercc, err := n.ServeRegistry(ctx, policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ercc.Stop)
	s, manifest, err := n.ServePrivate(ctx, deploy.Private{Name: name, Enclave: filepath.Join(n.Bin, "samples", enclave)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := n.InitEnclave(ctx, name, manifest, func(step, what string) { t.Log(step, what) }); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPrivateChaincode(t *testing.T) {
	ctx, n := startNetwork(t)
	servePrivate(t, ctx, n, "auction", "auction")
	seller := contractOf(t, n, "auction", n.Orgs[0].Client)
	if _, err := seller.Submit(ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	bidder := contractOf(t, n, "auction", n.Orgs[1].Client)
	if _, err := bidder.Submit(ctx, "bid", "a1", "42"); err != nil {
		t.Fatal(err)
	}
	answer, err := bidder.Evaluate(ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		t.Errorf("mybid: got %s, error %v; want amount 42", answer, err)
	}
}
