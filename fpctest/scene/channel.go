// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// profile describes the scene's channel with its organisations as they are now.
func (s *Scene) profile() channel.Profile {
	p := channel.Profile{
		ChannelID: ChannelID,
		Orderer:   channel.OrdererOrg{Name: "Orderer", MSP: s.orderer.Config(), Endpoints: []string{"orderer.example.com:7050"}},
		Raft:      &orderer.RaftConfigMetadata{},
		Timestamp: s.Now,
		Nonce:     make([]byte, envelope.NonceSize),
	}
	for _, id := range []string{Org1, Org2, Org3} {
		p.Application = append(p.Application, channel.ApplicationOrg{Name: id, MSP: s.Orgs[id].Config()})
	}
	return p
}

// genesis makes the channel's block 0.
func (s *Scene) genesis() *common.Block {
	s.T.Helper()
	return must(s.profile().Genesis())(s)
}

// ConfigBlock returns a later configuration block: the organisations as they are
// now, at a sequence.
func (s *Scene) ConfigBlock(sequence uint64) *common.Block {
	s.T.Helper()
	config := must(s.profile().Config())(s)
	config.Sequence = sequence
	payload := &common.Payload{
		Header: &common.Header{
			ChannelHeader:   must(proto.Marshal(&common.ChannelHeader{Type: int32(common.HeaderType_CONFIG), ChannelId: ChannelID}))(s),
			SignatureHeader: must(proto.Marshal(&common.SignatureHeader{}))(s),
		},
		Data: must(proto.Marshal(&common.ConfigEnvelope{Config: config}))(s),
	}
	envelope := must(proto.Marshal(&common.Envelope{Payload: must(proto.Marshal(payload))(s)}))(s)
	return block.New(10+sequence, make([]byte, 32), [][]byte{envelope})
}
