// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Configure is a config transaction that sets one value of the configuration,
// agreed to by the signers. It need not be acceptable.
func (c *Chain) Configure(of func(*common.ConfigGroup) *common.ConfigValue, value proto.Message, signers ...msp.Signer) []byte {
	c.T.Helper()
	to := proto.CloneOf(c.Bundle.Config())
	of(to.GetChannelGroup()).Value = devtest.Marshal(c.T, value)
	env := c.update(to, signers)
	to.Sequence++
	of(to.GetChannelGroup()).Version++
	return c.configTx(&common.ConfigEnvelope{Config: to, LastUpdate: env})
}

// Reconfigure is a config transaction that the channel accepts: it edits the
// configuration, agreed to by the signers.
func (c *Chain) Reconfigure(edit func(*common.ConfigGroup), signers ...msp.Signer) []byte {
	c.T.Helper()
	to := proto.CloneOf(c.Bundle.Config())
	edit(to.GetChannelGroup())
	proposed, err := c.Bundle.Propose(c.update(to, signers))
	if err != nil {
		c.T.Fatal(err)
	}
	return c.configTx(proposed)
}

// at is when all updates are made.
var at = time.Unix(1_700_000_000, 0)

// update is the signed update that leads to a configuration.
func (c *Chain) update(to *common.Config, signers []msp.Signer) *common.Envelope {
	c.T.Helper()
	update, err := channel.ComputeUpdate(ChannelID, c.Bundle.Config(), to)
	if err != nil {
		c.T.Fatal(err)
	}
	raw := devtest.Marshal(c.T, update)
	var signatures []*common.ConfigSignature
	for _, signer := range signers {
		signature, err := channel.SignUpdate(raw, devtest.Nonce(c.T), signer)
		if err != nil {
			c.T.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	env, err := channel.UpdateEnvelope(ChannelID, raw, signatures, devtest.Nonce(c.T), at, c.Client(1))
	if err != nil {
		c.T.Fatal(err)
	}
	return env
}

// configTx is the orderer's transaction of a configuration; the chain goes on under
// it where it is one.
func (c *Chain) configTx(of *common.ConfigEnvelope) []byte {
	c.T.Helper()
	signed, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_CONFIG, ChannelID: ChannelID, Nonce: devtest.Nonce(c.T), Timestamp: at, Data: of,
	}, c.orderer)
	if err != nil {
		c.T.Fatal(err)
	}
	if bundle, err := channel.NewBundle(ChannelID, of.GetConfig()); err == nil {
		c.Bundle = bundle
	}
	return devtest.Marshal(c.T, signed)
}

// Revocations is a config transaction that brings an organisation's MSP, counted
// from 1, up to date: what was revoked with [fpctest.Org.Revoke] is so from then
// on.
func (c *Chain) Revocations(org int) []byte {
	c.T.Helper()
	name := c.Orgs[org-1].MSPID
	return c.Configure(func(g *common.ConfigGroup) *common.ConfigValue {
		return g.GetGroups()["Application"].GetGroups()[name].GetValues()["MSP"]
	}, c.Orgs[org-1].MSPConfig(), c.Orgs[org-1].Admin())
}
