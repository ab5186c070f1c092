// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Evaluate runs a proposal on one peer and returns its response, of the
// organisations that the client names or, with transient data, of the gateway's
// own. Where a peer fails to process it another one is asked; a chaincode's
// refusal is final.
func (s *Server) Evaluate(ctx context.Context, request *gateway.EvaluateRequest) (*gateway.EvaluateResponse, error) {
	p, err := unpack(request.GetProposedTransaction())
	if err != nil {
		return nil, failure(codes.InvalidArgument, "failed to unpack transaction proposal: "+err.Error())
	}
	orgs, protected := request.GetTargetOrganizations(), false
	if p.transient && len(orgs) == 0 {
		orgs, protected = []string{s.MSPID}, true
	}
	v, err := s.view(p.channelID)
	if err != nil {
		return nil, failure(codes.Unavailable, err.Error())
	}
	endorsers, err := s.evaluators(v, p, orgs)
	v.close()
	if err == nil && len(endorsers) == 0 {
		err = errNobody(p, nil)
	}
	if err != nil {
		message := err.Error()
		if protected {
			message = "no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: " + message
		}
		return nil, failure(codes.FailedPrecondition, message)
	}
	return s.evaluate(ctx, p, endorsers)
}

func (s *Server) evaluators(v *view, p *proposal, orgs []string) ([]*endorser, error) {
	all, err := s.candidates(v, p.chaincode)
	if err != nil {
		return nil, errNobody(p, err)
	}
	if len(orgs) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(e *endorser) bool { return !slices.Contains(orgs, e.mspID) }), nil
}

func (s *Server) evaluate(ctx context.Context, p *proposal, endorsers []*endorser) (*gateway.EvaluateResponse, error) {
	var details []*gateway.ErrorDetail
	var last outcome
	for _, e := range endorsers {
		response, out := e.ask(ctx, p.signed)
		if out.code == codes.OK {
			return &gateway.EvaluateResponse{Result: resultOf(response)}, nil
		}
		if ctx.Err() != nil {
			return nil, failure(codes.DeadlineExceeded, "evaluate timeout expired", details...)
		}
		details, last = append(details, e.detail(out.message)), out
		if !out.retry {
			return nil, failure(out.code, "evaluate call to endorser returned error: "+out.message, details...)
		}
		s.Log.Info("evaluate failed at a peer", "txid", p.txID, "peer", e.address, "reason", out.message)
	}
	return nil, failure(last.code, "failed to evaluate transaction, see attached details for more info", details...)
}

// resultOf prefers the result that the endorser signed to the copy beside it.
func resultOf(response *peer.ProposalResponse) *peer.Response {
	result := response.GetResponse()
	signed, err := envelope.ParseResult(response.GetPayload())
	if err == nil {
		result.Payload = signed.Response.GetPayload()
	}
	return result
}
