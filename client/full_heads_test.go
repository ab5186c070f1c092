// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// TestAttack31FullHotKey: enclaves at different heights agree at one head, or the
// call fails with stale_view after the retries.
func TestAttack31FullHotKey(t *testing.T) {
	t.Run("unchanged between the heads", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 8
		if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("one catches up", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Changes = []uint64{3, 10}
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 9
		rounds := 0
		for i := range w.Peers {
			w.Peers[i].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
				if string(p.Args()[0]) == protocol.FuncInvoke {
					if rounds++; rounds == 2 { // the first two answers differ
						w.Enclaves[1].Height, w.Enclaves[2].Height = 10, 10
					}
				}
				return honest, nil
			}
		}
		if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("never", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Changes = []uint64{3, 9, 10}
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 8
		_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
		wantCode(t, err, protocol.CodeStaleView)
		if n := w.Orderer.Committed(); n != 0 {
			t.Errorf("%d transactions committed, want none", n)
		}
	})
}

// TestFullViewsDiffer: where results differ, the head to ask again at is the lowest
// of those read at: the newest that every enclave had reached (INV-20).
func TestFullViewsDiffer(t *testing.T) {
	for _, heights := range [][]uint64{{12, 10}, {10, 12}} {
		w := clienttest.NewFull(t)
		w.Enclaves, w.Changes = w.Enclaves[:2], []uint64{3, 11}
		for i, e := range w.Enclaves {
			e.Height = heights[i]
		}
		w.ViewFull()
		p, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).NewProposal(t.Context(), "echo")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Endorse(t.Context())
		var differ *client.ViewsDifferError
		if !errors.As(err, &differ) || differ.Height != 10 {
			t.Errorf("enclaves at %d: got %v, want results that differ, and 10 in common", heights, err)
		}
	}
}

// TestFullPeersBehind: a peer whose state is behind is asked again, by a proposal of
// its own; not where the caller names the height.
func TestFullPeersBehind(t *testing.T) {
	w := clienttest.NewFull(t)
	var left atomic.Int32
	for i := range w.Peers {
		w.Peers[i].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
			if string(p.Args()[0]) == protocol.FuncInvoke && left.Add(-1) >= 0 {
				return nil, protocol.Errorf("INV-11", protocol.CodeStaleView, "the peer's state is that of height 9, and none below 10 will do")
			}
			return honest, nil
		}
	}
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...client.Option) ([]byte, error){"Submit": contract.SubmitWith, "Evaluate": contract.EvaluateWith} {
		left.Store(7)
		if got, err := call(t.Context(), "echo", client.WithArguments("a")); err != nil || string(got) != "echo a" {
			t.Errorf("%s: got %q, error %v; want \"echo a\"", name, got, err)
		}
		left.Store(1 << 20)
		_, err := call(t.Context(), "echo", client.WithHeight(10))
		wantCode(t, err, protocol.CodeStaleView)
		if asked := 1<<20 - left.Load(); asked > int32(len(w.Peers)) {
			t.Errorf("%s at a height: %d enclaves were asked, want each once at most", name, asked)
		}
	}
}

// TestAttack03FullMinHeight: a frozen view is refused below min head.
func TestAttack03FullMinHeight(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(10)); err != nil {
		t.Fatal(err)
	}
	_, err := contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(11))
	wantCode(t, err, protocol.CodeBelowMinHead)
	// An enclave that does not hear of the demand is found out: it names its head.
	w.Enclaves[0].Height, w.Enclaves[0].Frozen = 11, 5
	w.Enclaves = append(w.Enclaves[:1:1], w.Enclaves[1:]...)
	for _, e := range w.Enclaves[1:] {
		e.Height = 5
	}
	_, err = contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(11))
	wantCode(t, err, protocol.CodeBelowMinHead)
}

// A client sees what it committed, and what another one tells it of, whichever
// enclave it asks: one that is behind refuses.
func TestFullReadsItsOwnWrites(t *testing.T) {
	w := clienttest.NewFull(t)
	contract, other := w.Connect(w.Config()).Contract(clienttest.Chaincode), w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Submit(t.Context(), "echo", "a"); err != nil {
		t.Fatal(err)
	}
	if got := contract.Network().Height(); got != 2 {
		t.Fatalf("height after a commit in block 1: got %d, want 2", got)
	}
	for _, e := range w.Enclaves {
		e.Height = 1
	}
	_, err := contract.Evaluate(t.Context(), "echo")
	wantCode(t, err, protocol.CodeBelowMinHead)
	_, err = contract.Submit(t.Context(), "echo")
	wantCode(t, err, client.CodeTooFewEndorsements)
	if _, err := other.Evaluate(t.Context(), "echo"); err != nil {
		t.Errorf("a client that knows of no commit: %v", err)
	}
	asked := 0
	w.Peers[0].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
		if string(p.Args()[0]) != protocol.FuncInvoke {
			return honest, nil
		}
		if asked++; asked == 2 { // too late for this proposal
			for _, e := range w.Enclaves {
				e.Height = 2
			}
		}
		return nil, protocol.Errorf("INV-11", protocol.CodeBelowMinHead, "the ledger enclave is at height 1")
	}
	if _, err := contract.Evaluate(t.Context(), "echo"); err != nil {
		t.Errorf("enclaves that catch up: %v", err)
	}
	w.Peers[0].Lie = nil
	for _, e := range w.Enclaves {
		e.Height = 1
	}
	other.Network().AtLeast(contract.Network().Height())
	other.Network().AtLeast(1)
	_, err = other.Evaluate(t.Context(), "echo")
	wantCode(t, err, protocol.CodeBelowMinHead)
	if _, err := contract.EvaluateWith(t.Context(), "echo", client.WithHeight(1)); err != nil {
		t.Errorf("a head that the caller names: %v", err)
	}
}

// In Lite no enclave knows at which head it reads.
func TestMinHeightInLite(t *testing.T) {
	w := clienttest.New(t, 3)
	_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).EvaluateWith(t.Context(), "echo", client.WithMinHeight(1))
	wantCode(t, err, protocol.CodeWrongMode)
	nothingSent(t, w)
}
