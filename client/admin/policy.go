// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
)

// ChannelFacts are what ERCC's policy says of the channel (LC-5); no chaincode
// can find them out, so each organisation compares them with its own peer's
// before it approves.
type ChannelFacts struct {
	ChannelHash       string
	MSPIDs            []string
	LifecycleMajority int
	MSPRootsHash      string
}

// Facts reads them from the blocks of the own organisation's peer.
func Facts(ctx context.Context, own *fabric.Network) (*ChannelFacts, error) {
	genesis, err := own.GenesisBlock(ctx)
	if err != nil {
		return nil, fmt.Errorf("LC-5: genesis block: %w", err)
	}
	config, err := own.ConfigBlock(ctx)
	if err != nil {
		return nil, fmt.Errorf("LC-5: configuration block: %w", err)
	}
	return FactsOf(genesis, config)
}

// FactsOf reads them from the channel's genesis block and its current
// configuration block.
func FactsOf(genesis, config *common.Block) (*ChannelFacts, error) {
	hash, err := protocol.ChannelHash(genesis)
	if err != nil {
		return nil, err
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		return nil, fmt.Errorf("LC-5: configuration block: %w", err)
	}
	facts := &ChannelFacts{ChannelHash: hex.EncodeToString(hash)}
	var configs [][]byte
	for _, org := range bundle.ApplicationOrgs() {
		facts.MSPIDs = append(facts.MSPIDs, org.MSPID)
		configs = append(configs, org.MSPConfig)
	}
	slices.Sort(facts.MSPIDs)
	facts.LifecycleMajority = len(facts.MSPIDs)/2 + 1
	msps, err := protocol.NewMSPConfigurations(configs, bundle.Sequence())
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseMSPs(msps)
	if err != nil {
		return nil, err
	}
	roots, err := protocol.MSPRootsHash(parsed)
	if err != nil {
		return nil, err
	}
	facts.MSPRootsHash = hex.EncodeToString(roots)
	return facts, nil
}

// Policy makes a policy for this channel.
func (f *ChannelFacts) Policy(attestation protocol.AttestationPolicy, chaincodes []protocol.ChaincodePolicy) *protocol.RegistryPolicy {
	return &protocol.RegistryPolicy{
		ChannelHash: f.ChannelHash, MSPIDs: f.MSPIDs, LifecycleMajority: f.LifecycleMajority, MSPRootsHash: f.MSPRootsHash,
		Attestation: attestation, LedgerCodeIDs: []string{}, Chaincodes: chaincodes,
	}
}

// Check says where a policy differs from the channel.
func (f *ChannelFacts) Check(p *protocol.RegistryPolicy) error {
	for _, c := range []struct{ field, got, want string }{
		{"channel_hash", p.ChannelHash, f.ChannelHash},
		{"msp_ids", fmt.Sprint(p.MSPIDs), fmt.Sprint(f.MSPIDs)},
		{"lifecycle_majority", fmt.Sprint(p.LifecycleMajority), fmt.Sprint(f.LifecycleMajority)},
		{"msp_roots_hash", p.MSPRootsHash, f.MSPRootsHash},
	} {
		if c.got != c.want {
			return protocol.Errorf("LC-5", protocol.CodeWrongPolicy, "the policy's %s is %s, the channel's is %s", c.field, c.got, c.want).
				WithHint("build the policy from this channel: fpc ercc policy build")
		}
	}
	return nil
}
