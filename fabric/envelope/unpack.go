// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Proposal is an unpacked proposal: well formed, its transaction id recomputed.
// Its signature is NOT verified: that is SignedData's claim.
type Proposal struct {
	Channel   *common.ChannelHeader
	Signature *common.SignatureHeader
	// Chaincode is the name in the header extension, by which peers dispatch.
	// Spec.ChaincodeId is the client's own statement; Fabric does not compare
	// the two.
	Chaincode string
	Spec      *peer.ChaincodeSpec
	Transient map[string][]byte
	Hash      []byte // [ProposalHash]
	Message   *peer.Proposal
	Signed    *peer.SignedProposal

	header *common.Header
}

// UnpackProposal makes all of the structural checks that a peer makes before it
// looks at the signature. Errors are [*Error].
func UnpackProposal(signed *peer.SignedProposal) (*Proposal, error) {
	p := &Proposal{Signed: signed, Message: &peer.Proposal{}, Channel: &common.ChannelHeader{}, Signature: &common.SignatureHeader{}, header: &common.Header{}}
	if err := p.unpackHeaders(); err != nil {
		return nil, err.about(p.Channel)
	}
	if err := p.unpackPayload(); err != nil {
		return nil, err.about(p.Channel)
	}
	if err := p.check(); err != nil {
		return nil, err.about(p.Channel)
	}
	return p, nil
}

// about adds the transaction id that the header claims.
func (e *Error) about(header *common.ChannelHeader) *Error {
	e.TxID = header.GetTxId()
	return e
}

func (p *Proposal) unpackHeaders() *Error {
	extension := &peer.ChaincodeHeaderExtension{}
	if err := decode(p.Signed.GetProposalBytes(), p.Message, "the proposal"); err != nil {
		return err
	}
	if err := decode(p.Message.GetHeader(), p.header, "the header"); err != nil {
		return err
	}
	if err := decode(p.header.GetChannelHeader(), p.Channel, "the channel header"); err != nil {
		return err
	}
	if err := decode(p.header.GetSignatureHeader(), p.Signature, "the signature header"); err != nil {
		return err
	}
	if err := decode(p.Channel.GetExtension(), extension, "the header extension"); err != nil {
		return err
	}
	p.Chaincode = extension.GetChaincodeId().GetName()
	if p.Chaincode == "" {
		return fail(CodeMissing, nil, "the header extension names no chaincode")
	}
	return nil
}

func (p *Proposal) unpackPayload() *Error {
	payload, invocation := &peer.ChaincodeProposalPayload{}, &peer.ChaincodeInvocationSpec{}
	if err := decode(p.Message.GetPayload(), payload, "the chaincode proposal payload"); err != nil {
		return err
	}
	if err := decode(payload.GetInput(), invocation, "the chaincode invocation"); err != nil {
		return err
	}
	if invocation.GetChaincodeSpec().GetInput() == nil {
		return fail(CodeMissing, nil, "the chaincode invocation has no input")
	}
	visible, err := encode(&peer.ChaincodeProposalPayload{Input: payload.GetInput()})
	if err != nil {
		return fail(CodeMalformed, err, "the chaincode proposal payload")
	}
	p.Spec, p.Transient = invocation.GetChaincodeSpec(), payload.GetTransientMap()
	p.Hash = hashProposal(p.header, visible)
	return nil
}

func (p *Proposal) check() *Error {
	switch common.HeaderType(p.Channel.GetType()) {
	case common.HeaderType_ENDORSER_TRANSACTION, common.HeaderType_CONFIG:
	default:
		return fail(CodeHeaderType, nil, "a proposal has type ENDORSER_TRANSACTION or CONFIG, not %s", common.HeaderType(p.Channel.GetType()))
	}
	if p.Channel.GetEpoch() != 0 {
		return fail(CodeEpoch, nil, "the epoch is %d, not 0", p.Channel.GetEpoch())
	}
	if err := checkSignatureHeader(p.Signature); err != nil {
		return err
	}
	if want := TxID(p.Signature.GetNonce(), p.Signature.GetCreator()); p.Channel.GetTxId() != want {
		return fail(CodeTxID, nil, "the transaction id is %q, nonce and creator give %q", p.Channel.GetTxId(), want)
	}
	if len(p.Signed.GetSignature()) == 0 {
		return fail(CodeMissing, nil, "the proposal is not signed")
	}
	return nil
}

func checkSignatureHeader(h *common.SignatureHeader) *Error {
	if len(h.GetNonce()) == 0 {
		return fail(CodeMissing, nil, "the nonce is empty")
	}
	if len(h.GetCreator()) == 0 {
		return fail(CodeMissing, nil, "the creator is empty")
	}
	return nil
}

// ChannelID returns the channel that the proposal is for.
func (p *Proposal) ChannelID() string { return p.Channel.GetChannelId() }

// TxID returns the transaction id, recomputed.
func (p *Proposal) TxID() string { return p.Channel.GetTxId() }

// Creator returns the serialized identity of the proposer.
func (p *Proposal) Creator() []byte { return p.Signature.GetCreator() }

// Args returns the chaincode's arguments.
func (p *Proposal) Args() [][]byte { return p.Spec.GetInput().GetArgs() }

// Timestamp returns the proposer's time, zero if absent.
func (p *Proposal) Timestamp() time.Time { return timeOf(p.Channel.GetTimestamp()) }

func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// SignedData is the claim to verify: the creator signed the proposal bytes.
func (p *Proposal) SignedData() policy.SignedData {
	return policy.SignedData{Data: p.Signed.GetProposalBytes(), Identity: p.Creator(), Signature: p.Signed.GetSignature()}
}
