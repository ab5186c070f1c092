// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

import (
	"encoding/hex"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// Policy is ERCC's policy of a new world: simulated enclaves of any TCB level, and
// the hosts' ledger enclaves.
func (w *World) Policy() *protocol.RegistryPolicy {
	w.T.Helper()
	return &protocol.RegistryPolicy{
		ChannelHash: hex.EncodeToString(w.Hash()), MSPIDs: []string{w.Orgs[0].MSPID, w.Orgs[1].MSPID}, LifecycleMajority: 2,
		MSPRootsHash:  hex.EncodeToString(make([]byte, 32)),
		Attestation:   protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{sim.Platform: {}}},
		LedgerCodeIDs: []string{protocol.ManifestEntry(sim.Platform, w.Platform("ledger", "").CodeID())},
		Chaincodes:    []protocol.ChaincodePolicy{{ID: Chaincode, DesignatedMSP: w.Orgs[0].MSPID}},
	}
}

// SetPolicy approves another policy and stores it (LC-5), each in its block.
func (w *World) SetPolicy(p *protocol.RegistryPolicy) {
	w.T.Helper()
	w.ApprovePolicy(p)
	w.Registry(protocol.PolicyKey, string(protocol.StoredPolicy(w.policyBytes(p))))
}

// ApprovePolicy commits a definition of ERCC that approves a policy.
func (w *World) ApprovePolicy(p *protocol.RegistryPolicy) {
	w.T.Helper()
	w.MustCommit(w.defineRegistry(p))
}

func (w *World) defineRegistry(p *protocol.RegistryPolicy) []byte {
	w.T.Helper()
	return w.Define(lifecycle.Definition{
		Name: protocol.ERCCName, Version: protocol.PolicyVersion(w.policyBytes(p)),
		ValidationParameter: ledgertest.Rule(w.T, "OR('Org1MSP.peer','Org2MSP.peer')"),
	})
}

func (w *World) policyBytes(p *protocol.RegistryPolicy) []byte {
	w.T.Helper()
	b, err := p.Bytes()
	w.check(err)
	return b
}
