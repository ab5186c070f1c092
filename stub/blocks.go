// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// channelHash returns Channel_hash of the genesis block that the administrator
// brought (REG-2). That it is this channel's is for ERCC to find out: its policy
// names the hash.
func channelHash(genesis []byte, channelID string) ([]byte, error) {
	const step = "REG-2"
	b, err := block.Parse(genesis)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "genesis block: %w", err)
	}
	id, err := block.ChannelID(b)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "genesis block: %w", err)
	}
	if id != channelID {
		return nil, protocol.Errorf(step, protocol.CodeWrongChannel, "genesis block is of channel %q, this is %q", id, channelID)
	}
	return protocol.ChannelHash(b)
}

// mspConfigurations returns the application MSPs of the configuration block that
// the administrator brought (REG-2, REG-15).
func mspConfigurations(step string, config []byte, channelID string) (*fpc.MSPConfigurations, error) {
	b, err := block.Parse(config)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "configuration block: %w", err)
	}
	bundle, err := channel.FromBlock(b)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "configuration block: %w", err)
	}
	if id := bundle.ChannelID(); id != channelID {
		return nil, protocol.Errorf(step, protocol.CodeWrongChannel, "configuration block is of channel %q, this is %q", id, channelID)
	}
	var configs [][]byte
	for _, org := range bundle.ApplicationOrgs() {
		configs = append(configs, org.MSPConfig)
	}
	return protocol.NewMSPConfigurations(configs, bundle.Sequence())
}
