// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"testing"

	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// No more peers than the policy needs replay the execution.
func TestValidationAsksEnoughPeers(t *testing.T) {
	w := clienttest.New(t, 5)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Submit(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, p := range w.Peers {
		for _, signed := range p.Sent() {
			proposal, err := envelope.UnpackProposal(signed)
			if err != nil {
				t.Fatal(err)
			}
			if string(proposal.Args()[0]) == protocol.FuncValidate {
				asked++
			}
		}
	}
	if asked != 3 {
		t.Errorf("%d peers validated one transaction, want 3 of 5", asked)
	}
}

// A peer that refuses is made up for by the others.
func TestValidationSurvivesOnePeer(t *testing.T) {
	w := clienttest.New(t, 3)
	w.Peers[1].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
		if string(p.Args()[0]) == protocol.FuncValidate {
			return &peer.ProposalResponse{Response: &peer.Response{Status: 500, Message: "no"}}, nil
		}
		return honest, nil
	}
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Submit(t.Context(), "echo"); err != nil {
		t.Errorf("Submit with one of three peers refusing: %v, want success", err)
	}
}

// A peer that lags behind the enclave's refuses the replay at first.
func TestValidationWaitsForLaggingPeers(t *testing.T) {
	w := clienttest.New(t, 3)
	for _, p := range w.Peers[1:] {
		refusals := 2
		p.Lie = func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
			if string(proposal.Args()[0]) == protocol.FuncValidate && refusals > 0 {
				refusals--
				return &peer.ProposalResponse{Response: &peer.Response{Status: 500, Message: protocol.Errorf("VAL-4", protocol.CodeStaleRead, "old").Error()}}, nil
			}
			return honest, nil
		}
	}
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Submit(t.Context(), "echo"); err != nil {
		t.Errorf("Submit with lagging peers: %v, want success", err)
	}
}
