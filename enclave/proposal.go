// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// verifiedProposal is a proposal that passed INV-10; only [state.verify] makes
// one.
type verifiedProposal struct {
	txID        keys.TxID
	hash        []byte // as an endorser names the proposal
	signed      []byte // serialised SignedProposal, in its one encoding
	message     *peer.SignedProposal
	creator     []byte // serialised identity
	nonce       []byte
	epoch       uint64
	timestamp   *timestamppb.Timestamp // the client's; nil if it gave none
	request     *fpc.Request
	requestHash [32]byte
}

// verify is INV-10: the proposal is well formed, for this channel and chaincode,
// its transaction id is recomputed, its creator may propose and signed it, and
// it asks for chaincodeInvoke with one request and no transient data.
//
// That the channel is the attested one, and not another of the same name, shows
// at INV-12: the request is sealed to Channel_hash.
//
// Codes: malformed, wrong_channel, wrong_chaincode, bad_tx_id, foreign_creator,
// revoked_creator, bad_signature, transient_data, unknown_function, bad_arguments.
func (s *state) verify(req *fpc.InvokeRequest) (*verifiedProposal, error) {
	signed := &peer.SignedProposal{}
	if err := protocol.Unmarshal("INV-10", "signed proposal", req.GetSignedProposal(), signed); err != nil {
		return nil, err
	}
	canonical, err := marshal(signed)
	if err != nil {
		return nil, protocol.Errorf("INV-10", protocol.CodeInternal, "encode the proposal: %w", err)
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return nil, refuseEnvelope(err)
	}
	if err := s.checkAddress(req, p); err != nil {
		return nil, err
	}
	if err := s.checkCreator(p); err != nil {
		return nil, err
	}
	v := &verifiedProposal{
		signed:    canonical,
		message:   signed,
		creator:   p.Creator(),
		nonce:     p.Signature.GetNonce(),
		epoch:     p.Channel.GetEpoch(),
		timestamp: p.Channel.GetTimestamp(),
		hash:      p.Hash,
	}
	if v.txID, err = keys.ParseTxID(p.TxID()); err != nil {
		return nil, refuse(protocol.CodeBadTxID, "%w", err)
	}
	return v, v.readRequest(p)
}

func refuse(code protocol.Code, format string, args ...any) error {
	return protocol.Errorf("INV-10", code, format, args...)
}

// refuseEnvelope keeps the one code of package envelope that others tell apart.
func refuseEnvelope(err error) error {
	code := protocol.CodeMalformed
	var e *envelope.Error
	if errors.As(err, &e) && e.Code == string(protocol.CodeBadTxID) {
		code = protocol.CodeBadTxID
	}
	return refuse(code, "proposal: %w", err)
}

// checkAddress holds the proposal to this channel and chaincode, and the host to
// the proposal.
func (s *state) checkAddress(req *fpc.InvokeRequest, p *envelope.Proposal) error {
	if kind := common.HeaderType(p.Channel.GetType()); kind != common.HeaderType_ENDORSER_TRANSACTION {
		return refuse(protocol.CodeMalformed, "proposal's header type is %s, not ENDORSER_TRANSACTION", kind)
	}
	if p.ChannelID() != s.params.GetChannelId() || req.GetChannelId() != p.ChannelID() {
		return refuse(protocol.CodeWrongChannel, "proposal is for channel %q, handed over for %q, this enclave serves %q", p.ChannelID(), req.GetChannelId(), s.params.GetChannelId())
	}
	if p.Chaincode != s.params.GetChaincodeId() || p.Spec.GetChaincodeId().GetName() != p.Chaincode {
		return refuse(protocol.CodeWrongChaincode, "proposal is for chaincode %q, this enclave runs %q", p.Chaincode, s.params.GetChaincodeId())
	}
	if req.GetTxId() != p.TxID() {
		return refuse(protocol.CodeBadTxID, "handed over as transaction %.12s, the proposal is %.12s", req.GetTxId(), p.TxID())
	}
	if len(p.Transient) != 0 {
		return refuse(protocol.CodeTransientData, "proposal has a transient map of its own")
	}
	return nil
}

func (s *state) checkCreator(p *envelope.Proposal) error {
	creator, err := s.members.proposer(p.Creator())
	if err != nil {
		return err
	}
	claim := p.SignedData()
	if err := creator.Verify(claim.Data, claim.Signature); err != nil {
		return refuse(protocol.CodeBadSignature, "proposal is not signed by its creator: %w", err)
	}
	return nil
}

// readRequest takes ccreq_msg out of the arguments.
func (v *verifiedProposal) readRequest(p *envelope.Proposal) error {
	args := p.Args()
	if len(args) == 0 || string(args[0]) != protocol.FuncInvoke {
		return refuse(protocol.CodeUnknownFunction, "proposal does not call %s", protocol.FuncInvoke)
	}
	if p.Spec.GetInput().GetIsInit() {
		return refuse(protocol.CodeUnknownFunction, "a private chaincode has no Init")
	}
	if len(p.Spec.GetInput().GetDecorations()) != 0 {
		return refuse(protocol.CodeMalformed, "proposal brings decorations")
	}
	ccreq, err := protocol.ParseInvoke(args[1:])
	if err != nil {
		return err
	}
	if v.request, err = protocol.ParseRequest(ccreq); err != nil {
		return err
	}
	v.requestHash = protocol.RequestHash(ccreq)
	return nil
}

// copyProposal returns the proposal for the chaincode to keep.
func (v *verifiedProposal) copyProposal() *peer.SignedProposal {
	return proto.CloneOf(v.message)
}
