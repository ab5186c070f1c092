// SPDX-License-Identifier: Apache-2.0

package scc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Config is the `cscc` chaincode.
type Config struct {
	Ledgers Ledgers
	Access  Access
	// Joined is called after a channel was joined. May be nil.
	Joined func(*ledger.Ledger)
}

// Name implements chaincode.System.
func (c *Config) Name() string { return "cscc" }

// Invoke implements chaincode.System.
func (c *Config) Invoke(_ context.Context, inv *chaincode.Invocation, args [][]byte) *peer.Response {
	if caller, ok := calledBy(inv, c.Name()); ok {
		return refuse("Rejecting invoke of CSCC from another chaincode, original invocation for '%s'", caller)
	}
	if len(args) == 0 {
		return refuse("Incorrect number of arguments, 0")
	}
	function := string(args[0])
	serve, ok := map[string]func(*Config, *chaincode.Invocation, []byte) *peer.Response{
		"GetChannels":      (*Config).channels,
		"JoinChain":        (*Config).join,
		"GetConfigBlock":   (*Config).configBlock,
		"GetChannelConfig": (*Config).channelConfig,
	}[function]
	if !ok {
		return refuse("Requested function %s not found.", function)
	}
	var arg []byte
	if function != "GetChannels" {
		if len(args) < 2 || len(args[1]) == 0 {
			return refuse("Incorrect number of arguments, %d", len(args))
		}
		arg = args[1]
	}
	return serve(c, inv, arg)
}

func (c *Config) check(inv *chaincode.Invocation, function, channelID string) *peer.Response {
	if err := c.Access(c.Name()+"/"+function, channelID, inv.Proposal.SignedData()); err != nil {
		return refuse("access denied for [%s][%s]: [%s]", function, channelID, err)
	}
	return nil
}

func (c *Config) channels(inv *chaincode.Invocation, _ []byte) *peer.Response {
	if refusal := c.check(inv, "GetChannels", ""); refusal != nil {
		return refusal
	}
	answer := &peer.ChannelQueryResponse{}
	for _, id := range c.Ledgers.Channels() {
		answer.Channels = append(answer.Channels, &peer.ChannelInfo{ChannelId: id})
	}
	return success(answer)
}

// join makes the ledger of the channel that a genesis block begins.
func (c *Config) join(inv *chaincode.Invocation, raw []byte) *peer.Response {
	var genesis common.Block
	if err := proto.Unmarshal(raw, &genesis); err != nil {
		return refuse("Failed to reconstruct the genesis block, %s", err)
	}
	bundle, err := channel.FromBlock(&genesis)
	if err != nil {
		return refuse("\"JoinChain\" request failed because of validation of configuration block, because of %s", err)
	}
	if refusal := c.check(inv, "JoinChain", ""); refusal != nil {
		return refusal
	}
	l, err := c.Ledgers.Join(&genesis)
	if err != nil {
		return refuse("cannot create ledger of channel %s from genesis block: %s", bundle.ChannelID(), err)
	}
	if c.Joined != nil {
		c.Joined(l)
	}
	return &peer.Response{Status: 200}
}

func (c *Config) configBlock(inv *chaincode.Invocation, raw []byte) *peer.Response {
	channelID := string(raw)
	if refusal := c.check(inv, "GetConfigBlock", channelID); refusal != nil {
		return refusal
	}
	l, ok := c.Ledgers.Channel(channelID)
	if !ok {
		return refuse("Unknown channel ID, %s", channelID)
	}
	block, err := l.ConfigBlock()
	if err != nil {
		return refuse("%s", err)
	}
	return success(block)
}

func (c *Config) channelConfig(inv *chaincode.Invocation, raw []byte) *peer.Response {
	channelID := string(raw)
	if refusal := c.check(inv, "GetChannelConfig", channelID); refusal != nil {
		return refusal
	}
	l, ok := c.Ledgers.Channel(channelID)
	if !ok {
		return refuse("unknown channel ID, %s", channelID)
	}
	return success(l.Bundle().Config())
}
