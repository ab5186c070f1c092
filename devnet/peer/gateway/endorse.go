// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Endorse collects the endorsements that a transaction needs and returns it for
// the client to sign. Without organisations named by the client, one peer of
// the gateway's organisation simulates first and its read/write set tells who
// else must endorse.
func (s *Server) Endorse(ctx context.Context, request *gateway.EndorseRequest) (*gateway.EndorseResponse, error) {
	if len(request.GetProposedTransaction().GetProposalBytes()) == 0 {
		return nil, failure(codes.InvalidArgument, "the proposed transaction must contain a signed proposal")
	}
	p, err := unpack(request.GetProposedTransaction())
	if err != nil {
		return nil, failure(codes.InvalidArgument, "failed to unpack transaction proposal: "+err.Error())
	}
	v, err := s.view(p.channelID)
	if err != nil {
		return nil, failure(codes.FailedPrecondition, err.Error())
	}
	defer v.close()
	all, err := s.candidates(v, p.chaincode)
	if err != nil {
		return nil, failure(codes.FailedPrecondition, "no combination of peers can be derived which satisfy the endorsement policy: "+err.Error())
	}
	c := &collection{ctx: ctx, proposal: p, responses: map[*endorser]*peer.ProposalResponse{}}
	if orgs := request.GetEndorsingOrganizations(); len(orgs) > 0 {
		err = c.fromOrgs(all, orgs)
	} else {
		err = s.endorseByPolicy(v, c, all)
	}
	if err != nil {
		return nil, err
	}
	payload, err := envelope.CreateTransaction(p.message, c.chosen()...)
	if err != nil {
		return nil, failure(codes.Aborted, "failed to assemble transaction: "+err.Error())
	}
	return &gateway.EndorseResponse{PreparedTransaction: unsigned(payload)}, nil
}

// collection gathers the endorsements of one proposal.
type collection struct {
	ctx      context.Context
	proposal *proposal

	mu        sync.Mutex
	payload   []byte // the first endorser's, which all others must equal
	responses map[*endorser]*peer.ProposalResponse
	details   []*gateway.ErrorDetail
	keep      []*endorser // those whose endorsements the transaction carries
}

const (
	timeoutFirst = "endorsement timeout expired while collecting first endorsement"
	timeoutRest  = "endorsement timeout expired while collecting endorsements"
	notEnough    = "failed to collect enough transaction endorsements, see attached details for more info"
)

// ask asks one endorser and tells whether it endorsed the same result as the
// others.
func (c *collection) ask(e *endorser) bool {
	response, out := e.ask(c.ctx, c.proposal.signed)
	c.mu.Lock()
	defer c.mu.Unlock()
	if out.code != codes.OK {
		c.details = append(c.details, e.detail(out.message))
		return false
	}
	if c.payload == nil {
		c.payload = response.GetPayload()
	}
	if !bytes.Equal(c.payload, response.GetPayload()) {
		c.details = append(c.details, e.detail("ProposalResponsePayloads do not match"))
		return false
	}
	c.responses[e] = response
	return true
}

// first asks one after the other until one endorses.
func (c *collection) first(endorsers []*endorser) *endorser {
	for _, e := range endorsers {
		if c.ctx.Err() != nil {
			return nil
		}
		if c.ask(e) {
			return e
		}
	}
	return nil
}

// fromOrgs collects one endorsement of each organisation; the client answers
// for their being enough.
func (c *collection) fromOrgs(all []*endorser, orgs []string) error {
	var missing []string
	orgs = slices.Compact(slices.Sorted(slices.Values(orgs)))
	for _, org := range orgs {
		if len(of(all, org)) == 0 {
			missing = append(missing, org)
		}
	}
	if len(missing) > 0 {
		return failure(codes.Unavailable, "failed to find any endorsing peers for org(s): "+strings.Join(missing, ", "))
	}
	found := make([]*endorser, len(orgs))
	var wait sync.WaitGroup
	for i, org := range orgs {
		wait.Go(func() { found[i] = c.first(of(all, org)) })
	}
	wait.Wait()
	if c.ctx.Err() != nil {
		return failure(codes.DeadlineExceeded, timeoutRest, c.details...)
	}
	if slices.Contains(found, nil) {
		return failure(codes.Aborted, notEnough, c.details...)
	}
	c.keep = found
	return nil
}

