// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// ViewsDifferError says that enclaves endorsed different results of one call: a
// key that it reads changed between the heads at which they read (INV-20). The
// call can be made again at Height, the newest head that all of them had reached.
type ViewsDifferError struct {
	TxID   string
	Height uint64
}

func (e *ViewsDifferError) Error() string {
	return fmt.Sprintf("transaction %.12s: enclaves read at different heads and got different results; the newest head that all had reached is %d", e.TxID, e.Height)
}

// ErrorCode returns stale_view, for [protocol.CodeOf].
func (e *ViewsDifferError) ErrorCode() string { return string(protocol.CodeStaleView) }

const (
	// retries is how often a call of Full mode is made anew because its enclaves
	// endorsed different results, or one has not reached what this client committed.
	retries = 3
	// lags is how often it is made anew because a peer's state is not that of any
	// head that will do: 25 ms after the first time, twice as long after each.
	lags = 8
)

// endorse makes a call's proposal and has it endorsed. In Full mode enclaves whose
// views differ are all asked again at the newest head that they have in common;
// where that one is too old for a peer, or a peer is behind, at whatever is newest.
// Each time is a proposal of its own, so one that somebody else must sign is not
// made again.
func (c *Contract) endorse(ctx context.Context, function string, opts []Option) (*Validation, error) {
	var height Option = func(*options) {}
	for attempt, lag := 1, 1; ; {
		p, err := c.NewProposal(ctx, function, append(slices.Clone(opts), height)...)
		if err != nil {
			return nil, err
		}
		v, err := p.Endorse(ctx)
		most := p.patience(err)
		if most == 0 || p.request.View().At != 0 && attempt == 1 {
			return v, err
		}
		height = func(*options) {}
		differ := (*ViewsDifferError)(nil)
		switch {
		case errors.As(err, &differ) && attempt <= retries:
			height = WithHeight(differ.Height)
			attempt++
		case differ != nil || lag > most || wait(ctx, lag) != nil:
			return nil, err
		default:
			lag++
		}
	}
}

// evaluate makes a call's proposal and has an enclave answer it; anew, where every
// enclave's peer is behind (Full mode).
func (c *Contract) evaluate(ctx context.Context, function string, opts []Option) ([]byte, error) {
	for lag := 1; ; lag++ {
		p, err := c.NewProposal(ctx, function, opts...)
		if err != nil {
			return nil, err
		}
		result, err := p.Evaluate(ctx)
		if lag > p.patience(err) || p.request.View().At != 0 || wait(ctx, lag) != nil {
			return result, err
		}
	}
}

// patience is how often a call that was refused with an error is worth a proposal
// of its own: a peer that is behind may have caught up, which an open proposal can
// keep it from. A height that the caller demands is waited for once, in the enclave.
func (p *Proposal) patience(err error) int {
	switch {
	case protocol.CodeOf(err) == protocol.CodeStaleView:
		return lags
	case p.own && says(err, protocol.CodeBelowMinHead):
		return retries
	}
	return 0
}

// says tells whether an error, or any that it was made of, has a code.
func says(err error, code protocol.Code) bool {
	if coded, ok := err.(interface{ ErrorCode() string }); ok && coded.ErrorCode() == string(code) {
		return true
	}
	switch of := err.(type) {
	case interface{ Unwrap() error }:
		return says(of.Unwrap(), code)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(of.Unwrap(), func(e error) bool { return says(e, code) })
	}
	return false
}

// endorseFull has enclaves run the call until their endorsements satisfy the
// definition's policy (INV-20): no more of them than needed at first, all at once,
// then others in the place of those that do not answer.
func (p *Proposal) endorseFull(ctx context.Context) (*Validation, error) {
	signed, err := p.signed()
	if err != nil {
		return nil, err
	}
	g := &gathering{proposal: p, signed: signed, asked: make(map[string]error)}
	for {
		next := g.plan()
		if len(next) == 0 {
			return nil, g.failure()
		}
		p.network.received("INV-20", "client", "client", fmt.Sprintf("ask %d enclaves", len(next)), p.txID)
		if err := g.ask(ctx, next); err != nil {
			return nil, err
		}
		if answers := g.enough(); answers != nil {
			return p.endorsedBy(answers, g.hostOf(answers)), nil
		}
	}
}

func (p *Proposal) endorsedBy(answers []*trust.Answer, host Peer) *Validation {
	p.network.config.Trace.Record(trace.Event{
		Step: "INV-21", From: "client", To: "client", What: "transaction", TxID: p.txID,
		Attrs: map[string]string{trace.AttrEndorsers: fmt.Sprint(len(answers))},
	})
	return &Validation{draft: p.draft, proposal: p, answer: answers[0], host: host, endorsers: answers}
}

// fullTransaction forms the transaction from the enclaves' endorsements (VAL-6).
func (v *Validation) fullTransaction() (*Transaction, error) {
	responses := make([]*peer.ProposalResponse, len(v.endorsers))
	for i, a := range v.endorsers {
		responses[i] = a.Endorsement()
	}
	return v.transaction(responses)
}
