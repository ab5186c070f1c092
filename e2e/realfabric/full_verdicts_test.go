// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// fullPolicy is the endorsement policy of the private chaincode: two
// organisations' enclaves, whichever.
const fullPolicy = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"

// TestOnlyEnclavesEndorse: what enclaves of two organisations endorse is VALID on
// peers that know nothing of enclaves; what fewer enclaves, or plain peers, endorse
// is not.
func TestOnlyEnclavesEndorse(t *testing.T) {
	ctx, n := startNetwork(t)
	serveFull(ctx, t, n)
	onlyEnclaves(ctx, t, n, openSale(ctx, t, n).seller)
}

// onlyEnclaves has others endorse what an enclave computed.
func onlyEnclaves(ctx context.Context, t *testing.T, n *Network, seller *client.Contract) {
	t.Helper()
	for name, endorsers := range map[string]func(v *client.Validation) []*peer.ProposalResponse{
		"plain peers, the same payload": func(v *client.Validation) []*peer.ProposalResponse {
			return []*peer.ProposalResponse{byPeer(t, n, 0, v), byPeer(t, n, 1, v), byPeer(t, n, 2, v)}
		},
		"one enclave": func(v *client.Validation) []*peer.ProposalResponse {
			return []*peer.ProposalResponse{v.Answer().Endorsement()}
		},
		"one enclave and a plain peer": func(v *client.Validation) []*peer.ProposalResponse {
			return []*peer.ProposalResponse{v.Answer().Endorsement(), byPeer(t, n, 1, v)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			proposal, err := seller.NewProposal(ctx, "create", client.WithArguments(strings.NewReplacer(" ", "-", ",", "").Replace(name), "nothing"))
			if err != nil {
				t.Fatal(err)
			}
			v, err := proposal.Endorse(ctx)
			if err != nil {
				t.Fatal(err)
			}
			wantPolicyFailure(ctx, t, n, n.Orgs[0].Client, proposal, endorsers(v))
		})
	}
}

// serveFull deploys registry, ledger enclaves and auction, and provisions two
// enclaves of it.
func serveFull(ctx context.Context, t *testing.T, n *Network) *deploy.Full {
	t.Helper()
	full, err := n.ServeFull(ctx, deploy.Private{
		Name: "auction", Enclave: filepath.Join(n.Bin, "samples", "auction"), Policy: fullPolicy, Hosts: 2,
	}, func(step, what string) { t.Log(step, what) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(full.Stop)
	return full
}

// byPeer is a peer's endorsement of what enclaves endorsed.
func byPeer(t *testing.T, n *Network, org int, v *client.Validation) *peer.ProposalResponse {
	t.Helper()
	of := v.Answer().Endorsement()
	endorsement, err := envelope.Endorse(of.GetPayload(), n.peerSigner(t, org))
	if err != nil {
		t.Fatal(err)
	}
	return &peer.ProposalResponse{Version: 1, Response: of.GetResponse(), Payload: of.GetPayload(), Endorsement: endorsement}
}

// wantPolicyFailure has a transaction with these endorsements ordered, and wants
// the peers to find that they do not satisfy the policy.
func wantPolicyFailure(ctx context.Context, t *testing.T, n *Network, creator msp.Signer, proposal *client.Proposal, endorsements []*peer.ProposalResponse) {
	t.Helper()
	message := &peer.Proposal{}
	if err := proto.Unmarshal(proposal.Bytes(), message); err != nil {
		t.Fatal(err)
	}
	payload, err := envelope.CreateTransaction(message, endorsements...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.As(creator).Order(ctx, &fabric.Transaction{TxID: proposal.TransactionID(), Payload: payload})
	var invalid *fabric.NotCommittedError
	if !errors.As(err, &invalid) || invalid.Code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("got %v, want %s", err, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
	}
}
