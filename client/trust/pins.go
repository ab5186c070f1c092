// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/protocol"
)

// Pins are what a client knows of a channel from elsewhere, never from the
// network: which channel it is, and who its organisations are.
type Pins struct {
	channelID   string
	channelHash []byte
	manager     *msp.Manager
	identities  *msp.Cache // in front of manager
	rootsHash   []byte
	config      *channel.Bundle // nil: only MSPs are pinned
	configHash  []byte          // of its MSP configurations, as enclaves attest them
}

// cachedIdentities is how many peers' identities are remembered as verified.
const cachedIdentities = 256

// ParsePins is PinBlocks for blocks as files hold them; current may be empty.
func ParsePins(genesis, current []byte) (*Pins, error) {
	first, err := parseBlock("genesis block", genesis)
	if err != nil {
		return nil, err
	}
	if len(current) == 0 {
		return PinBlocks(first, nil)
	}
	later, err := parseBlock("configuration block", current)
	if err != nil {
		return nil, err
	}
	return PinBlocks(first, later)
}

func parseBlock(which string, raw []byte) (*common.Block, error) {
	block := new(common.Block)
	if err := proto.Unmarshal(raw, block); err != nil {
		return nil, protocol.Errorf("INV-5", protocol.CodeMalformed, "the %s is no block: %w", which, err)
	}
	return block, nil
}

// PinBlocks takes the pins from a genesis block and from a later configuration
// block (nil: the genesis block's configuration), both of which the caller got
// from somebody whom it trusts.
func PinBlocks(genesis, current *common.Block) (*Pins, error) {
	hash, err := protocol.ChannelHash(genesis)
	if err != nil {
		return nil, err
	}
	first, err := channel.FromBlock(genesis)
	if err != nil {
		return nil, protocol.Wrap("INV-5", protocol.CodeMalformed, err)
	}
	bundle := first
	if current != nil {
		if bundle, err = channel.FromBlock(current); err != nil {
			return nil, protocol.Wrap("INV-5", protocol.CodeMalformed, err)
		}
	}
	if bundle.ChannelID() != first.ChannelID() {
		return nil, protocol.Errorf("INV-5", protocol.CodeWrongChannel, "the blocks are of channels %q and %q", first.ChannelID(), bundle.ChannelID())
	}
	var serialized [][]byte
	for _, org := range bundle.ApplicationOrgs() {
		serialized = append(serialized, org.MSPConfig)
	}
	configs, err := protocol.NewMSPConfigurations(serialized, bundle.Sequence())
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseMSPs(configs)
	if err != nil {
		return nil, err
	}
	pins, err := NewPins(bundle.ChannelID(), hash, parsed...)
	if err != nil {
		return nil, err
	}
	pins.config = bundle
	pins.configHash, err = protocol.MSPConfigHash(configs)
	return pins, err
}

// NewPins pins a channel's name, its Channel_hash (32 bytes) and the MSPs of its
// application organisations.
func NewPins(channelID string, channelHash []byte, msps ...*msppb.FabricMSPConfig) (*Pins, error) {
	if channelID == "" || len(channelHash) != 32 || len(msps) == 0 {
		return nil, protocol.Errorf("INV-5", protocol.CodeBadArguments, "pins need a channel, its hash of 32 bytes and its organisations' MSPs")
	}
	sorted := slices.SortedFunc(slices.Values(msps), func(a, b *msppb.FabricMSPConfig) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	rootsHash, err := protocol.MSPRootsHash(sorted)
	if err != nil {
		return nil, err
	}
	compiled := make([]*msp.MSP, len(sorted))
	for i, config := range sorted {
		if compiled[i], err = msp.New(config); err != nil {
			return nil, protocol.Wrap("INV-5", protocol.CodeWrongMSP, err)
		}
	}
	manager, err := msp.NewManager(compiled...)
	if err != nil {
		return nil, protocol.Wrap("INV-5", protocol.CodeWrongMSP, err)
	}
	return &Pins{channelID: channelID, channelHash: slices.Clone(channelHash), manager: manager, identities: msp.NewCache(manager, cachedIdentities), rootsHash: rootsHash}, nil
}

// ChannelID returns the channel's name.
func (p *Pins) ChannelID() string { return p.channelID }

// ChannelHash returns Channel_hash.
func (p *Pins) ChannelHash() []byte { return slices.Clone(p.channelHash) }

// MSPs returns the pinned organisations.
func (p *Pins) MSPs() *msp.Manager { return p.manager }

// Majority is how many of the pinned organisations are more than half.
func (p *Pins) Majority() int { return len(p.manager.IDs())/2 + 1 }
