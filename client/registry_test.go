// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/protocol"
)

// A key is asked for once per lifetime, and again when an enclave knows another.
func TestKeyCache(t *testing.T) {
	w := clienttest.New(t, 1)
	config := w.Config()
	now := clienttest.Noon
	config.Now = func() time.Time { return now }
	contract := w.Connect(config).Contract(clienttest.Chaincode)
	call := func() {
		t.Helper()
		if _, err := contract.Evaluate(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	}
	queries := func() int { return countQueries(t, w) }
	call()
	call()
	if got := queries(); got != 1 {
		t.Fatalf("%d registry queries for two calls, want 1", got)
	}
	now = now.Add(client.DefaultKeyLifetime)
	call()
	if got := queries(); got != 2 {
		t.Fatalf("%d registry queries after the key's lifetime, want 2", got)
	}
	w.Reset(clienttest.NewEnclave(w, w.Orgs[0].MSPID, w.Peers[0].Address()))
	call()
	if got := queries(); got != 3 {
		t.Errorf("%d registry queries after the key changed, want 3", got)
	}
}

// countQueries returns how often the registry was read: the most that any peer
// was asked, since one may be cut short when others have answered.
func countQueries(t *testing.T, w *clienttest.World) int {
	t.Helper()
	most := 0
	for _, p := range w.Peers {
		n := 0
		for _, signed := range p.Sent() {
			proposal, err := envelope.UnpackProposal(signed)
			if err != nil {
				t.Fatal(err)
			}
			if proposal.Chaincode == protocol.ERCCName {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Calls at the same time share one reading of the registry.
func TestConcurrentCalls(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	errs := make(chan error)
	const calls = 8
	for range calls {
		go func() {
			_, err := contract.Submit(t.Context(), "echo")
			errs <- err
		}()
	}
	for range calls {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := countQueries(t, w); got != 1 {
		t.Errorf("%d registry queries for %d calls at once, want 1", got, calls)
	}
	if n := w.Orderer.Committed(); n != calls {
		t.Errorf("%d transactions committed, want %d", n, calls)
	}
}
