// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"errors"

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
	ChaincodeID  *peer.ChaincodeID
}

// ResponsePayload serializes a result as a ProposalResponsePayload.
func ResponsePayload(r Result) ([]byte, error) {
	return nil, errors.New("envelope: not implemented")
}

// Endorse signs a ProposalResponsePayload: payload, then the endorser's
// serialized identity.
func Endorse(payload []byte, endorser msp.Signer) (*peer.Endorsement, error) {
	return nil, errors.New("envelope: not implemented")
}

// EndorsementClaim is the claim to verify: the endorser signed the payload.
func EndorsementClaim(payload []byte, e *peer.Endorsement) policy.SignedData {
	return policy.SignedData{}
}

// ParseResult reads a ProposalResponsePayload and the ChaincodeAction in it.
func ParseResult(payload []byte) (*Result, error) {
	return nil, errors.New("envelope: not implemented")
}

// CreateTransaction forms the payload of the transaction of a proposal and its
// responses: all must be successful and over equal payloads. Endorsers count
// once. The payload is to be signed by the proposal's creator ([Sign]).
func CreateTransaction(proposal *peer.Proposal, responses ...*peer.ProposalResponse) ([]byte, error) {
	return nil, errors.New("envelope: not implemented")
}

// Sign signs a serialized payload.
func Sign(payload []byte, signer msp.Signer) (*common.Envelope, error) {
	return nil, errors.New("envelope: not implemented")
}