// endorseByPolicy plans from the first endorser's result, and anew without
// whoever failed, until a plan is complete or none is left.
func (s *Server) endorseByPolicy(v *view, c *collection, all []*endorser) error {
	first, err := s.firstEndorser(c, all)
	if err != nil {
		return err
	}
	result, err := envelope.ParseResult(c.payload)
	if err != nil {
		return failure(codes.Aborted, "failed to read the first endorser's result: "+err.Error())
	}
	policies, err := s.policies(v, c.proposal.chaincode, result)
	if err != nil {
		return failure(codes.FailedPrecondition, "no combination of peers can be derived which satisfy the endorsement policy: "+err.Error())
	}
	available := append([]*endorser{first}, slices.DeleteFunc(slices.Clone(all), func(e *endorser) bool { return e == first })...)
	if !satisfied(available, policies) {
		return failure(codes.FailedPrecondition, "no combination of peers can be derived which satisfy the endorsement policy: "+noCombination(available))
	}
	return c.complete(available, policies)
}

// noCombination says who would have been there to endorse.
func noCombination(available []*endorser) string {
	names := make([]string, len(available))
	for i, e := range available {
		names[i] = e.address + " (" + e.mspID + ")"
	}
	return "not even all that run the chaincode do: " + strings.Join(names, ", ")
}

// firstEndorser simulates in the gateway's own organisation if it runs the
// chaincode; transient data goes nowhere else unasked.
func (s *Server) firstEndorser(c *collection, all []*endorser) (*endorser, error) {
	group := of(all, s.MSPID)
	if len(group) == 0 && c.proposal.transient {
		return nil, failure(codes.FailedPrecondition, "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data")
	}
	if len(group) == 0 {
		group = all
	}
	if len(group) == 0 {
		return nil, failure(codes.FailedPrecondition, "no combination of peers can be derived which satisfy the endorsement policy: "+errNobody(c.proposal, nil).Error())
	}
	first := c.first(group)
	switch {
	case first != nil:
		return first, nil
	case c.ctx.Err() != nil:
		return nil, failure(codes.DeadlineExceeded, timeoutFirst, c.details...)
	default:
		return nil, failure(codes.Aborted, "failed to endorse transaction, see attached details for more info", c.details...)
	}
}

// complete asks whom a plan still needs. Whoever fails is left out of the next
// plan; whoever endorsed stays preferred.
func (c *collection) complete(available []*endorser, policies []policy.Policy) error {
	for {
		plan := choose(available, policies)
		if plan == nil {
			return failure(codes.Aborted, notEnough, c.details...)
		}
		var ask []*endorser
		for _, e := range plan {
			if c.responses[e] == nil {
				ask = append(ask, e)
			}
		}
		if len(ask) == 0 {
			c.keep = plan
			return nil
		}
		var wait sync.WaitGroup
		for _, e := range ask {
			wait.Go(func() { c.ask(e) })
		}
		wait.Wait()
		if c.ctx.Err() != nil {
			return failure(codes.DeadlineExceeded, timeoutRest, c.details...)
		}
		available = c.remaining(available, ask)
	}
}

// remaining leaves out those who were asked and failed, and puts those who
// endorsed first.
func (c *collection) remaining(available, asked []*endorser) []*endorser {
	var endorsed, untried []*endorser
	for _, e := range available {
		switch {
		case c.responses[e] != nil:
			endorsed = append(endorsed, e)
		case !slices.Contains(asked, e):
			untried = append(untried, e)
		}
	}
	return append(endorsed, untried...)
}

// chosen returns the responses that the transaction carries.
func (c *collection) chosen() []*peer.ProposalResponse {
	var responses []*peer.ProposalResponse
	for _, e := range c.keep {
		responses = append(responses, c.responses[e])
	}
	return responses
}
