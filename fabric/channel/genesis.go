// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Profile describes a channel to be: what configtx.yaml is to Fabric's tools.
// The policies are Fabric's usual ones: per organisation Readers, Writers,
// Admins and Endorsement by role; above them ANY Readers, ANY Writers, MAJORITY
// Admins, MAJORITY Endorsement (also for LifecycleEndorsement), and for
// BlockValidation ANY Writers of the orderers, or a quorum of BFT's consenters.
type Profile struct {
	ChannelID    string
	Application  []ApplicationOrg
	Orderer      OrdererOrg
	Raft         *orderer.RaftConfigMetadata // unless BFT is given
	BFT          *BFT
	Batch        Batch             // zero: DefaultBatch
	Capabilities Capabilities      // each group, nil: of DefaultCapabilities; with BFT the channel's is V3_0
	ACLs         map[string]string // policy paths by resource, nil: Fabric's defaults
	// Timestamp and Nonce stand in the genesis block's headers. The nonce is
	// what makes two channels of the same organisations different channels.
	Timestamp time.Time
	Nonce     []byte
}

// DefaultBatch is what a profile has that names no batch.
var DefaultBatch = Batch{
	MaxMessages: 500, AbsoluteMaxBytes: 98 << 20, PreferredMaxBytes: 2 << 20, Timeout: 2 * time.Second,
}

// DefaultCapabilities are understood by Fabric 2.5 and later.
var DefaultCapabilities = Capabilities{
	Channel: []string{"V2_0"}, Orderer: []string{"V2_0"}, Application: []string{"V2_5"},
}

func (c Capabilities) orDefault() Capabilities {
	for _, g := range []struct{ of, from *[]string }{
		{&c.Channel, &DefaultCapabilities.Channel}, {&c.Orderer, &DefaultCapabilities.Orderer}, {&c.Application, &DefaultCapabilities.Application},
	} {
		if *g.of == nil {
			*g.of = *g.from
		}
	}
	return c
}

// ApplicationOrg is an organisation with peers.
type ApplicationOrg struct {
	Name        string
	MSP         *msp.FabricMSPConfig
	AnchorPeers []*peer.AnchorPeer
}

// OrdererOrg is the organisation that orders. Endpoints are host:port.
type OrdererOrg struct {
	Name      string
	MSP       *msp.FabricMSPConfig
	Endpoints []string
}

// Config builds the configuration that the profile describes, sequence 0, and
// checks it as NewBundle does.
func (p Profile) Config() (*common.Config, error) {
	if p.Batch == (Batch{}) {
		p.Batch = DefaultBatch
	}
	if p.BFT != nil && p.Capabilities.Channel == nil {
		p.Capabilities.Channel = []string{channelV3}
	}
	p.Capabilities = p.Capabilities.orDefault()
	g := newGrower()
	root := g.group()
	g.standardPolicies(root)
	g.value(root, keyHashing, &common.HashingAlgorithm{Name: "SHA256"})
	g.value(root, keyHashingStructure, &common.BlockDataHashingStructure{Width: math.MaxUint32})
	g.value(root, keyCapabilities, capabilitiesMessage(p.Capabilities.Channel))
	root.Groups[ordererGroup] = p.ordererGroup(g)
	root.Groups[applicationGroup] = p.applicationGroup(g)
	if g.err != nil {
		return nil, fail(CodeBadConfig, "", g.err, "profile of channel %s", p.ChannelID)
	}
	config := &common.Config{ChannelGroup: root}
	if _, err := NewBundle(p.ChannelID, config); err != nil {
		return nil, err
	}
	return config, nil
}

func (p Profile) ordererGroup(g *grower) *common.ConfigGroup {
	group := g.group()
	g.standardPolicies(group)
	p.consensus(g, group)
	g.value(group, keyBatchSize, &orderer.BatchSize{
		MaxMessageCount: p.Batch.MaxMessages, AbsoluteMaxBytes: p.Batch.AbsoluteMaxBytes, PreferredMaxBytes: p.Batch.PreferredMaxBytes,
	})
	g.value(group, keyBatchTimeout, &orderer.BatchTimeout{Timeout: p.Batch.Timeout.String()})
	g.value(group, keyRestrictions, &orderer.ChannelRestrictions{})
	g.value(group, keyCapabilities, capabilitiesMessage(p.Capabilities.Orderer))

	org := g.group()
	id := p.Orderer.MSP.GetName()
	g.signature(org, "Readers", "OR('"+id+".member')")
	g.signature(org, "Writers", "OR('"+id+".member')")
	g.signature(org, "Admins", "OR('"+id+".admin')")
	g.value(org, keyMSP, g.mspConfig(p.Orderer.MSP))
	g.value(org, keyEndpoints, &common.OrdererAddresses{Addresses: p.Orderer.Endpoints})
	group.Groups[p.Orderer.Name] = org
	return group
}

