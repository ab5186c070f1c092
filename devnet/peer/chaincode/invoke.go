// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// target is the chaincode that another one calls: `name[:version][/channel]`.
// The version is not used, as in Fabric.
type target struct{ name, channelID string }

func parseTarget(text string) target {
	name, channelID, _ := strings.Cut(text, "/")
	name, _, _ = strings.Cut(name, ":")
	return target{name: name, channelID: channelID}
}

// invokeChaincode runs another chaincode for the calling one. On the same
// channel both share the simulation; on another channel the called one sees
// that channel's newest state and its writes are dropped. The called chaincode's
// final message is the answer; its event is dropped.
func invokeChaincode(c *call, spec *peer.ChaincodeSpec) ([]byte, error) {
	to := parseTarget(spec.GetChaincodeId().GetName())
	if to.name == "" {
		return nil, errors.New("no chaincode named to call")
	}
	if to.channelID == "" {
		to.channelID = c.inv.ChannelID
	}
	if !c.support.IsSystem(to.name) {
		if err := c.support.cfg.MayCall(c.inv, to.channelID); err != nil {
			return nil, err
		}
	}
	inv := c.inv
	if to.channelID != c.inv.ChannelID {
		sim, err := c.support.cfg.Simulate(to.channelID, c.inv.TxID)
		if err != nil {
			return nil, fmt.Errorf("failed to find ledger for channel: %s: %w", to.channelID, err)
		}
		defer sim.Done()
		inv = &Invocation{ChannelID: to.channelID, TxID: c.inv.TxID, Proposal: c.inv.Proposal, Sim: sim}
	}
	input := spec.GetInput()
	if input == nil {
		input = &peer.ChaincodeInput{}
	}
	msg, err := c.support.invoke(c.ctx, inv, to.name, input)
	if err != nil {
		return nil, fmt.Errorf("execute failed: %w", err)
	}
	return proto.Marshal(&peer.ChaincodeMessage{
		Type: msg.GetType(), Payload: msg.GetPayload(), Txid: c.inv.TxID, ChannelId: to.channelID,
	})
}
