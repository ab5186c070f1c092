// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// BFT says who agrees on a channel's blocks by Fabric 3's Byzantine consensus.
// Of 3f+1 consenters f may do anything.
type BFT struct {
	// Consenters have ids from 1, each its own. Identity and the TLS certificates
	// are PEM; a quorum of the identities must sign every block.
	Consenters []*common.Consenter
	// Options, nil: DefaultBFTOptions. The batch's size is the profile's.
	Options *orderer.BFTOptions
}

// DefaultBFTOptions are those of Fabric's own tools. Its leader stays until it
// fails.
func DefaultBFTOptions() *orderer.BFTOptions {
	return &orderer.BFTOptions{
		RequestBatchMaxInterval: (50 * time.Millisecond).String(), IncomingMessageBufferSize: 200, RequestPoolSize: 400,
		RequestForwardTimeout: "2s", RequestComplainTimeout: "20s", RequestAutoRemoveTimeout: "3m0s",
		ViewChangeResendInterval: "5s", ViewChangeTimeout: "20s", LeaderHeartbeatTimeout: "1m0s", LeaderHeartbeatCount: 10,
		CollectTimeout: "1s", LeaderRotation: orderer.BFTOptions_ROTATION_OFF,
	}
}

// check finds what orderers would find only when they start.
func (b BFT) check() error {
	if len(b.Consenters) == 0 {
		return errors.New("there is no consenter")
	}
	ids := make(map[uint32]bool)
	for _, c := range b.Consenters {
		switch {
		case c.GetId() == 0:
			return errors.New("a consenter has id 0")
		case ids[c.Id]:
			return fmt.Errorf("two consenters have the id %d", c.Id)
		case c.MspId == "" || len(c.Identity) == 0:
			return fmt.Errorf("consenter %d has no identity", c.Id)
		case c.Host == "" || c.Port == 0:
			return fmt.Errorf("consenter %d has no address", c.Id)
		case len(c.ClientTlsCert) == 0 || len(c.ServerTlsCert) == 0:
			return fmt.Errorf("consenter %d has no TLS certificate", c.Id)
		}
		ids[c.Id] = true
	}
	return nil
}

// blockValidation is the policy that a quorum of the consenters sign.
func (b BFT) blockValidation() *common.SignaturePolicyEnvelope {
	some := &common.SignaturePolicy_NOutOf{N: int32(block.Quorum(len(b.Consenters)))}
	envelope := &common.SignaturePolicyEnvelope{}
	for i, c := range b.Consenters {
		envelope.Identities = append(envelope.Identities, msp.IdentityPrincipal(msp.Serialize(c.MspId, c.Identity)))
		some.Rules = append(some.Rules, &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(i)}})
	}
	envelope.Rule = &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: some}}
	return envelope
}

// consensus adds to the orderers' group how they agree on blocks, and whose
// signatures a block needs.
func (p Profile) consensus(g *grower, group *common.ConfigGroup) {
	if p.BFT == nil {
		g.meta(group, "BlockValidation", "ANY Writers")
		g.value(group, keyConsensusType, &orderer.ConsensusType{Type: typeRaft, Metadata: g.marshal(p.Raft)})
		return
	}
	if err := p.BFT.check(); err != nil {
		g.keep(fail(CodeBadConfig, "/Channel/Orderer/"+keyConsenters, err, "not a consenter set"))
		return
	}
	options := p.BFT.Options
	if options == nil {
		options = DefaultBFTOptions()
		options.RequestBatchMaxCount, options.RequestBatchMaxBytes = uint64(p.Batch.MaxMessages), uint64(p.Batch.AbsoluteMaxBytes)
	}
	g.policy(group, "BlockValidation", common.Policy_SIGNATURE, p.BFT.blockValidation())
	g.value(group, keyConsenters, &common.Orderers{ConsenterMapping: p.BFT.Consenters})
	g.value(group, keyConsensusType, &orderer.ConsensusType{Type: typeBFT, Metadata: g.marshal(options)})
}
