// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"errors"
	"slices"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	// CodeTooFewAnswers says that peers of too few organisations signed one answer.
	CodeTooFewAnswers protocol.Code = "too_few_answers"
	// CodeAnswersDiffer says that, and that peers gave different answers: one of
	// them may be behind the others, or lie.
	CodeAnswersDiffer protocol.Code = "answers_differ"
	// CodeForeignEndorser says that an answer is not signed by a peer of a pinned
	// organisation.
	CodeForeignEndorser protocol.Code = "foreign_endorser"
	// CodeOtherProposal says that an answer is to another proposal.
	CodeOtherProposal protocol.Code = "other_proposal"
)

// Agreed returns what peers of at least quorum organisations answered to the
// proposal, each with a signature that verifies under the pinned MSPs; quorum 0
// means a majority of the pinned organisations. A peer counts for the
// organisation that certified it, wherever it answered from, so that one peer
// cannot speak for several. Answers that do not verify are left out, among them
// answers to another proposal: the nonce makes each one fresh.
//
// Codes: too_few_answers, answers_differ; the causes say why answers were left
// out.
func (p *Pins) Agreed(proposal *peer.SignedProposal, answers []*peer.ProposalResponse, quorum int) (*envelope.Result, error) {
	const step = "INV-5"
	asked, err := envelope.UnpackProposal(proposal)
	if err != nil {
		return nil, protocol.Wrap(step, protocol.CodeMalformed, err)
	}
	if quorum < 1 {
		quorum = p.Majority()
	}
	var leftOut []error
	orgs := make(map[string][]string) // by payload
	for _, a := range answers {
		org, err := p.endorser(asked, a)
		if err != nil {
			leftOut = append(leftOut, err)
		} else if payload := string(a.GetPayload()); !slices.Contains(orgs[payload], org) {
			orgs[payload] = append(orgs[payload], org)
		}
	}
	var agreed []string
	for payload, by := range orgs {
		if len(by) >= quorum {
			agreed = append(agreed, payload)
		}
	}
	if len(agreed) == 1 {
		return envelope.ParseResult([]byte(agreed[0]))
	}
	code := CodeTooFewAnswers
	if len(orgs) > 1 {
		code = CodeAnswersDiffer
	}
	refusal := protocol.Errorf(step, code, "no single answer of %s is signed by peers of %d organisations: %d came, %d different ones verified, %d were left out",
		asked.Chaincode, quorum, len(answers), len(orgs), len(leftOut)).
		WithHint("name peers of more organisations; each must be certified by a pinned organisation")
	refusal.Err = errors.Join(leftOut...)
	if len(leftOut) > 0 {
		refusal.Reason += ", the first because: " + leftOut[0].Error()
	}
	return nil, refusal
}

// endorser returns the organisation whose peer signed this answer to the
// proposal.
func (p *Pins) endorser(asked *envelope.Proposal, a *peer.ProposalResponse) (string, error) {
	const step = "INV-5"
	if s := a.GetResponse().GetStatus(); s < 200 || s >= 400 {
		return "", refusedAnswer(step, a.GetResponse())
	}
	result, err := envelope.ParseResult(a.GetPayload())
	if err != nil {
		return "", protocol.Wrap(step, protocol.CodeMalformed, err)
	}
	if !bytes.Equal(result.ProposalHash, asked.Hash) || result.ChaincodeID.GetName() != asked.Chaincode {
		return "", protocol.Errorf(step, CodeOtherProposal, "answer is to another proposal")
	}
	if s := result.Response.GetStatus(); s < 200 || s >= 400 {
		return "", refusedAnswer(step, result.Response)
	}
	claim := envelope.EndorsementClaim(a.GetPayload(), a.GetEndorsement())
	id, err := p.identities.Identity(claim.Identity)
	if err != nil {
		return "", protocol.Errorf(step, CodeForeignEndorser, "answer is signed by somebody outside the pinned organisations: %w", err)
	}
	if err := p.isPeer(id); err != nil {
		return "", protocol.Errorf(step, CodeForeignEndorser, "answer is signed by a member of %s who is not a peer: %w", id.MSPID(), err)
	}
	if err := id.Verify(claim.Data, claim.Signature); err != nil {
		return "", protocol.Errorf(step, protocol.CodeBadSignature, "answer's signature by %s: %w", id.MSPID(), err)
	}
	return id.MSPID(), nil
}

// isPeer demands the role peer, where the organisation's certificates tell roles.
func (p *Pins) isPeer(id *msp.Identity) error {
	m, ok := p.manager.MSP(id.MSPID())
	if !ok || !m.NodeOUs() {
		return nil
	}
	return id.Satisfies(msp.RolePrincipal(id.MSPID(), common.MSPRole_PEER))
}

// refusedAnswer is the refusal that a chaincode put into its message, or a
// plain one.
func refusedAnswer(step string, r *peer.Response) error {
	if e, ok := protocol.ParseError(r.GetMessage()); ok {
		return e
	}
	return protocol.Errorf(step, protocol.CodeNotFound, "refused with status %d: %s", r.GetStatus(), r.GetMessage())
}
