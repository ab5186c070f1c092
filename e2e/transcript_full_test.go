// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/trace"
)

// TestTranscriptsFull holds a run in Full mode against the golden transcripts, as
// TestTranscripts does one in Lite: every step, at the participant that received
// it, in its process. What enclaves of two organisations do at the same time stands
// organisation by organisation (see arrange).
func TestTranscriptsFull(t *testing.T) {
	w := newServedWorld(t, "asset")
	r := &run{world: w}
	r.serveRegistry(r.name)
	r.settled()
	r.begun = time.Now() // so far it is as in Lite

	r.serveLedgers()
	r.take("full-ledger")

	w.policy = bothEnclaves
	w.serveMore(deploy.Private{Name: "asset", Enclave: w.sample("asset"), Policy: w.policy, Hosts: 2})
	r.take("full-deployment")

	w.initialise()
	r.take("full-registration")

	r.distribute()
	r.take("full-keys")

	var cut atomic.Bool // the second organisation's peer from the client
	contract := w.contractAs(deploy.Client{
		Signer: w.Orgs[1].Client, Pins: w.Pins, Quorum: len(w.Orgs),
		Wrap: func(p client.Peer) client.Peer {
			if p.Address() != w.Orgs[1].Peer.Address {
				return p
			}
			return cutOff{p, &cut}
		},
	})
	r.invokeRestarted(contract)
	r.take("full-invocation-restarted")

	r.must(contract.Submit(w.ctx, "UpdateAsset", "a1", "green", "8"))
	r.take("full-invocation")

	// Any one enclave will do; so that it is always the same one, the other is away.
	cut.Store(true)
	r.must(contract.Evaluate(w.ctx, "AssetsByOwner", "ann"))
	r.take("full-query")

	roots, err := admin.Roots(r.ctx, r.At(0, r.Orgs[0].Admin))
	if err != nil {
		t.Fatal(err)
	}
	r.refresh(roots)
	r.take("full-refresh")

	r.tookAll(fullMode)
}

// cutOff is a peer that a client cannot reach for a while.
type cutOff struct {
	client.Peer
	cut *atomic.Bool
}

func (c cutOff) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	if c.cut.Load() {
		return nil, &fabric.UnreachableError{Server: c.Name(), Err: errors.New("cut off")}
	}
	return c.Peer.ProcessProposal(ctx, signed)
}

func (r *run) serveLedgers() {
	r.t.Helper()
	ledgers, err := r.ServeLedgers(r.ctx, deploy.LedgerSpec{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(ledgers.Stop)
	r.ledger = ledgers
}

// distribute initialises the second organisation's enclave and brings it the first
// one's keys (KEY-4 to KEY-7). Every step waits for the ledger enclaves: an
// administrator who is faster than they are has to ask again.
func (r *run) distribute() {
	r.t.Helper()
	made, err := r.InitEnclaveAt(r.ctx, 1, r.name, r.manifest, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.followed()
	from, to := r.Distribution(0, r.name, nil), r.Distribution(1, r.name, nil)
	receivers, err := from.Receivers(r.ctx)
	if err != nil || len(receivers) != 1 || receivers[0] != made.EnclaveID {
		r.t.Fatalf("enclaves without keys: got %q, error %v; want %s", receivers, err, made.EnclaveID)
	}
	if err := from.Export(r.ctx, receivers[0]); err != nil {
		r.t.Fatal(err)
	}
	r.followed()
	if err := to.Import(r.ctx); err != nil {
		r.t.Fatal(err)
	}
}

// followed waits until every ledger enclave has taken the newest block of any peer.
func (r *run) followed() {
	r.t.Helper()
	var height uint64
	for org := range r.Orgs {
		info, err := r.At(org, r.Orgs[org].Client).Info(r.ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		height = max(height, info.GetHeight())
	}
	newest, begun := fmt.Sprint(height-1), r.begun
	r.begun = time.Time{}
	r.awaitTrace(func(events []trace.Event) bool {
		taken := map[string]bool{}
		for _, e := range events {
			if e.Step == "VAL-8" && e.From == e.To && e.Attrs["block"] == newest {
				taken[e.Process] = true
			}
		}
		return len(taken) == len(r.Orgs)
	})
	r.begun = begun
}
