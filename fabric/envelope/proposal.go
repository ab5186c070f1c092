// SPDX-License-Identifier: Apache-2.0

// Package envelope is trusted: it builds and takes apart proposals,
// transactions and signed envelopes, with Fabric's structural checks in Fabric's
// order. It verifies no signature itself: it says who claims to have signed what.
package envelope

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/fabric/msp"
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
	Timestamp time.Time         // peers and orderers compare it with their clock
	Type      common.HeaderType // zero value: ENDORSER_TRANSACTION
}

// NewProposal builds a proposal and its transaction id.
func NewProposal(r Request) (proposal *peer.Proposal, txID string, err error) {
	if r.Chaincode == "" || len(r.Creator) == 0 || len(r.Nonce) == 0 {
		return nil, "", fail(CodeRequest, nil, "a proposal needs a chaincode, a creator and a nonce")
	}
	if r.Type == common.HeaderType_MESSAGE {
		r.Type = common.HeaderType_ENDORSER_TRANSACTION
	}
	chaincode := &peer.ChaincodeID{Name: r.Chaincode}
	payload, err := proposalPayload(r, chaincode)
	if err != nil {
		return nil, "", err
	}
	extension, err := encode(&peer.ChaincodeHeaderExtension{ChaincodeId: chaincode})
	if err != nil {
		return nil, "", err
	}
	txID = TxID(r.Nonce, r.Creator)
	header, err := headers(&common.ChannelHeader{
		Type: int32(r.Type), ChannelId: r.ChannelID, TxId: txID, Timestamp: timestamp(r.Timestamp), Extension: extension,
	}, &common.SignatureHeader{Creator: r.Creator, Nonce: r.Nonce})
	if err != nil {
		return nil, "", err
	}
	headerBytes, err := encode(header)
	if err != nil {
		return nil, "", err
	}
	return &peer.Proposal{Header: headerBytes, Payload: payload}, txID, nil
}

func proposalPayload(r Request, chaincode *peer.ChaincodeID) ([]byte, error) {
	input, err := encode(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		Type:        peer.ChaincodeSpec_GOLANG,
		ChaincodeId: chaincode,
		Input:       &peer.ChaincodeInput{Args: r.Args, IsInit: r.IsInit},
	}})
	if err != nil {
		return nil, err
	}
	return encode(&peer.ChaincodeProposalPayload{Input: input, TransientMap: r.Transient})
}

// headers encodes the two halves of a header.
func headers(channel *common.ChannelHeader, signature *common.SignatureHeader) (*common.Header, error) {
	channelBytes, err := encode(channel)
	if err != nil {
		return nil, err
	}
	signatureBytes, err := encode(signature)
	if err != nil {
		return nil, err
	}
	return &common.Header{ChannelHeader: channelBytes, SignatureHeader: signatureBytes}, nil
}

// timestamp leaves a zero time out.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// SignProposal serializes and signs a proposal. The signer must be its creator.
func SignProposal(proposal *peer.Proposal, signer msp.Signer) (*peer.SignedProposal, error) {
	header, creator := &common.Header{}, &common.SignatureHeader{}
	if err := decode(proposal.GetHeader(), header, "the proposal's header"); err != nil {
		return nil, err
	}
	if err := decode(header.GetSignatureHeader(), creator, "the proposal's signature header"); err != nil {
		return nil, err
	}
	if !bytes.Equal(creator.GetCreator(), signer.Creator()) {
		return nil, fail(CodeForeignSigner, nil, "the signer is not the proposal's creator")
	}
	raw, err := encode(proposal)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(raw)
	if err != nil {
		return nil, fail(CodeSigning, err, "sign the proposal")
	}
	return &peer.SignedProposal{ProposalBytes: raw, Signature: signature}, nil
}

// TxID is the transaction id: lower-case hex SHA-256 of nonce and creator.
func TxID(nonce, creator []byte) string {
	h := sha256.New()
	h.Write(nonce)
	h.Write(creator)
	return hex.EncodeToString(h.Sum(nil))
}

// ProposalHash is SHA-256 over the channel header, the signature header (their
// original bytes) and the payload re-encoded without its transient map. It is
// what an endorser's answer names its proposal by.
func ProposalHash(header *common.Header, payload []byte) ([]byte, error) {
	visible, err := withoutTransient(payload)
	if err != nil {
		return nil, err
	}
	return hashProposal(header, visible), nil
}

// hashProposal hashes a proposal whose payload holds no transient map, as it
// stands in a transaction.
func hashProposal(header *common.Header, visible []byte) []byte {
	h := sha256.New()
	h.Write(header.GetChannelHeader())
	h.Write(header.GetSignatureHeader())
	h.Write(visible)
	return h.Sum(nil)
}

func withoutTransient(payload []byte) ([]byte, error) {
	p := &peer.ChaincodeProposalPayload{}
	if err := decode(payload, p, "the chaincode proposal payload"); err != nil {
		return nil, err
	}
	return encode(&peer.ChaincodeProposalPayload{Input: p.GetInput()})
}