func (p Profile) applicationGroup(g *grower) *common.ConfigGroup {
	group := g.group()
	g.standardPolicies(group)
	g.meta(group, "Endorsement", "MAJORITY Endorsement")
	g.meta(group, "LifecycleEndorsement", "MAJORITY Endorsement")
	g.value(group, keyCapabilities, capabilitiesMessage(p.Capabilities.Application))
	if len(p.ACLs) > 0 {
		acls := &peer.ACLs{Acls: map[string]*peer.APIResource{}}
		for resource, path := range p.ACLs {
			acls.Acls[resource] = &peer.APIResource{PolicyRef: path}
		}
		g.value(group, keyACLs, acls)
	}
	for _, o := range p.Application {
		if _, twice := group.Groups[o.Name]; twice {
			g.keep(fail(CodeBadConfig, "/Channel/Application/"+o.Name, nil, "two organisations of this name"))
		}
		group.Groups[o.Name] = o.group(g)
	}
	return group
}

// group is the organisation as the configuration holds it.
func (o ApplicationOrg) group(g *grower) *common.ConfigGroup {
	org := g.group()
	id := o.MSP.GetName()
	g.signature(org, "Readers", "OR('"+id+".admin','"+id+".peer','"+id+".client')")
	g.signature(org, "Writers", "OR('"+id+".admin','"+id+".client')")
	g.signature(org, "Admins", "OR('"+id+".admin')")
	g.signature(org, "Endorsement", "OR('"+id+".peer')")
	g.value(org, keyMSP, g.mspConfig(o.MSP))
	if len(o.AnchorPeers) > 0 {
		g.value(org, keyAnchorPeers, &peer.AnchorPeers{AnchorPeers: o.AnchorPeers})
	}
	return org
}

// Genesis builds the channel's block 0. Equal profiles give equal blocks.
func (p Profile) Genesis() (*common.Block, error) {
	config, err := p.Config()
	if err != nil {
		return nil, err
	}
	env, err := p.genesisEnvelope(config)
	if err != nil {
		return nil, fail(CodeBadConfig, "", err, "genesis transaction of channel %s", p.ChannelID)
	}
	raw, err := encoding.Marshal(env)
	if err != nil {
		return nil, fail(CodeBadConfig, "", err, "genesis transaction of channel %s", p.ChannelID)
	}
	b := block.New(0, nil, [][]byte{raw})
	signatures, lastConfig, err := genesisMetadata()
	if err != nil {
		return nil, fail(CodeBadConfig, "", err, "genesis metadata of channel %s", p.ChannelID)
	}
	b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = signatures
	b.Metadata.Metadata[common.BlockMetadataIndex_LAST_CONFIG] = lastConfig
	return b, nil
}

var encoding = proto.MarshalOptions{Deterministic: true}

// genesisEnvelope is a CONFIG transaction that nobody creates or signs.
func (p Profile) genesisEnvelope(config *common.Config) (*common.Envelope, error) {
	data, err := encoding.Marshal(&common.ConfigEnvelope{Config: config})
	if err != nil {
		return nil, err
	}
	channelHeader, err := encoding.Marshal(&common.ChannelHeader{
		Type: int32(common.HeaderType_CONFIG), Version: 1, ChannelId: p.ChannelID,
		Timestamp: timestamppb.New(p.Timestamp), TxId: envelope.TxID(p.Nonce, nil),
	})
	if err != nil {
		return nil, err
	}
	signatureHeader, err := encoding.Marshal(&common.SignatureHeader{Nonce: p.Nonce})
	if err != nil {
		return nil, err
	}
	payload, err := encoding.Marshal(&common.Payload{
		Header: &common.Header{ChannelHeader: channelHeader, SignatureHeader: signatureHeader}, Data: data,
	})
	return &common.Envelope{Payload: payload}, err
}

// genesisMetadata says, unsigned, that block 0 is the last configuration block.
func genesisMetadata() (signatures, lastConfig []byte, err error) {
	value, err := encoding.Marshal(&common.OrdererBlockMetadata{LastConfig: &common.LastConfig{}})
	if err != nil {
		return nil, nil, err
	}
	if signatures, err = encoding.Marshal(&common.Metadata{Value: value}); err != nil {
		return nil, nil, err
	}
	lastConfig, err = encoding.Marshal(&common.Metadata{})
	return signatures, lastConfig, err
}
