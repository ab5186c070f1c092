// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// byPeer is what a plain peer would add to a call that enclaves endorsed: its own
// signature over the same bytes.
func (w *world) byPeer(org int, of *peer.ProposalResponse) *peer.ProposalResponse {
	w.t.Helper()
	ca, ok := w.Devnet.Org(w.Orgs[org].MSPID)
	if !ok {
		w.t.Fatalf("the network has no %s", w.Orgs[org].MSPID)
	}
	signer, err := ca.Node("peer0")
	if err != nil {
		w.t.Fatal(err)
	}
	endorsement, err := envelope.Endorse(of.GetPayload(), signer)
	if err != nil {
		w.t.Fatal(err)
	}
	return &peer.ProposalResponse{Version: 1, Response: of.GetResponse(), Payload: of.GetPayload(), Endorsement: endorsement}
}

// Row 7 in Full: peers that ran nothing endorse what one enclave computed, and one
// enclave alone does; neither satisfies the policy, and nothing changes.
func TestAttack07FullPlainPeers(t *testing.T) {
	w := deployFull(t, "asset")
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	for name, endorsers := range map[string]func(of *peer.ProposalResponse) []*peer.ProposalResponse{
		"plain peers": func(of *peer.ProposalResponse) []*peer.ProposalResponse {
			return []*peer.ProposalResponse{w.byPeer(0, of), w.byPeer(1, of), w.byPeer(2, of)}
		},
		"one enclave": func(of *peer.ProposalResponse) []*peer.ProposalResponse { return []*peer.ProposalResponse{of} },
		"one enclave, plain peers": func(of *peer.ProposalResponse) []*peer.ProposalResponse {
			return []*peer.ProposalResponse{of, w.byPeer(0, of), w.byPeer(1, of)}
		},
		"one enclave, counted twice": func(of *peer.ProposalResponse) []*peer.ProposalResponse { return []*peer.ProposalResponse{of, of} },
	} {
		t.Run(name, func(t *testing.T) {
			before := w.remember()
			proposal, err := w.contract(0).NewProposal(w.ctx, "UpdateAsset", client.WithArguments("a1", "red", "9"))
			if err != nil {
				t.Fatal(err)
			}
			validation, err := proposal.Endorse(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			message := &peer.Proposal{}
			if err := proto.Unmarshal(proposal.Bytes(), message); err != nil {
				t.Fatal(err)
			}
			payload, err := envelope.CreateTransaction(message, endorsers(validation.Answer().Endorsement())...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.As(w.Orgs[0].Client).Order(w.ctx, &fabric.Transaction{TxID: proposal.TransactionID(), Payload: payload})
			var invalid *fabric.NotCommittedError
			if !errors.As(err, &invalid) || invalid.Code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
				t.Errorf("got %v, want %s", err, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
			}
			w.unchanged(before)
		})
	}
}

// Row 31: clients write one key all the time. Enclaves at different heights agree
// at one head, or the call fails with stale_view; a write that another one
// overtook is invalid. Nothing else happens, and what is VALID is all there.
func TestAttack31FullHotKey(t *testing.T) {
	w := deployFull(t, "asset")
	w.submit("CreateAsset", "a1", "ann", "blue", "0")
	var (
		mu        sync.Mutex
		committed int
		clients   sync.WaitGroup
	)
	for c := range 3 {
		contract := w.contract(c)
		clients.Go(func() {
			for i := range 4 {
				_, err := contract.Submit(w.ctx, "UpdateAsset", "a1", "red", strconv.Itoa(10*c+i))
				var invalid *fabric.NotCommittedError
				switch {
				case err == nil:
					mu.Lock()
					committed++
					mu.Unlock()
				case errors.As(err, &invalid) && invalid.Code == peer.TxValidationCode_MVCC_READ_CONFLICT:
				case protocol.CodeOf(err) == protocol.CodeStaleView:
				default:
					t.Errorf("client %d: got %v, want a commit, a conflict or stale_view", c, err)
				}
			}
		})
	}
	clients.Wait()
	if committed == 0 {
		t.Error("no write was committed, want at least one")
	}
	w.submit("UpdateAsset", "a1", "green", "99") // and the key is not stuck
}

// The steps of a call in Full mode stand in the trace in their order: at the
// client, and at each enclave that endorsed. fpc shows them, and what kept other
// calls from being made.
func TestFullFlow(t *testing.T) {
	w := deployFull(t, "asset")
	proposal, err := w.contract(0).NewProposal(w.ctx, "CreateAsset", client.WithArguments("a1", "ann", "blue", "7"))
	if err != nil {
		t.Fatal(err)
	}
	validation, err := proposal.Endorse(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := validation.Endorse(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := tx.Submit(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer commit.Close()
	if _, err := commit.Result(); err != nil {
		t.Fatal(err)
	}
	all := w.tracedAtAllPeers(proposal.TransactionID())
	of := func(process string) []string {
		var steps []string
		for _, e := range all {
			if e.TxID == proposal.TransactionID() && e.Process == process {
				steps = append(steps, e.Step)
			}
		}
		return steps
	}
	for process, want := range map[string][]string{
		"client":             {"INV-1", "INV-3", "INV-4", "INV-20", "INV-19", "INV-21", "INV-22"},
		"stub@Org1MSP":       {"INV-7"},
		"enclave@Org1MSP":    {"INV-8", "INV-10", "INV-12", "INV-11", "INV-15", "INV-16"},
		"enclave@Org2MSP":    {"INV-8", "INV-10", "INV-12", "INV-11", "INV-15", "INV-16"},
		"orderer@OrdererMSP": {"VAL-6"},
		"peer@Org1MSP":       {"INV-6", "VAL-7"},
	} {
		got := of(process)
		rest := want
		for _, step := range got {
			if len(rest) > 0 && step == rest[0] {
				rest = rest[1:]
			}
		}
		if len(rest) > 0 {
			t.Errorf("%s: got the steps %q, want %q among them in this order", process, got, want)
		}
		if slices.ContainsFunc(got, func(step string) bool { return step == "VAL-1" || step == "VAL-4" }) {
			t.Errorf("%s: got the steps %q, want none of Lite's validation", process, got)
		}
	}
	doctorOfTransaction(t, w, proposal.TransactionID())
	doctorOfRefusals(t, w)
}

// tracedAtAllPeers reads the trace once every peer has recorded a commit. Files
// tell nobody that they grew, so it is read again and again.
func (w *world) tracedAtAllPeers(txID string) []trace.Event {
	w.t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		all, err := trace.ReadDir(w.Trace)
		if err != nil {
			w.t.Fatal(err)
		}
		commits := 0
		for _, e := range all {
			if e.TxID == txID && e.Step == "VAL-7" {
				commits++
			}
		}
		if commits == len(w.Orgs) {
			return all
		}
		select {
		case <-again.C:
		case <-w.ctx.Done():
			w.t.Fatalf("%d of %d peers recorded the commit of %s", commits, len(w.Orgs), txID)
		}
	}
}
