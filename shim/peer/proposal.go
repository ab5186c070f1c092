// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// proposal is what a chaincode reads from the client's proposal. The peer has
// checked it; nothing is checked here but its form.
type proposal struct {
	signed    *shim.SignedProposal
	creator   []byte
	transient map[string][]byte
	binding   []byte
	timestamp *timestamppb.Timestamp
}

// readProposal reads a signed proposal; nil gives an empty one (an Init of old
// has none).
func readProposal(signed *shim.SignedProposal) (proposal, error) {
	if signed == nil {
		return proposal{}, nil
	}
	var (
		whole           peer.Proposal
		header          common.Header
		channelHeader   common.ChannelHeader
		signatureHeader common.SignatureHeader
		payload         peer.ChaincodeProposalPayload
	)
	parts := []struct {
		name string
		from func() []byte
		to   proto.Message
	}{
		{"proposal", func() []byte { return signed.GetProposalBytes() }, &whole},
		{"header", func() []byte { return whole.GetHeader() }, &header},
		{"channel header", func() []byte { return header.GetChannelHeader() }, &channelHeader},
		{"signature header", func() []byte { return header.GetSignatureHeader() }, &signatureHeader},
		{"payload", func() []byte { return whole.GetPayload() }, &payload},
	}
	for _, p := range parts {
		if err := proto.Unmarshal(p.from(), p.to); err != nil {
			return proposal{}, fmt.Errorf("signed proposal: %s: %w", p.name, err)
		}
	}
	switch kind := common.HeaderType(channelHeader.GetType()); kind {
	case common.HeaderType_ENDORSER_TRANSACTION, common.HeaderType_CONFIG:
	default:
		return proposal{}, fmt.Errorf("signed proposal: header type %s, want ENDORSER_TRANSACTION or CONFIG", kind)
	}
	return proposal{
		signed:    signed,
		creator:   signatureHeader.GetCreator(),
		transient: payload.GetTransientMap(),
		binding:   shim.Binding(signatureHeader.GetNonce(), signatureHeader.GetCreator(), channelHeader.GetEpoch()),
		timestamp: channelHeader.GetTimestamp(),
	}, nil
}
