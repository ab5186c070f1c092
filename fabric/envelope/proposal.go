// SPDX-License-Identifier: Apache-2.0

// Package envelope is trusted: it builds and takes apart proposals,
// transactions and signed envelopes, with Fabric's structural checks in Fabric's
// order. It verifies no signature itself: it says who claims to have signed what.
package envelope

import (
	"errors"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// NonceSize is the length of the nonces that Fabric's clients choose.
const NonceSize = 24

// Request says what a proposal shall ask for.
type Request struct {
	ChannelID string // empty for a proposal to the peer itself
	Chaincode string
	Creator   []byte // serialized identity
	Nonce     []byte // NonceSize random bytes
	Args      [][]byte
	Transient map[string][]byte
	IsInit    bool
	Timestamp time.Time
	Type      common.HeaderType // zero value: ENDORSER_TRANSACTION
}

// NewProposal builds a proposal and its transaction id.
func NewProposal(r Request) (proposal *peer.Proposal, txID string, err error) {
	return nil, "", errors.New("envelope: not implemented")
}

// SignProposal serializes and signs a proposal. The signer must be its creator.
func SignProposal(proposal *peer.Proposal, signer msp.Signer) (*peer.SignedProposal, error) {
	return nil, errors.New("envelope: not implemented")
}

// TxID is the transaction id: lower-case hex SHA-256 of nonce and creator.
func TxID(nonce, creator []byte) string { return "" }

// ProposalHash is SHA-256 over the channel header, the signature header (their
// original bytes) and the payload re-encoded without its transient map.
func ProposalHash(header *common.Header, payload []byte) ([]byte, error) {
	return nil, errors.New("envelope: not implemented")
}

// Proposal is an unpacked proposal: well formed, its transaction id recomputed.
// Its signature is NOT verified: that is SignedData's claim.
type Proposal struct {
	Channel   *common.ChannelHeader
	Signature *common.SignatureHeader
	Chaincode string // from the header extension
	Spec      *peer.ChaincodeSpec
	Transient map[string][]byte
	Hash      []byte // ProposalHash
	Message   *peer.Proposal
	Signed    *peer.SignedProposal
}

// UnpackProposal makes all of Fabric's structural checks. Errors are [*Error].
func UnpackProposal(signed *peer.SignedProposal) (*Proposal, error) {
	return nil, errors.New("envelope: not implemented")
}

// ChannelID returns the channel that the proposal is for.
func (p *Proposal) ChannelID() string { return "" }

// TxID returns the transaction id, recomputed.
func (p *Proposal) TxID() string { return "" }

// Creator returns the serialized identity of the proposer.
func (p *Proposal) Creator() []byte { return nil }

// Args returns the chaincode's arguments.
func (p *Proposal) Args() [][]byte { return nil }

// Timestamp returns the proposer's time, zero if absent.
func (p *Proposal) Timestamp() time.Time { return time.Time{} }

// SignedData is the claim to verify: the creator signed the proposal bytes.
func (p *Proposal) SignedData() policy.SignedData { return policy.SignedData{} }
