// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// signedProposal builds the transaction's proposal. Nothing signs it.
func (s *Stub) signedProposal() (*shim.SignedProposal, error) {
	var failed error
	encode := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			failed = err
		}
		return b
	}
	id := &peer.ChaincodeID{Name: s.chaincode.Name}
	spec := &peer.ChaincodeSpec{Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: id, Input: &peer.ChaincodeInput{Args: s.Args, IsInit: s.tx.Init}}
	header := &common.Header{
		ChannelHeader: encode(&common.ChannelHeader{
			Type:      int32(common.HeaderType_ENDORSER_TRANSACTION),
			Timestamp: timestamppb.New(s.tx.Timestamp),
			ChannelId: s.GetChannelID(),
			TxId:      s.txID,
			Extension: encode(&peer.ChaincodeHeaderExtension{ChaincodeId: id}),
		}),
		SignatureHeader: encode(&common.SignatureHeader{Creator: s.tx.Creator, Nonce: s.nonce}),
	}
	proposal := &peer.Proposal{
		Header: encode(header),
		Payload: encode(&peer.ChaincodeProposalPayload{
			Input:        encode(&peer.ChaincodeInvocationSpec{ChaincodeSpec: spec}),
			TransientMap: s.tx.Transient,
		}),
	}
	return &shim.SignedProposal{ProposalBytes: encode(proposal), Signature: []byte("none")}, failed
}
