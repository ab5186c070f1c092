// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"time"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Profile describes a channel to be: what configtx.yaml is to Fabric's tools.
// The policies are Fabric's usual ones: per organisation Readers, Writers,
// Admins and Endorsement by role; above them ANY Readers, ANY Writers, MAJORITY
// Admins, MAJORITY Endorsement (also for LifecycleEndorsement), and ANY Writers
// of the orderers for BlockValidation.
type Profile struct {
	ChannelID    string
	Application  []ApplicationOrg
	Orderer      OrdererOrg
	Raft         *orderer.RaftConfigMetadata
	Batch        Batch        // zero: 500 messages, 98 MiB, 2 MiB, 2 s
	Capabilities Capabilities // zero: V2_0, V2_0, V2_5
	ACLs         map[string]string
	// Timestamp stands in the genesis block's channel header.
	Timestamp time.Time
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

// Config builds the configuration that the profile describes, sequence 0.
func (p Profile) Config() (*common.Config, error) { return nil, errNotBuilt }

// Genesis builds the channel's block 0. Equal profiles give equal blocks.
func (p Profile) Genesis() (*common.Block, error) { return nil, errNotBuilt }
