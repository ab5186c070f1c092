// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Network is where one client's calls go.
type Network struct {
	Channel   string
	Signer    msp.Signer
	Endorsers []*Peer // who endorses; the first one evaluates
	Orderer   *Orderer
	// Watch are the peers at which a commit is awaited, so that the next call
	// there sees it; empty: the endorsers.
	Watch []*Peer
}

// Evaluate runs a call at the first endorser and returns the chaincode's answer.
// Nothing proves that the peer answered truly.
func (n *Network) Evaluate(ctx context.Context, call Call) (*peer.Response, error) {
	p, err := n.Prepare(call)
	if err != nil {
		return nil, err
	}
	answers, err := p.AskAll(ctx, n.Endorsers[:min(1, len(n.Endorsers))])
	if err != nil {
		return nil, err
	}
	return answers[0].Response.Response, nil
}

// Prepare builds a proposal on this network's channel, signed by its client.
func (n *Network) Prepare(call Call) (*Proposal, error) {
	if call.Channel == "" {
		call.Channel = n.Channel
	}
	return Prepare(call, n.Signer, rand.Reader, time.Now())
}

// Receipt is a committed call.
type Receipt struct {
	Status
	Response *peer.Response
}

// Submit has a call endorsed, ordered and committed.
func (n *Network) Submit(ctx context.Context, call Call) (*Receipt, error) {
	p, err := n.Prepare(call)
	if err != nil {
		return nil, err
	}
	tx, err := Endorse(ctx, p, n.Endorsers)
	if err != nil {
		return nil, err
	}
	status, err := n.Order(ctx, tx)
	if err != nil {
		return nil, err
	}
	return &Receipt{Status: status, Response: tx.Result}, nil
}

// Order signs a transaction, has it ordered and waits for its commit. An invalid
// transaction is a [NotCommittedError].
func (n *Network) Order(ctx context.Context, tx *Transaction) (Status, error) {
	envelope, err := tx.Sign(n.Signer)
	if err != nil {
		return Status{}, err
	}
	watched := n.Watch
	if len(watched) == 0 {
		watched = n.Endorsers
	}
	watchers := make([]*Watcher, 0, len(watched))
	for _, p := range watched {
		w, err := p.Watch(ctx, n.Channel, tx.TxID, n.Signer, time.Now())
		if err != nil {
			return Status{}, err
		}
		defer w.Close()
		watchers = append(watchers, w)
	}
	if err := n.Orderer.Broadcast(ctx, envelope); err != nil {
		return Status{}, err
	}
	var status Status
	for _, w := range watchers {
		if status, err = w.Wait(); err != nil {
			return Status{}, err
		}
	}
	return status, status.Err()
}
