// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"bytes"
	"slices"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Result is what an endorser signs about one execution.
type Result struct {
	ProposalHash []byte
	ReadWriteSet []byte // serialized TxReadWriteSet
	Event        []byte // serialized ChaincodeEvent, or empty
	Response     *peer.Response
	ChaincodeID  *peer.ChaincodeID // name and version that ran
}

// ResponsePayload serializes a result as a ProposalResponsePayload. Equal results
// give equal bytes.
func ResponsePayload(r Result) ([]byte, error) {
	action, err := encode(&peer.ChaincodeAction{
		Results: r.ReadWriteSet, Events: r.Event, Response: r.Response, ChaincodeId: r.ChaincodeID,
	})
	if err != nil {
		return nil, err
	}
	return encode(&peer.ProposalResponsePayload{ProposalHash: r.ProposalHash, Extension: action})
}

// ParseResult reads a ProposalResponsePayload and the ChaincodeAction in it. In a
// block a failure means BAD_RESPONSE_PAYLOAD.
func ParseResult(payload []byte) (*Result, error) {
	const verdict = peer.TxValidationCode_BAD_RESPONSE_PAYLOAD
	outer, action := &peer.ProposalResponsePayload{}, &peer.ChaincodeAction{}
	if len(payload) == 0 {
		return nil, fail(CodeMissing, nil, "the response payload is empty").as(verdict)
	}
	if err := decode(payload, outer, "the response payload"); err != nil {
		return nil, err.as(verdict)
	}
	if len(outer.GetExtension()) == 0 {
		return nil, fail(CodeMissing, nil, "the response payload holds no chaincode action").as(verdict)
	}
	if err := decode(outer.GetExtension(), action, "the chaincode action"); err != nil {
		return nil, err.as(verdict)
	}
	return &Result{
		ProposalHash: outer.GetProposalHash(), ReadWriteSet: action.GetResults(), Event: action.GetEvents(),
		Response: action.GetResponse(), ChaincodeID: action.GetChaincodeId(),
	}, nil
}

// Endorse signs a ProposalResponsePayload: payload, then the endorser's
// serialized identity.
func Endorse(payload []byte, endorser msp.Signer) (*peer.Endorsement, error) {
	e := &peer.Endorsement{Endorser: endorser.Creator()}
	signature, err := endorser.Sign(endorsed(payload, e))
	if err != nil {
		return nil, fail(CodeSigning, err, "sign the endorsement")
	}
	e.Signature = signature
	return e, nil
}

func endorsed(payload []byte, e *peer.Endorsement) []byte {
	return slices.Concat(payload, e.GetEndorser())
}

// EndorsementClaim is the claim to verify: the endorser signed the payload.
func EndorsementClaim(payload []byte, e *peer.Endorsement) policy.SignedData {
	return policy.SignedData{Data: endorsed(payload, e), Identity: e.GetEndorser(), Signature: e.GetSignature()}
}

// SamePayload fails unless all responses are successful (status 200 to 399) and
// over the same payload; it names the first that is not.
func SamePayload(responses ...*peer.ProposalResponse) error {
	if len(responses) == 0 {
		return fail(CodeNoEndorsement, nil, "there is no proposal response")
	}
	for i, r := range responses {
		if status := r.GetResponse().GetStatus(); status < 200 || status >= 400 {
			return fail(CodeNotSuccessful, nil, "response %d%s has status %d: %s", i, endorserOf(r), status, r.GetResponse().GetMessage())
		}
		if len(r.GetPayload()) == 0 {
			return fail(CodeMissing, nil, "response %d%s has no payload", i, endorserOf(r))
		}
		if !bytes.Equal(r.GetPayload(), responses[0].GetPayload()) {
			return fail(CodeDisagree, nil, "response %d%s has another result than response 0%s: the chaincode is not deterministic, or the peers are at different heights",
				i, endorserOf(r), endorserOf(responses[0]))
		}
	}
	return nil
}

// endorserOf names a response's endorser by its MSP, for error messages.
func endorserOf(r *peer.ProposalResponse) string {
	mspID, _, err := msp.ParseSerialized(r.GetEndorsement().GetEndorser())
	if err != nil || mspID == "" {
		return ""
	}
	return " (of " + mspID + ")"
}

// CreateTransaction forms the payload of the transaction of a proposal and its
// responses: all must be successful and over equal payloads. Endorsers count
// once. The payload is to be signed by the proposal's creator ([Sign]).
func CreateTransaction(proposal *peer.Proposal, responses ...*peer.ProposalResponse) ([]byte, error) {
	if err := SamePayload(responses...); err != nil {
		return nil, err
	}
	var endorsements []*peer.Endorsement
	for _, r := range responses {
		e := r.GetEndorsement()
		known := func(other *peer.Endorsement) bool { return bytes.Equal(other.GetEndorser(), e.GetEndorser()) }
		if e != nil && !slices.ContainsFunc(endorsements, known) {
			endorsements = append(endorsements, e)
		}
	}
	if len(endorsements) == 0 {
		return nil, fail(CodeNoEndorsement, nil, "no response is endorsed")
	}
	header := &common.Header{}
	if err := decode(proposal.GetHeader(), header, "the proposal's header"); err != nil {
		return nil, err
	}
	visible, err := withoutTransient(proposal.GetPayload())
	if err != nil {
		return nil, err
	}
	action, err := encode(&peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: visible,
		Action:                   &peer.ChaincodeEndorsedAction{ProposalResponsePayload: responses[0].GetPayload(), Endorsements: endorsements},
	})
	if err != nil {
		return nil, err
	}
	transaction, err := encode(&peer.Transaction{Actions: []*peer.TransactionAction{{Header: header.GetSignatureHeader(), Payload: action}}})
	if err != nil {
		return nil, err
	}
	return encode(&common.Payload{Header: header, Data: transaction})
}
