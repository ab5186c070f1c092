// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// gathering is the search for endorsements of one proposal that satisfy the
// definition's policy. Nobody but enough enclaves together can end it without a
// result, unless the chaincode itself answers with an error: who lies, or answers
// from a view that others do not share, is passed over where others will do.
type gathering struct {
	proposal *Proposal
	signed   *peer.SignedProposal
	asked    map[string]error // by enclave id: nil, or why it does not endorse
	answers  []*trust.Answer
	hosts    map[string]Peer // of the enclaves that answered
	again    error           // why it is worth to make the call again
	distrust error           // an answer that is not believed
}

// plan returns the fewest enclaves, not asked yet, that satisfy the policy
// together with those that agree; none if there are no such.
func (g *gathering) plan() []trust.Enclave {
	groups := slices.SortedFunc(maps.Values(g.byPayload()), func(a, b []*trust.Answer) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0].EnclaveID(), b[0].EnclaveID()))
	})
	for _, agreeing := range append(groups, nil) {
		if next := g.complete(agreeing); len(next) > 0 {
			return next
		}
	}
	return nil
}

// complete plans for those who gave one answer; nil: for nobody.
func (g *gathering) complete(agreeing []*trust.Answer) []trust.Enclave {
	policy := g.proposal.entry.validation
	var endorsers [][]byte
	for _, a := range agreeing {
		endorsers = append(endorsers, a.Enclave().Endorser)
	}
	var chosen []trust.Enclave
	for _, e := range g.proposal.entry.chaincode.Enclaves() {
		if _, asked := g.asked[e.ID]; asked {
			continue
		}
		chosen = append(chosen, e)
		if policy.WouldDo(append(slices.Clone(endorsers), endorsersOf(chosen)...)) {
			return g.fewest(endorsers, chosen)
		}
	}
	return nil
}

// fewest leaves out what the policy does not need.
func (g *gathering) fewest(endorsers [][]byte, chosen []trust.Enclave) []trust.Enclave {
	for i := 0; i < len(chosen); {
		without := slices.Delete(slices.Clone(chosen), i, i+1)
		if g.proposal.entry.validation.WouldDo(append(slices.Clone(endorsers), endorsersOf(without)...)) {
			chosen = without
			continue
		}
		i++
	}
	return chosen
}

func endorsersOf(enclaves []trust.Enclave) [][]byte {
	out := make([][]byte, len(enclaves))
	for i, e := range enclaves {
		out[i] = e.Endorser
	}
	return out
}

// heard is what came of asking one enclave.
type heard struct {
	enclave trust.Enclave
	host    Peer
	answer  *trust.Answer
	err     error
}

// ask sends the proposal to enclaves, all at once. A sealed error of the chaincode
// ends the search: it is the error returned.
func (g *gathering) ask(ctx context.Context, enclaves []trust.Enclave) error {
	p := g.proposal
	came := make(chan heard, len(enclaves))
	for _, e := range enclaves {
		go func() { came <- g.askOne(ctx, e) }()
	}
	for range enclaves {
		h := <-came
		g.asked[h.enclave.ID] = h.err
		code := protocol.CodeOf(h.err)
		var distrusted *NotAttestedError
		switch {
		case h.err == nil && !h.answer.IsResult():
			_, err := p.open(h.answer)
			return err
		case h.err == nil:
			g.add(h)
		case ctx.Err() != nil:
			return h.err
		case errors.As(h.err, &distrusted):
			g.distrust = h.err
		case retryable(code), code == protocol.CodeStaleView && g.again == nil:
			g.again = h.err
		}
	}
	return nil
}

// failure is why the policy cannot be met.
func (g *gathering) failure() error {
	height, differ := g.views()
	switch {
	case g.again != nil:
		return g.again
	case differ:
		return &ViewsDifferError{TxID: g.proposal.txID, Height: height}
	case g.distrust != nil:
		return g.distrust
	}
	return g.explain()
}

func (g *gathering) add(h heard) {
	g.answers = append(g.answers, h.answer)
	if g.hosts == nil {
		g.hosts = make(map[string]Peer)
	}
	g.hosts[h.enclave.ID] = h.host
}

