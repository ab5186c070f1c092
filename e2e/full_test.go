// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/deploy"
)

// bothEnclaves is a policy that only the enclaves of two organisations together
// satisfy.
const bothEnclaves = "AND('Org1MSP.enclave','Org2MSP.enclave')"

// deployFull deploys ERCC, ledger enclaves beside all peers, and a private
// chaincode whose enclaves of two organisations endorse; it initialises both.
func deployFull(t *testing.T, name string) *world {
	t.Helper()
	w := newWorld(t, name)
	w.serveFull(w.sample(name))
	return w
}

// serveFull deploys ERCC, ledger enclaves and the world's own chaincode, of this
// enclave, and initialises it.
func (w *world) serveFull(enclave string) {
	w.t.Helper()
	w.policy = bothEnclaves
	full, err := w.ServeFull(w.ctx, deploy.Private{Name: w.name, Enclave: enclave, Policy: w.policy, Hosts: 2}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(full.Stop)
	w.registry, w.ledger, w.service, w.manifest = full.Registry, full.Ledgers, full.Chaincode, full.Manifest
}

// Two organisations' enclaves endorse, and the peers' ordinary validation finds
// the transaction VALID; queries, too, read what the channel committed.
func TestFullModeOnTheEmbeddedNetwork(t *testing.T) {
	w := deployFull(t, "auction")
	_, bidder := w.openSale()
	w.myBid()
	if _, err := bidder.Submit(w.ctx, "nonsense"); err == nil {
		t.Error("a function that does not exist: got no error")
	}
}

// The processes of Full mode, ended one at a time: stub and enclave come back
// with their keys, and an enclave follows its ledger enclave over a restart.
func TestFullModeSurvivesRestarts(t *testing.T) {
	w := deployFull(t, "auction")
	seller, bidder := w.contract(0), w.contract(1)
	if _, err := seller.Submit(w.ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.Restart(w.ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := bidder.Submit(w.ctx, "bid", "a1", "42"); err != nil {
		t.Fatalf("after the ledger host of the first organisation started anew: %v", err)
	}
	w.kill(w.service)
	w.start(w.service)
	if _, err := seller.Submit(w.ctx, "create", "a2", "a vase"); err != nil {
		t.Fatalf("after stub and enclave of the first organisation started anew: %v", err)
	}
	w.myBid()
}
