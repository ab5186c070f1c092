// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package clienttest

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Peer is a peer of one organisation. Set its hooks before a client uses it.
type Peer struct {
	w       *World
	Member  *fpctest.Member
	address string
	// Lie replaces an honest answer; nil: it stays. err is a failed call.
	Lie func(p *envelope.Proposal, honest *peer.ProposalResponse) (answer *peer.ProposalResponse, err error)

	sent []*peer.SignedProposal
}

var _ client.Peer = (*Peer)(nil)

func newPeer(w *World, org *fpctest.Org, address string) *Peer {
	return &Peer{w: w, Member: org.Peer(address), address: address}
}

// Name implements client.Peer.
func (p *Peer) Name() string { return "peer " + p.address }

// Address implements client.Peer.
func (p *Peer) Address() string { return p.address }

// Sent returns all proposals that were sent to the peer.
func (p *Peer) Sent() []*peer.SignedProposal {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return slices.Clone(p.sent)
}

// Forget empties what Sent returns.
func (p *Peer) Forget() {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.sent = nil
}

// ProcessProposal implements client.Peer.
func (p *Peer) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.sent = append(p.sent, signed)
	proposal, err := envelope.UnpackProposal(signed)
	if err != nil {
		return nil, err
	}
	answer, err := p.honest(proposal)
	if err != nil {
		return nil, err
	}
	if p.Lie != nil {
		return p.Lie(proposal, answer)
	}
	return answer, nil
}

// honest endorses what the invoked chaincode answers.
func (p *Peer) honest(proposal *envelope.Proposal) (*peer.ProposalResponse, error) {
	creator, err := p.w.Manager.Identity(proposal.Creator())
	if err != nil {
		return nil, err
	}
	claim := proposal.SignedData()
	if err := creator.Verify(claim.Data, claim.Signature); err != nil {
		return nil, err
	}
	payload, err := p.invoke(proposal)
	if err != nil {
		return &peer.ProposalResponse{Response: &peer.Response{Status: 500, Message: err.Error()}}, nil
	}
	return p.Endorse(proposal, proposal.Chaincode, payload), nil
}

// Endorse signs a chaincode's answer to a proposal.
func (p *Peer) Endorse(proposal *envelope.Proposal, chaincode string, payload []byte) *peer.ProposalResponse {
	version := p.w.View.GetDefinition().GetVersion()
	if chaincode == protocol.ERCCName {
		version = p.w.View.GetErccVersion()
	}
	response := &peer.Response{Status: 200, Payload: payload}
	signed, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: proposal.Hash, ReadWriteSet: []byte{}, Response: response,
		ChaincodeID: &peer.ChaincodeID{Name: chaincode, Version: version},
	})
	p.w.check(err)
	endorsement, err := envelope.Endorse(signed, p.Member)
	p.w.check(err)
	return &peer.ProposalResponse{Version: 1, Response: response, Payload: signed, Endorsement: endorsement}
}

// invoke is ERCC, or the stub with its enclave and the validation.
func (p *Peer) invoke(proposal *envelope.Proposal) ([]byte, error) {
	switch string(proposal.Args()[0]) {
	case protocol.FuncQueryRegistryView:
		return protocol.MarshalRegistryView(p.w.View)
	case protocol.FuncInvoke:
		return p.enclave().Invoke(proposal)
	case protocol.FuncValidate:
		return nil, p.validate(proposal)
	}
	return nil, protocol.Errorf("INV-7", protocol.CodeUnknownFunction, "no such function")
}

// validate is as much of VAL-3 as a client can get wrong.
func (p *Peer) validate(proposal *envelope.Proposal) error {
	ccrsp, err := protocol.ParseValidate(proposal.Args()[1:])
	if err != nil {
		return err
	}
	r, err := protocol.ParseResponse("VAL-3", ccrsp)
	if err != nil {
		return err
	}
	verified, err := protocol.VerifyResponse("VAL-3", p.enclave().VK, r)
	if err != nil {
		return err
	}
	inner := &peer.SignedProposal{}
	if err := proto.Unmarshal(verified.Message().GetSignedProposal(), inner); err != nil {
		return err
	}
	executed, err := envelope.UnpackProposal(inner)
	if err != nil {
		return err
	}
	if string(executed.Creator()) != string(proposal.Creator()) {
		return protocol.Errorf("VAL-3", protocol.CodeOtherCreator, "creators differ")
	}
	return nil
}

// Watch implements client.Peer.
func (p *Peer) Watch(ctx context.Context, _, txID string, _ msp.Signer, _ time.Time) (client.Watcher, error) {
	return p.w.Orderer.watch(ctx, txID), nil
}
