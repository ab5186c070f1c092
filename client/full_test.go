// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// invocations counts the sealed requests that a peer got.
func invocations(t *testing.T, p *clienttest.Peer) int {
	t.Helper()
	n := 0
	for _, signed := range p.Sent() {
		proposal, err := envelope.UnpackProposal(signed)
		if err != nil {
			t.Fatal(err)
		}
		if string(proposal.Args()[0]) == protocol.FuncInvoke {
			n++
		}
	}
	return n
}

// Submit and Evaluate are the same calls in Full mode: two enclaves endorse one
// transaction, one answers a query.
func TestFullSubmitAndEvaluate(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	got, err := contract.SubmitWith(t.Context(), "echo", client.WithArguments("a"), client.WithTransient(map[string][]byte{"t": []byte("!")}))
	if err != nil || string(got) != "echo a!" {
		t.Fatalf("Submit = %q, %v, want \"echo a!\"", got, err)
	}
	if n := w.Orderer.Committed(); n != 1 {
		t.Errorf("%d transactions committed, want 1", n)
	}
	asked := invocations(t, w.Peers[0]) + invocations(t, w.Peers[1]) + invocations(t, w.Peers[2])
	if asked != 2 {
		t.Errorf("%d enclaves were asked, want the 2 that the policy needs", asked)
	}
	if got, err = contract.Evaluate(t.Context(), "echo", "b"); err != nil || string(got) != "echo b" {
		t.Errorf("Evaluate = %q, %v, want \"echo b\"", got, err)
	}
	found, err := contract.Check(t.Context(), false)
	if err != nil || found.Mode() != protocol.ModeFull {
		t.Errorf("mode: got %v, %v, want full", found.Mode(), err)
	}
}

// Offline signing has the same steps in both modes.
func TestFullStepByStep(t *testing.T) {
	w := clienttest.NewFull(t)
	proposal, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).NewProposal(t.Context(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	validation, err := proposal.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := validation.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if validation.Endorsers() != 2 || tx.TransactionID() != proposal.TransactionID() {
		t.Errorf("got %d endorsers and transaction %s, want 2 and the proposal's own id %s", validation.Endorsers(), tx.TransactionID(), proposal.TransactionID())
	}
}

// A chaincode's error is sealed in Full mode too, and there is nothing to commit.
func TestFullChaincodeError(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...string) ([]byte, error){"submit": contract.Submit, "evaluate": contract.Evaluate} {
		_, err := call(t.Context(), "fail")
		var failed *client.ChaincodeError
		if !errors.As(err, &failed) || failed.Status != 500 {
			t.Errorf("%s: got %v, want the chaincode's own error", name, err)
		}
	}
}

// An enclave whose peer cannot be reached is replaced by another one.
func TestFullAnotherEnclaveStepsIn(t *testing.T) {
	w := clienttest.NewFull(t)
	w.Peers[0].Lie = unreachable
	if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
}

func unreachable(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
	if string(p.Args()[0]) == protocol.FuncInvoke {
		return nil, &fabric.UnreachableError{Server: "peer", Err: errors.New("connection refused")}
	}
	return honest, nil
}

// A policy that cannot be met is explained, organisation by organisation.
func TestFullPolicyThatCannotBeMet(t *testing.T) {
	for name, test := range map[string]struct {
		arrange func(w *clienttest.World)
		want    []string
	}{
		"too few are trusted": {func(w *clienttest.World) {
			w.Enclaves[1].Certificate = w.Enclaves[1].Certify(w.Orgs[1], fpctest.RolePeer, w.Enclaves[1].Unit())
		}, []string{"Org1MSP: enclave", "was not asked", "Org2MSP: enclave", "not trusted", "role", "Org3MSP: no enclave is registered"}},
		"too few can be reached": {func(w *clienttest.World) {
			w.Peers[0].Lie = unreachable
		}, []string{"Org1MSP: enclave", "connection refused", "Org2MSP: enclave", "endorses", "Org3MSP: no enclave is registered"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.NewFull(t)
			test.arrange(w)
			w.Enclaves = w.Enclaves[:2]
			w.ViewFull()
			_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
			wantCode(t, err, client.CodeTooFewEndorsements)
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
		})
	}
}
