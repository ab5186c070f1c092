// SPDX-License-Identifier: Apache-2.0

package block

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Sign puts an orderer's signature into the block. Signed are the metadata value
// (last configuration block, the consenter's own metadata), the signature header
// and the header bytes, in this order. nonce is random.
func Sign(block *common.Block, lastConfig uint64, consenter, nonce []byte, signer msp.Signer) error {
	canonical := proto.MarshalOptions{Deterministic: true}
	inner, err := canonical.Marshal(&common.Metadata{Value: consenter})
	if err != nil {
		return fail(block, CodeMalformed, err, "consenter metadata")
	}
	last := &common.LastConfig{Index: lastConfig}
	value, err := canonical.Marshal(&common.OrdererBlockMetadata{LastConfig: last, ConsenterMetadata: inner})
	if err != nil {
		return fail(block, CodeMalformed, err, "orderer metadata")
	}
	header, err := canonical.Marshal(&common.SignatureHeader{Creator: signer.Creator(), Nonce: nonce})
	if err != nil {
		return fail(block, CodeMalformed, err, "signature header")
	}
	signature, err := signer.Sign(signedBytes(value, header, block))
	if err != nil {
		return fail(block, CodeMalformed, err, "signing")
	}
	signatures, err := canonical.Marshal(&common.Metadata{
		Value:      value,
		Signatures: []*common.MetadataSignature{{SignatureHeader: header, Signature: signature}},
	})
	if err != nil {
		return fail(block, CodeMalformed, err, "signature metadata")
	}
	lastValue, err := canonical.Marshal(last)
	if err != nil {
		return fail(block, CodeMalformed, err, "last configuration")
	}
	lastConfigSlot, err := canonical.Marshal(&common.Metadata{Value: lastValue})
	if err != nil {
		return fail(block, CodeMalformed, err, "last configuration")
	}
	grow(block)
	block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = signatures
	block.Metadata.Metadata[common.BlockMetadataIndex_LAST_CONFIG] = lastConfigSlot
	return nil
}

// signedBytes is what an orderer signs: header is a SignatureHeader, or for a BFT
// orderer an IdentifierHeader.
func signedBytes(value, header []byte, block *common.Block) []byte {
	return bytes.Join([][]byte{value, header, HeaderBytes(block.GetHeader())}, nil)
}

// Verify checks the orderers' signatures of a raft channel's block against the
// BlockValidation policy in force before it. It looks at header and metadata
// only: the data is [Check]'s.
func Verify(block *common.Block, validation policy.Policy) error {
	claims, err := claims(block, nil)
	if err != nil {
		return err
	}
	if err := validation.Evaluate(claims); err != nil {
		return fail(block, CodeSignatures, err, "the orderers' signatures are not enough")
	}
	return nil
}

// VerifyBFT checks the signatures of a BFT channel's block: as peers do, against
// the BlockValidation policy, with identities taken from the consenter set; and
// beside it a quorum of that set is counted, whatever the policy says. Policy and
// set are those in force before the block.
func VerifyBFT(block *common.Block, consenters []*common.Consenter, validation policy.Policy, ids msp.Resolver) error {
	if len(consenters) == 0 {
		return fail(block, CodeSignatures, nil, "the channel has no consenters")
	}
	claims, err := claims(block, consenters)
	if err != nil {
		return err
	}
	signers := policy.Identities(claims, ids)
	principals := make([]*common.MSPPrincipal, len(consenters))
	for i, c := range consenters {
		principals[i] = msp.IdentityPrincipal(msp.Serialize(c.GetMspId(), c.GetIdentity()))
	}
	good := 0
	for _, signer := range signers {
		for _, principal := range principals {
			if signer.Satisfies(principal) == nil {
				good++
				break
			}
		}
	}
	if need := Quorum(len(consenters)); good < need {
		return fail(block, CodeSignatures, nil, "%d of %d consenters signed, %d must", good, len(consenters), need)
	}
	if err := validation.EvaluateIdentities(signers); err != nil {
		return fail(block, CodeSignatures, err, "the orderers' signatures are not enough")
	}
	return nil
}

// Quorum is how many of n BFT consenters must sign a block so that two quorums
// share a correct one: ⌈(n+f+1)/2⌉ with f = ⌊(n-1)/3⌋.
func Quorum(n int) int {
	f := (n - 1) / 3
	return (n + f + 2) / 2
}

// claims lists who claims to have signed the block. With a consenter set, a
// signature that names a consenter id stands for that consenter's identity; one
// that names an unknown id is ignored.
func claims(block *common.Block, consenters []*common.Consenter) ([]policy.SignedData, error) {
	metadata, err := signatures(block)
	if err != nil {
		return nil, err
	}
	var set []policy.SignedData
	for i, s := range metadata.GetSignatures() {
		if len(consenters) > 0 && len(s.GetSignatureHeader()) == 0 && len(s.GetIdentifierHeader()) > 0 {
			id := &common.IdentifierHeader{}
			if err := proto.Unmarshal(s.GetIdentifierHeader(), id); err != nil {
				return nil, fail(block, CodeMalformed, err, "identifier header %d", i)
			}
			for _, c := range consenters {
				if c.GetId() == id.GetIdentifier() {
					set = append(set, policy.SignedData{
						Data:      signedBytes(metadata.GetValue(), s.GetIdentifierHeader(), block),
						Identity:  msp.Serialize(c.GetMspId(), c.GetIdentity()),
						Signature: s.GetSignature(),
					})
					break
				}
			}
			continue
		}
		header := &common.SignatureHeader{}
		if err := proto.Unmarshal(s.GetSignatureHeader(), header); err != nil {
			return nil, fail(block, CodeMalformed, err, "signature header %d", i)
		}
		set = append(set, policy.SignedData{
			Data:      signedBytes(metadata.GetValue(), s.GetSignatureHeader(), block),
			Identity:  header.GetCreator(),
			Signature: s.GetSignature(),
		})
	}
	return set, nil
}
