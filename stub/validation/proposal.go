// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// checkProposal holds the inner proposal, on which the enclave ran, against the
// response and the outer transaction. The creator's certificate needs no check
// of its own: it is the outer creator's, which the peer verified.
func (k *Known) checkProposal(m *fpc.EnclaveResponse, outer Outer) error {
	refuse := func(code protocol.Code, format string, args ...any) error {
		return protocol.Errorf(stepVerify, code, format, args...).WithTxID(m.GetTxId())
	}
	signed := &peer.SignedProposal{}
	if err := proto.Unmarshal(m.GetSignedProposal(), signed); err != nil {
		return refuse(protocol.CodeMalformed, "inner proposal does not decode: %w", err)
	}
	inner, err := envelope.UnpackProposal(signed)
	if err != nil {
		return refuse(protocol.CodeMalformed, "inner proposal: %w", err)
	}
	if inner.ChannelID() != outer.ChannelID {
		return refuse(protocol.CodeWrongChannel, "inner proposal is for channel %q, this is %q", inner.ChannelID(), outer.ChannelID)
	}
	if inner.Chaincode != outer.Chaincode {
		return refuse(protocol.CodeWrongChaincode, "inner proposal is for chaincode %q, this is %q", inner.Chaincode, outer.Chaincode)
	}
	if inner.TxID() != m.GetTxId() {
		return refuse(protocol.CodeBadTxID, "inner proposal has another transaction id than the response")
	}
	if !bytes.Equal(inner.Creator(), outer.Creator) {
		return refuse(protocol.CodeOtherCreator, "inner and outer proposal have different creators")
	}
	if err := k.verifySignature(inner, signed); err != nil {
		return refuse(protocol.CodeBadSignature, "inner proposal: %w", err)
	}
	if len(inner.Transient) != 0 {
		return refuse(protocol.CodeTransientData, "inner proposal carries transient data")
	}
	args := inner.Args()
	if len(args) != 2 || string(args[0]) != protocol.FuncInvoke {
		return refuse(protocol.CodeBadArguments, "inner proposal is not %s with one argument", protocol.FuncInvoke)
	}
	if hash := protocol.RequestHash(args[1]); !bytes.Equal(hash[:], m.GetRequestHash()) {
		return refuse(protocol.CodeRequestHash, "response is to another request than the inner proposal's")
	}
	return nil
}

// verifySignature checks the creator's signature as Fabric does: ECDSA over
// SHA-256, low-S.
func (k *Known) verifySignature(inner *envelope.Proposal, signed *peer.SignedProposal) error {
	key, err := k.creatorKey(inner.Creator())
	if err != nil {
		return err
	}
	low, err := msp.LowS(key, signed.GetSignature())
	if err != nil || !bytes.Equal(low, signed.GetSignature()) {
		return errors.New("signature is not in low-S form")
	}
	digest := sha256.Sum256(signed.GetProposalBytes())
	if !ecdsa.VerifyASN1(key, digest[:], signed.GetSignature()) {
		return errors.New("signature does not verify")
	}
	return nil
}
