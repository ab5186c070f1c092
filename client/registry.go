// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// registry reads ERCC and remembers, for a bounded time, what was found good.
type registry struct {
	network *Network

	mu      sync.Mutex
	entries map[string]*slot // by chaincode
	peers   map[string][]byte
}

// slot lets concurrent calls for one chaincode share one reading: who has put a
// token into busy may read and write entry.
type slot struct {
	busy  chan struct{}
	entry *entry
}

// entry is a chaincode that was found good.
type entry struct {
	chaincode  *trust.Chaincode
	validation *trust.ValidationPolicy
	until      time.Time
}

// patience is how often, and how long at first, a client asks again peers that
// do not agree: one may still be committing a block that others have.
var patience = struct {
	rounds int
	first  time.Duration
}{6, 25 * time.Millisecond}

func newRegistry(n *Network) *registry {
	return &registry{network: n, entries: make(map[string]*slot), peers: make(map[string][]byte)}
}

func (r *registry) slot(chaincode string) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.entries[chaincode]
	if !ok {
		s = &slot{busy: make(chan struct{}, 1)}
		r.entries[chaincode] = s
	}
	return s
}

// forget drops what is remembered of a chaincode.
func (r *registry) forget(chaincode string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, chaincode)
}

// lookup returns a chaincode that passed every check not longer ago than the key
// lifetime (INV-2, INV-5).
func (r *registry) lookup(ctx context.Context, chaincode string) (*entry, error) {
	s := r.slot(chaincode)
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := r.network.config.Now()
	if s.entry != nil && now.Before(s.entry.until) {
		return s.entry, nil
	}
	s.entry = nil
	found, err := r.read(ctx, chaincode, now)
	if err != nil {
		return nil, err
	}
	policy, err := found.ValidationPolicy()
	if err != nil {
		return nil, notAttested(chaincode, err)
	}
	s.entry = &entry{found, policy, now.Add(r.network.config.KeyLifetime)}
	return s.entry, nil
}

// read asks all peers for the registry's view, until enough organisations' peers
// give the same one, and checks it. Each round has a proposal of its own: peers
// answer to a nonce that none of them has seen before.
func (r *registry) read(ctx context.Context, chaincode string, now time.Time) (*trust.Chaincode, error) {
	config := r.network.config
	for round := 1; ; round++ {
		proposal, err := r.query(chaincode)
		if err != nil {
			return nil, err
		}
		var result *envelope.Result
		replies := askUntil(ctx, config.Peers, proposal, func(replies []reply) bool {
			result, err = config.Pins.Agreed(proposal, answers(replies), config.Trust.Quorum)
			return err == nil
		})
		if err == nil {
			r.remember(replies...)
			found, err := trust.Check(config.Pins, &config.Trust, chaincode, result, now)
			return found, notAttested(chaincode, err)
		}
		failed := failures(replies)
		if len(failed) == len(replies) {
			return nil, errors.Join(failed...)
		}
		if protocol.CodeOf(err) != trust.CodeAnswersDiffer || round == patience.rounds || wait(ctx, round) != nil {
			return nil, errors.Join(append([]error{notAttested(chaincode, err)}, failed...)...)
		}
	}
}

// query makes the signed query of the registry's view.
func (r *registry) query(chaincode string) (*peer.SignedProposal, error) {
	config := r.network.config
	d, err := r.network.freshDraft(config.Registry, config.Signer.Creator(), protocol.ChaincodeArgs(protocol.FuncQueryRegistryView, chaincode))
	if err != nil {
		return nil, err
	}
	return d.signed()
}

// remember notes who endorses at which peer, for planning: a peer that lies about
// it is asked in vain.
func (r *registry) remember(replies ...reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, reply := range replies {
		if reply.err == nil {
			r.peers[reply.peer.Address()] = reply.answer.GetEndorsement().GetEndorser()
		}
	}
}

// endorserAt returns the identity that endorsed at a peer; nil if unknown.
func (r *registry) endorserAt(p Peer) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[p.Address()]
}

func answers(replies []reply) []*peer.ProposalResponse {
	var out []*peer.ProposalResponse
	for _, r := range replies {
		if r.err == nil {
			out = append(out, r.answer)
		}
	}
	return out
}

func failures(replies []reply) []error {
	var out []error
	for _, r := range replies {
		if r.err != nil {
			out = append(out, r.err)
		}
	}
	return out
}

// wait lets some time pass after a round, twice as long after each.
func wait(ctx context.Context, round int) error {
	timer := time.NewTimer(patience.first << (round - 1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
