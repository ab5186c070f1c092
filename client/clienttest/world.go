// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package clienttest is untrusted, as a client's surroundings are: a channel in
// memory whose peers sign with real identities, with one private chaincode in a
// simulated enclave. Each participant tells the truth until a test says otherwise.
package clienttest

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/protocol"
)

// Names of what is in every world.
const (
	ChannelID = "ch"
	Chaincode = "auction"
)

// Noon is the time at which a world stands still.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// World is a channel with its organisations, peers, orderer and enclave.
type World struct {
	TB      testing.TB
	Orgs    []*fpctest.Org
	Genesis *common.Block
	Pins    *trust.Pins
	Manager *msp.Manager
	Alice   *fpctest.Member // a client of the first organisation
	Peers   []*Peer         // one per organisation; the first hosts the enclave
	Orderer *Orderer
	Enclave *Enclave
	View    *pb.RegistryView // what ERCC answers
	// Enclaves are those of Full mode, one beside each peer; Enclave is nil then.
	// Changes are the heights at which the chaincode's key was written.
	Enclaves []*Enclave
	Changes  []uint64

	mu          sync.Mutex    // one peer answers at a time
	endorsement policy.Policy // of the channel
	configHash  []byte        // of its MSP configurations
}

// New makes a world of n organisations. Two worlds share nothing but names.
func New(t testing.TB, n int) *World {
	t.Helper()
	w := &World{TB: t}
	profile := channel.Profile{
		ChannelID: ChannelID, Timestamp: Noon, Nonce: []byte("a nonce of 24 bytes, yes"), Raft: &orderer.RaftConfigMetadata{},
		Orderer: channel.OrdererOrg{Name: "Orderer", MSP: fpctest.NewOrg(t, "OrdererMSP").Config(), Endpoints: []string{"orderer:7050"}},
	}
	for i := 1; i <= n; i++ {
		name := "Org" + strconv.Itoa(i)
		org := fpctest.NewOrg(t, name+"MSP")
		w.Orgs = append(w.Orgs, org)
		profile.Application = append(profile.Application, channel.ApplicationOrg{Name: name, MSP: org.Config()})
	}
	var err error
	if w.Genesis, err = profile.Genesis(); err != nil {
		t.Fatalf("clienttest: genesis block: %v", err)
	}
	if w.Pins, err = trust.PinBlocks(w.Genesis, nil); err != nil {
		t.Fatalf("clienttest: pins: %v", err)
	}
	w.Manager = w.Pins.MSPs()
	bundle, err := channel.FromBlock(w.Genesis)
	w.check(err)
	w.endorsement, _ = bundle.Policy("/Channel/Application/Endorsement")
	w.configHash = w.hashConfig(bundle)
	w.Alice = w.Orgs[0].Client("alice")
	w.Orderer = newOrderer(w)
	for i, org := range w.Orgs {
		w.Peers = append(w.Peers, newPeer(w, org, "peer"+strconv.Itoa(i+1)+":7051"))
	}
	w.Enclave = NewEnclave(w, w.Orgs[0].MSPID, w.Peers[0].Address())
	w.View = w.view(w.Enclave)
	return w
}

func (w *World) hashConfig(bundle *channel.Bundle) []byte {
	w.TB.Helper()
	var serialized [][]byte
	for _, org := range bundle.ApplicationOrgs() {
		serialized = append(serialized, org.MSPConfig)
	}
	msps, err := protocol.NewMSPConfigurations(serialized, bundle.Sequence())
	w.check(err)
	hash, err := protocol.MSPConfigHash(msps)
	w.check(err)
	return hash
}

// PinNext pins a configuration block with edits of the genesis block's
// configuration, and returns the hash of its MSP configurations.
func (w *World) PinNext(edits ...channel.Edit) []byte {
	w.TB.Helper()
	first, err := channel.FromBlock(w.Genesis)
	w.check(err)
	config := proto.CloneOf(first.Config())
	config.Sequence++
	for _, edit := range edits {
		w.check(edit(config))
	}
	env, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_CONFIG, ChannelID: ChannelID, Timestamp: Noon, Data: &common.ConfigEnvelope{Config: config},
	}, nil)
	w.check(err)
	raw, err := proto.Marshal(env)
	w.check(err)
	next := block.New(1, block.Hash(w.Genesis.GetHeader()), [][]byte{raw})
	w.Pins, err = trust.PinBlocks(w.Genesis, next)
	w.check(err)
	bundle, err := channel.FromBlock(next)
	w.check(err)
	return w.hashConfig(bundle)
}

// PinnedMSPs are pins of the organisations as they are now, revocations included.
func (w *World) PinnedMSPs() *trust.Pins {
	w.TB.Helper()
	var configs []*msppb.FabricMSPConfig
	for _, org := range w.Orgs {
		configs = append(configs, org.Config())
	}
	pins, err := trust.NewPins(ChannelID, w.Pins.ChannelHash(), configs...)
	w.check(err)
	return pins
}

// Trust is a client's policy that allows simulated enclaves.
func (w *World) Trust() trust.Policy {
	return trust.Policy{
		Attestation: attest.Policy{Platforms: map[string]attest.PlatformPolicy{sim.Platform: {}}},
		Verifiers:   map[string]attest.Verifier{sim.Platform: sim.Verifier{}},
	}
}

// Config is a client's configuration in this world, as Alice.
func (w *World) Config() client.Config {
	config := client.Config{
		Signer: w.Alice, Orderer: w.Orderer, Pins: w.Pins, Trust: w.Trust(),
		Now: func() time.Time { return Noon },
	}
	for _, p := range w.Peers {
		config.Peers = append(config.Peers, p)
	}
	return config
}

// Connect makes a client.
func (w *World) Connect(config client.Config) *client.Network {
	w.TB.Helper()
	n, err := client.Connect(config)
	if err != nil {
		w.TB.Fatalf("clienttest: connect: %v", err)
	}
	return n
}

// Reset puts another enclave in the place of the first, with keys of its own.
func (w *World) Reset(e *Enclave) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Enclave = e
	w.view(e)
}
