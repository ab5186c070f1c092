// SPDX-License-Identifier: Apache-2.0

// Package devtest is untrusted: it makes channels and blocks for the tests of
// the embedded network's parts. No product code imports it.
package devtest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// Channel is a channel whose organisations the test holds.
type Channel struct {
	ID      string
	Orderer *fpctest.Org
	Orgs    []*fpctest.Org // Org1MSP, Org2MSP, …
	Genesis *common.Block
	Bundle  *channel.Bundle
}

// NewChannel makes a channel with that many organisations beside the orderer's.
func NewChannel(t testing.TB, id string, orgs int, batch channel.Batch) *Channel {
	t.Helper()
	c := &Channel{ID: id, Orderer: fpctest.NewOrg(t, "OrdererMSP")}
	tls := fpctest.NewCA(t, "tls").CertPEM
	profile := channel.Profile{
		ChannelID: id,
		Orderer:   channel.OrdererOrg{Name: "OrdererOrg", MSP: c.Orderer.Config(), Endpoints: []string{"127.0.0.1:7050"}},
		Raft: &orderer.RaftConfigMetadata{
			Consenters: []*orderer.RaftConsenter{{Host: "127.0.0.1", Port: 7050, ClientTlsCert: tls, ServerTlsCert: tls}},
			Options:    &orderer.RaftOptions{TickInterval: "500ms", ElectionTick: 10, HeartbeatTick: 1, MaxInflightBlocks: 5, SnapshotIntervalSize: 1 << 20},
		},
		Batch:     batch,
		Timestamp: time.Now(),
		Nonce:     Nonce(t),
	}
	for i := range orgs {
		org := fpctest.NewOrg(t, fmt.Sprintf("Org%dMSP", i+1))
		c.Orgs = append(c.Orgs, org)
		profile.Application = append(profile.Application, channel.ApplicationOrg{Name: org.MSPID, MSP: org.Config()})
	}
	var err error
	if c.Genesis, err = profile.Genesis(); err != nil {
		t.Fatalf("genesis block: %v", err)
	}
	if c.Bundle, err = channel.FromBlock(c.Genesis); err != nil {
		t.Fatalf("genesis block: %v", err)
	}
	return c
}

// Next makes the block after previous, signed by the orderer, with its last
// configuration in block 0.
func (c *Channel) Next(t testing.TB, previous *common.BlockHeader, envelopes ...*common.Envelope) *common.Block {
	t.Helper()
	data := make([][]byte, len(envelopes))
	for i, env := range envelopes {
		data[i] = Marshal(t, env)
	}
	b := block.New(previous.Number+1, block.Hash(previous), data)
	if err := block.Sign(b, 0, nil, Nonce(t), c.Orderer.Orderer()); err != nil {
		t.Fatalf("sign block: %v", err)
	}
	return b
}

// Signed makes a signed envelope around data, with a fresh nonce.
func Signed(t testing.TB, kind common.HeaderType, channelID string, data proto.Message, signer msp.Signer) *common.Envelope {
	t.Helper()
	env, err := envelope.NewSigned(envelope.Message{
		Type: kind, ChannelID: channelID, Nonce: Nonce(t), Timestamp: time.Now(), Data: data,
	}, signer)
	if err != nil {
		t.Fatalf("sign envelope: %v", err)
	}
	return env
}

// Nonce is a fresh nonce.
func Nonce(t testing.TB) []byte {
	t.Helper()
	nonce := make([]byte, envelope.NonceSize)
	if _, err := rand.Read(nonce); err != nil {
		t.Fatal(err)
	}
	return nonce
}

// Marshal serializes a message.
func Marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
