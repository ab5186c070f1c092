// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Proposal is a call, sealed to the enclaves of one chaincode (INV-6). It is not
// safe for concurrent use.
type Proposal struct {
	*draft
	entry   *entry
	request *trust.Request
	// own: the oldest height that will do is that of this client's own commits.
	own bool
}

// Chaincode returns the chaincode that it is sealed to, as this client checked it.
func (p *Proposal) Chaincode() *trust.Chaincode { return p.entry.chaincode }

// Evaluate has an enclave run the call and opens its answer at once (INV-22).
//
// Errors: [NotAttestedError], [ChaincodeError], and those of client/fabric.
func (p *Proposal) Evaluate(ctx context.Context) ([]byte, error) {
	answer, _, err := p.execute(ctx)
	if err != nil {
		return nil, err
	}
	return p.open(answer)
}

// Endorse has an enclave run the call, checks what it signed (INV-22), and makes
// the validation proposal that replays it; in Full mode, as many enclaves as the
// definition's policy asks for run it, at heads of their choice, and their
// endorsements are all that is needed ([ViewsDifferError] if they differ). A call
// that failed in the chaincode cannot be committed: its sealed error is opened and
// returned as [ChaincodeError].
func (p *Proposal) Endorse(ctx context.Context) (*Validation, error) {
	if p.entry.chaincode.Mode() == protocol.ModeFull {
		return p.endorseFull(ctx)
	}
	answer, host, err := p.execute(ctx)
	if err != nil {
		return nil, err
	}
	if !answer.IsResult() {
		_, err := p.open(answer)
		return nil, err
	}
	d, err := p.network.freshDraft(p.entry.chaincode.ID(), p.creator, answer.ValidateArgs())
	if err != nil {
		return nil, err
	}
	p.network.config.Trace.Record(trace.Event{
		Step: "INV-21", From: "client", To: "client", What: protocol.FuncValidate, TxID: p.txID,
		Attrs: map[string]string{trace.AttrValidation: d.txID},
	})
	return &Validation{draft: d, proposal: p, answer: answer, host: host}, nil
}

// execute sends the proposal to the peers that host the chaincode's enclaves, one
// after the other until one can be reached (INV-6), and verifies the answer.
func (p *Proposal) execute(ctx context.Context) (*trust.Answer, Peer, error) {
	signed, err := p.signed()
	if err != nil {
		return nil, nil, err
	}
	var unreachable []error
	for _, enclave := range p.entry.chaincode.Enclaves() {
		host, err := p.network.peerOf(enclave)
		if err != nil {
			unreachable = append(unreachable, err)
			continue
		}
		reply := ask(ctx, host, signed)
		if elsewhere(reply.err) && ctx.Err() == nil {
			unreachable = append(unreachable, reply.err)
			continue
		}
		if reply.err != nil {
			return nil, nil, reply.err
		}
		p.answered(enclave)
		p.network.registry.remember(reply)
		answer, err := p.verify(signed, reply.answer)
		return answer, host, err
	}
	return nil, nil, errors.Join(unreachable...)
}

// elsewhere tells whether another enclave may answer what this one did not: its
// peer cannot be reached, or (Full) is behind, or its ledger enclave is away.
func elsewhere(err error) bool {
	if gone := (*fabric.UnreachableError)(nil); errors.As(err, &gone) {
		return true
	}
	switch protocol.CodeOf(err) {
	case protocol.CodeStaleView, protocol.CodeBelowMinHead, protocol.CodeLedgerUnreachable, protocol.CodeNotCertified:
		return true
	}
	return false
}

// answered records that an enclave's answer came.
func (p *Proposal) answered(e trust.Enclave) {
	p.network.config.Trace.Record(trace.Event{
		Step: p.answerStep(), From: "peer", To: "client", What: "ccrsp_msg", TxID: p.txID,
		Attrs: map[string]string{trace.AttrOrg: e.MSPID},
	})
}

// answerStep is the step at which an enclave's answer comes.
func (p *Proposal) answerStep() string {
	if p.entry.chaincode.Mode() == protocol.ModeFull {
		return "INV-19"
	}
	return "INV-18"
}

// verify checks ccrsp_msg in a peer's answer. The peer's own endorsement of it
// is worth nothing here: the enclave's signature inside counts.
func (p *Proposal) verify(signed *peer.SignedProposal, answer *peer.ProposalResponse) (*trust.Answer, error) {
	verified, err := p.request.Verify(signed, p.txID, answer.GetResponse().GetPayload())
	if err != nil {
		return nil, p.distrust(err)
	}
	return verified, nil
}

// open decrypts an answer (INV-22). What is signed under the error label is an
// error, whatever its status.
func (p *Proposal) open(answer *trust.Answer) ([]byte, error) {
	result, err := answer.Open()
	if err != nil {
		return nil, p.distrust(err)
	}
	if !answer.IsResult() && result.Status < 400 {
		return nil, p.distrust(protocol.Errorf("INV-22", protocol.CodeBadResponse, "enclave signed a success under the error label"))
	}
	p.network.received("INV-22", "client", "user", "result", p.txID)
	if result.Status >= 400 {
		return nil, &ChaincodeError{TxID: p.txID, Status: result.Status, Message: result.Message, Payload: result.Payload}
	}
	return result.Payload, nil
}

func (p *Proposal) distrust(err error) error {
	return notAttested(p.entry.chaincode.ID(), fmt.Errorf("transaction %.12s: %w", p.txID, err))
}