func (g *gathering) askOne(ctx context.Context, e trust.Enclave) heard {
	p := g.proposal
	host, err := p.network.peerOf(e)
	if err != nil {
		return heard{enclave: e, err: err}
	}
	reply := ask(ctx, host, g.signed)
	if reply.err != nil {
		return heard{enclave: e, host: host, err: reply.err}
	}
	p.answered(e)
	answer, err := p.verify(g.signed, reply.answer)
	if err == nil && answer.EnclaveID() != e.ID {
		err = p.distrust(protocol.Errorf("INV-22", protocol.CodeWrongEnclave, "enclave %.12s answered in the place of %.12s", answer.EnclaveID(), e.ID))
	}
	return heard{enclave: e, host: host, answer: answer, err: err}
}

// hostOf returns the peer at which the commit is awaited: that of the enclave which
// a later query asks first.
func (g *gathering) hostOf(answers []*trust.Answer) Peer {
	for _, e := range g.proposal.entry.chaincode.Enclaves() {
		for _, a := range answers {
			if a.EnclaveID() == e.ID {
				return g.hosts[e.ID]
			}
		}
	}
	return g.hosts[answers[0].EnclaveID()]
}

// enough returns the endorsements that go into the transaction: over one payload,
// and satisfying the policy. Nil: there are no such. Their signatures are not
// verified here: every answer's was when it came, and each enclave answers once.
func (g *gathering) enough() []*trust.Answer {
	for _, answers := range g.byPayload() {
		endorsers := make([][]byte, len(answers))
		for i, a := range answers {
			endorsers[i] = a.Endorsement().GetEndorsement().GetEndorser()
		}
		if g.proposal.entry.validation.WouldDo(endorsers) {
			return answers
		}
	}
	return nil
}

func (g *gathering) byPayload() map[string][]*trust.Answer {
	groups := make(map[string][]*trust.Answer)
	for _, a := range g.answers {
		payload := string(a.Endorsement().GetPayload())
		groups[payload] = append(groups[payload], a)
	}
	return groups
}

// views tells whether the endorsements differ, and the newest head that all the
// enclaves had reached: the lowest that one of them read at.
func (g *gathering) views() (height uint64, differ bool) {
	for _, a := range g.answers {
		if h := a.Height(); height == 0 || h < height {
			height = h
		}
	}
	return height, len(g.byPayload()) > 1
}

// explain says why the policy cannot be met: for each organisation with enclaves,
// what its enclaves did.
func (g *gathering) explain() error {
	chaincode := g.proposal.entry.chaincode
	says := make(map[string][]string) // by organisation
	var failed []error
	for _, e := range chaincode.Enclaves() {
		said := "endorses"
		if err, asked := g.asked[e.ID]; !asked {
			said = "was not asked, it would not be enough"
		} else if err != nil {
			said, failed = err.Error(), append(failed, err)
		}
		says[e.MSPID] = append(says[e.MSPID], fmt.Sprintf("enclave %.12s %s", e.ID, said))
	}
	for _, r := range chaincode.Refused() {
		says[r.MSPID] = append(says[r.MSPID], fmt.Sprintf("enclave %.12s is not trusted: %v", r.ID, r.Err))
	}
	for _, mspID := range chaincode.PolicyOrgs() {
		if len(says[mspID]) == 0 {
			says[mspID] = []string{"no enclave is registered"}
		}
	}
	var lines []string
	for _, mspID := range slices.Sorted(maps.Keys(says)) {
		lines = append(lines, mspID+": "+strings.Join(says[mspID], ", "))
	}
	refusal := protocol.Errorf("INV-20", CodeTooFewEndorsements, "the enclaves that endorse do not satisfy the policy of %s (%s)", chaincode.ID(), strings.Join(lines, "; ")).
		WithHint("register, certify and provision enclaves of the organisations that the policy names, and see that their peers can be reached: fpc enclave list")
	refusal.Err = errors.Join(failed...)
	return refusal
}
