// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package clienttest

import (
	"encoding/hex"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Manifest lists the code of a world's enclaves.
func Manifest() protocol.CodeManifest {
	m, err := protocol.NewCodeManifest(protocol.ManifestEntry(sim.Platform, hex.EncodeToString(CodeID[:])))
	if err != nil {
		panic(err) // of constants
	}
	return m
}

// Policy is what the world's organisations agreed on for ERCC.
func (w *World) Policy() *protocol.RegistryPolicy {
	return &protocol.RegistryPolicy{
		ChannelHash: hex.EncodeToString(w.Pins.ChannelHash()), MSPIDs: w.Manager.IDs(), LifecycleMajority: w.Pins.Majority(),
		MSPRootsHash: hex.EncodeToString(w.rootsHash()),
		Attestation:  attest.Policy{Platforms: map[string]attest.PlatformPolicy{sim.Platform: {}}},
		Chaincodes:   []protocol.ChaincodePolicy{{ID: Chaincode, DesignatedMSP: w.Orgs[0].MSPID}},
	}
}

// SetPolicy makes a policy the agreed one.
func (w *World) SetPolicy(p *protocol.RegistryPolicy) {
	w.TB.Helper()
	b, err := p.Bytes()
	w.check(err)
	w.View.Policy, w.View.ErccVersion = b, protocol.PolicyVersion(b)
}

// view is what an honest ERCC says once the enclaves are registered and hold the
// first one's keys.
func (w *World) view(enclaves ...*Enclave) *pb.RegistryView {
	w.TB.Helper()
	definitionPolicy, err := proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{
		ChannelConfigPolicyReference: "/Channel/Application/Endorsement",
	}})
	w.check(err)
	w.View = &pb.RegistryView{
		Definition:       proto.Clone(enclaves[0].Attested.CcParams).(*pb.CCParameters),
		DefinitionPolicy: definitionPolicy, CodeManifest: Manifest().Bytes(),
		ChaincodeKey: &pb.ChaincodeKey{ChaincodeEk: enclaves[0].EK.PB(), Generation: 1},
	}
	w.SetPolicy(w.Policy())
	for _, e := range enclaves {
		w.View.Credentials = append(w.View.Credentials, e.Credentials(CodeID, Params()))
		w.View.Provisioned = append(w.View.Provisioned, e.Registration(nil))
	}
	return w.View
}

func (w *World) rootsHash() []byte {
	w.TB.Helper()
	var configs []*msp.FabricMSPConfig
	for _, org := range w.Orgs { // made in the order of their ids
		configs = append(configs, org.Config())
	}
	hash, err := protocol.MSPRootsHash(configs)
	w.check(err)
	return hash
}

func (w *World) check(err error) {
	w.TB.Helper()
	if err != nil {
		w.TB.Fatalf("clienttest: %v", err)
	}
}
