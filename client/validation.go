// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Validation is the proposal that has peers replay what an enclave executed and
// signed (VAL-1). Its creator must be that of the executed proposal. In Full mode
// there is nothing to replay: it is the executed proposal itself with its
// enclaves' endorsements, and needs no further signature. It is not safe for
// concurrent use.
type Validation struct {
	*draft
	proposal  *Proposal
	answer    *trust.Answer
	host      Peer
	endorsers []*trust.Answer // Full mode: what goes into the transaction
}

// Endorsers tells how many enclaves endorsed, in Full mode; 0 in Lite.
func (v *Validation) Endorsers() int { return len(v.endorsers) }

// EnclaveID tells which enclave executed the call.
func (v *Validation) EnclaveID() string { return v.answer.EnclaveID() }

// Answer returns what the enclave signed: keys in clear, values still sealed.
func (v *Validation) Answer() *trust.Answer { return v.answer }

// Endorse has enough peers for the definition's policy replay the execution. No
// more peers than needed are asked at first, the enclave's own among them; then
// all. A peer that lags behind refuses the replay, so all are asked again for a
// short while.
//
// In Full mode it asks nobody: it forms the transaction from the enclaves'
// endorsements (VAL-6).
func (v *Validation) Endorse(ctx context.Context) (*Transaction, error) {
	if len(v.endorsers) > 0 {
		return v.fullTransaction()
	}
	signed, err := v.signed()
	if err != nil {
		return nil, err
	}
	peers := v.planned()
	for round := 1; ; round++ {
		var responses []*peer.ProposalResponse
		replies := askUntil(ctx, peers, signed, func(replies []reply) bool {
			responses, err = v.enough(replies)
			return err == nil
		})
		if err == nil {
			return v.transaction(responses)
		}
		all := len(peers) == len(v.network.config.Peers)
		if all && (!lagging(replies) || round == patience.rounds || wait(ctx, round) != nil) {
			return nil, err
		}
		peers = v.network.config.Peers
	}
}

// planned returns the fewest peers whose endorsements would do: the enclave's
// own first, which saw the state that the enclave saw, then those of which it is
// known in whose name they endorse.
func (v *Validation) planned() []Peer {
	registry := v.network.registry
	rank := func(p Peer) int {
		switch {
		case p.Address() == v.host.Address():
			return 0
		case registry.endorserAt(p) != nil:
			return 1
		}
		return 2
	}
	peers := slices.Clone(v.network.config.Peers)
	slices.SortStableFunc(peers, func(a, b Peer) int { return cmp.Compare(rank(a), rank(b)) })
	var endorsers [][]byte
	for i, p := range peers {
		endorsers = append(endorsers, registry.endorserAt(p))
		if v.proposal.entry.validation.WouldDo(endorsers) {
			return peers[:i+1]
		}
	}
	return peers
}

// enough returns the answers that go into the transaction: over one payload, and
// satisfying the policy.
func (v *Validation) enough(replies []reply) ([]*peer.ProposalResponse, error) {
	var names []string
	groups := make(map[string][]*peer.ProposalResponse) // by payload
	for _, r := range replies {
		names = append(names, r.peer.Name())
	}
	for _, a := range answers(replies) {
		payload := string(a.GetPayload())
		groups[payload] = append(groups[payload], a)
	}
	for payload, responses := range groups {
		endorsements := make([]*peer.Endorsement, len(responses))
		for i, r := range responses {
			endorsements[i] = r.GetEndorsement()
		}
		if v.proposal.entry.validation.Enough([]byte(payload), endorsements) {
			return responses, nil
		}
	}
	switch failed := failures(replies); {
	case len(failed) > 0:
		return nil, errors.Join(failed...)
	case len(groups) > 1:
		return nil, &fabric.DisagreementError{TxID: v.txID, Servers: names}
	}
	return nil, protocol.Errorf("VAL-1", CodeTooFewEndorsements, "the endorsements of %v do not satisfy the policy of %s", names, v.proposal.entry.chaincode.ID()).
		WithHint("name peers of more organisations with --peerAddresses")
}

// CodeTooFewEndorsements says that the peers named cannot satisfy the
// definition's policy.
const CodeTooFewEndorsements protocol.Code = "too_few_endorsements"

// lagging tells whether asking again may help: some peer saw another state than
// the enclave, or than another peer.
func lagging(replies []reply) bool {
	payloads := make(map[string]bool)
	for _, r := range replies {
		switch protocol.CodeOf(r.err) {
		case protocol.CodeStaleRead, protocol.CodeAlteredRange, protocol.CodeNotRegistered, protocol.CodeNotProvisioned:
			return true
		}
		if r.err == nil {
			payloads[string(r.answer.GetPayload())] = true
		}
	}
	return len(payloads) > 1
}

func (v *Validation) transaction(responses []*peer.ProposalResponse) (*Transaction, error) {
	payload, err := envelope.CreateTransaction(v.message, responses...)
	if err != nil {
		return nil, fmt.Errorf("form transaction %s: %w", v.txID, err)
	}
	return &Transaction{
		signable:   signable{network: v.network, creator: v.creator, bytes: payload},
		validation: v, endorsers: len(responses),
	}, nil
}
