// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// proposal is what the gateway reads of a signed proposal. The endorsers check
// the rest.
type proposal struct {
	signed    *peer.SignedProposal
	message   *peer.Proposal
	channelID string
	txID      string
	chaincode string
	transient bool
}

func unpack(signed *peer.SignedProposal) (*proposal, error) {
	if len(signed.GetProposalBytes()) == 0 {
		return nil, errors.New("a signed proposal is required")
	}
	p := &proposal{signed: signed, message: &peer.Proposal{}}
	var header common.Header
	var channel common.ChannelHeader
	var payload peer.ChaincodeProposalPayload
	var spec peer.ChaincodeInvocationSpec
	for _, part := range []struct {
		name string
		raw  func() []byte
		into proto.Message
	}{
		{"proposal", signed.GetProposalBytes, p.message},
		{"header", p.message.GetHeader, &header},
		{"channel header", header.GetChannelHeader, &channel},
		{"chaincode proposal payload", p.message.GetPayload, &payload},
		{"chaincode invocation", payload.GetInput, &spec},
	} {
		if err := proto.Unmarshal(part.raw(), part.into); err != nil {
			return nil, fmt.Errorf("the %s does not decode: %w", part.name, err)
		}
	}
	p.channelID, p.txID = channel.GetChannelId(), channel.GetTxId()
	p.chaincode = spec.GetChaincodeSpec().GetChaincodeId().GetName()
	p.transient = len(payload.GetTransientMap()) > 0
	switch {
	case p.channelID == "":
		return nil, errors.New("no channel id provided")
	case p.chaincode == "":
		return nil, fmt.Errorf("no chaincode name is provided, channel id [%s]", p.channelID)
	}
	return p, nil
}
