// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"fmt"

	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// endorser is a peer that may be asked.
type endorser struct {
	address, mspID string
	id             *msp.Presented
	process        func(context.Context, *peer.SignedProposal) (*peer.ProposalResponse, error)
}

func (e *endorser) detail(message string) *gateway.ErrorDetail {
	return &gateway.ErrorDetail{Address: e.address, MspId: e.mspID, Message: message}
}

// ask sends the proposal to one endorser, bounded in time.
func (e *endorser) ask(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, outcome) {
	ctx, cancel := context.WithTimeout(ctx, endorsementTimeout)
	defer cancel()
	response, err := e.process(ctx, signed)
	return response, judge(response, err)
}

// candidates returns the peers that can be expected to run a chaincode, this
// one first, then its organisation's, then the others'. An organisation that
// did not approve the committed definition does not run it; whether the others
// installed the package only they know.
func (s *Server) candidates(view *view, name string) ([]*endorser, error) {
	runs, err := s.runners(view, name)
	if err != nil {
		return nil, err
	}
	var own, others []*endorser
	if runs(s.MSPID) && s.runsHere(view, name) {
		id, err := view.bundle.Identities().Present(s.Identity)
		if err != nil {
			return nil, err
		}
		own = append(own, &endorser{s.Address, s.MSPID, id, s.Local.ProcessProposal})
	}
	for _, remote := range s.Network.Endorsers(view.channelID) {
		id, err := view.bundle.Identities().Present(remote.Identity)
		if err != nil || !runs(remote.MSPID) {
			continue
		}
		client := rpc.NewEndorserClient(remote.Conn)
		e := &endorser{remote.Address, remote.MSPID, id, func(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
			return client.ProcessProposal(ctx, signed)
		}}
		if remote.MSPID == s.MSPID {
			own = append(own, e)
		} else {
			others = append(others, e)
		}
	}
	return append(own, others...), nil
}

// runners tells which organisations run a chaincode.
func (s *Server) runners(view *view, name string) (func(mspID string) bool, error) {
	if s.Runner.IsSystem(name) {
		return func(string) bool { return true }, nil
	}
	d, err := lifecycle.Query(name, view)
	if err != nil {
		return nil, err
	}
	orgs := map[string]lifecycle.Opaque{}
	for _, org := range view.bundle.ApplicationOrgs() {
		orgs[org.MSPID] = hashes{view.sim, rwset.ImplicitCollection(org.MSPID)}
	}
	approvals, err := lifecycle.Approvals(*d, orgs)
	if err != nil {
		return nil, err
	}
	return func(mspID string) bool { return approvals[mspID] }, nil
}

// runsHere tells whether this very peer has what it takes.
func (s *Server) runsHere(view *view, name string) bool {
	_, err := s.Runner.Definition(&chaincode.Invocation{ChannelID: view.channelID, Sim: view.sim}, name)
	return err == nil
}

// of returns the endorsers of one organisation.
func of(all []*endorser, mspID string) []*endorser {
	var found []*endorser
	for _, e := range all {
		if e.mspID == mspID {
			found = append(found, e)
		}
	}
	return found
}

// hashes is an organisation's implicit collection as everybody sees it.
type hashes struct {
	sim        *simulator.Simulator
	collection string
}

func (h hashes) GetStateHash(key string) ([]byte, error) {
	v, err := h.sim.PeekHash(lifecycle.Namespace, h.collection, key)
	if v == nil {
		return nil, err
	}
	return v.ValueHash, nil
}

// errNobody says that no peer can be asked.
func errNobody(p *proposal, err error) error {
	if err == nil {
		return fmt.Errorf("no peers available to evaluate chaincode %s in channel %s", p.chaincode, p.channelID)
	}
	return fmt.Errorf("no peers available to evaluate chaincode %s in channel %s: %w", p.chaincode, p.channelID, err)
}
