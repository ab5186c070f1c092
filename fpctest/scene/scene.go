// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package scene is untrusted: it sets the stage for tests of ERCC and of the
// stub, a ledger in memory with three organisations, committed definitions, and
// enclaves whose keys the test holds, so that it can make them lie.
package scene

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// Names that every scene uses.
const (
	ChannelID = "mychannel"
	Chaincode = "auction"
	Org1      = "Org1MSP"
	Org2      = "Org2MSP"
	Org3      = "Org3MSP"
)

// Scene is a channel with its organisations.
type Scene struct {
	T           testing.TB
	Ledger      *shimtest.Channel
	Lifecycle   *Lifecycle
	Orgs        map[string]*fpctest.Org
	Genesis     *common.Block
	ChannelHash []byte
	RootsHash   []byte
	CodeID      [32]byte // of the private chaincode, simulated
	Manifest    []byte
	Roots       []byte    // of the organisations, for certificates; empty in Lite mode
	Now         time.Time // of all clocks

	orderer *fpctest.Org
}

// New makes a scene in which the private chaincode is committed, and ERCC with
// the policy that Policy returns.
func New(t testing.TB) *Scene {
	t.Helper()
	s := &Scene{
		T: t, Ledger: shimtest.NewChannel(ChannelID), Lifecycle: NewLifecycle(),
		Orgs:   map[string]*fpctest.Org{},
		CodeID: sha256.Sum256([]byte("code of the private chaincode")),
		Now:    time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC),
	}
	var configs []*msp.FabricMSPConfig
	for _, id := range []string{Org1, Org2, Org3} {
		s.Orgs[id] = fpctest.NewOrg(t, id)
		configs = append(configs, s.Orgs[id].Config())
	}
	s.orderer = fpctest.NewOrg(t, "OrdererMSP")
	s.Genesis = s.genesis()
	var err error
	if s.ChannelHash, err = protocol.ChannelHash(s.Genesis); err != nil {
		t.Fatal(err)
	}
	if s.RootsHash, err = protocol.MSPRootsHash(configs); err != nil {
		t.Fatal(err)
	}
	s.Ledger.Deploy("_lifecycle", s.Lifecycle)
	s.CommitCode(s.CodeID)
	s.CommitPolicy(s.Policy())
	return s
}

// Policy returns the policy that the organisations agree on: sim, a lifecycle
// majority of two, and Org1MSP designated.
func (s *Scene) Policy() *protocol.RegistryPolicy {
	return &protocol.RegistryPolicy{
		ChannelHash:       hex.EncodeToString(s.ChannelHash),
		MSPIDs:            []string{Org1, Org2, Org3},
		LifecycleMajority: 2,
		MSPRootsHash:      hex.EncodeToString(s.RootsHash),
		Attestation:       protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{sim.Platform: {MinTCB: 2}}},
		LedgerCodeIDs:     []string{},
		Chaincodes:        []protocol.ChaincodePolicy{{ID: Chaincode, DesignatedMSP: Org1}},
	}
}

// CommitPolicy commits an ERCC definition that approves the policy, and returns
// the policy's bytes.
func (s *Scene) CommitPolicy(policy *protocol.RegistryPolicy) []byte {
	s.T.Helper()
	b, err := policy.Bytes()
	if err != nil {
		s.T.Fatal(err)
	}
	s.Lifecycle.Commit(protocol.ERCCName, protocol.PolicyVersion(b))
	return b
}

// CommitCode commits a definition of the private chaincode with this code.
func (s *Scene) CommitCode(codeID [32]byte) {
	s.T.Helper()
	manifest, err := protocol.NewCodeManifest(protocol.ManifestEntry(sim.Platform, hex.EncodeToString(codeID[:])))
	if err != nil {
		s.T.Fatal(err)
	}
	s.CodeID, s.Manifest = codeID, manifest.Bytes()
	s.Lifecycle.Commit(Chaincode, manifest.Version())
}

// Version is the committed version of the private chaincode.
func (s *Scene) Version() string { return protocol.CodeManifestVersion(s.Manifest) }

// Code asserts that a response refuses with a code.
func Code(t testing.TB, result shimtest.Result, want protocol.Code) {
	t.Helper()
	got, found := protocol.ParseError(result.Response.GetMessage())
	if result.OK() || !found || got.Code != want {
		t.Fatalf("response: got status %d %q, want a refusal with code %s", result.Response.GetStatus(), result.Response.GetMessage(), want)
	}
}

// Accepted asserts that a response is none of refusal.
func Accepted(t testing.TB, result shimtest.Result) []byte {
	t.Helper()
	if !result.OK() {
		t.Fatalf("response: got status %d %q, want success", result.Response.GetStatus(), result.Response.GetMessage())
	}
	return result.Response.GetPayload()
}
