// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// startByzantine starts a network with four BFT orderers, or skips the test
// where Fabric is too old.
func startByzantine(t *testing.T) *recording {
	t.Helper()
	skipBeforeFabric3(t)
	ctx, n := startNetworkWith(t, Options{Byzantine: true})
	return newRecording(ctx, t, n)
}

// skipBeforeFabric3 skips a test of what older Fabric has not got.
func skipBeforeFabric3(t *testing.T) {
	t.Helper()
	_, version := released(t)
	if strings.HasPrefix(strings.TrimPrefix(version, "v"), "2.") {
		t.Skipf("SKIPPED: Fabric %s has no BFT orderers", version)
	}
}

// A channel whose blocks four orderers agree on by BFT. The ledger that follows
// verifies every block's signatures against the consenter set; verdicts are as
// on other channels; one orderer may be down.
func TestByzantineOrderers(t *testing.T) {
	r := startByzantine(t)
	if got := r.ledger.Bundle().Consensus(); got.Type != "BFT" || len(got.Consenters) != 4 {
		t.Fatalf("consensus: got %s of %d, want BFT of 4", got.Type, len(got.Consenters))
	}
	r.define("kv", "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')", 1)
	f := r.forger
	r.tell(
		story{name: "write", tx: f.make(f.writing("a"))},
		story{name: "endorsed by one of two", want: peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, tx: f.make(f.writing("a").endorsedBy(f.peers[0]))},
	)
	stale := rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: "a"}}}
	r.tell(story{name: "read before it was written", want: peer.TxValidationCode_MVCC_READ_CONFLICT, tx: f.make(f.of(stale))})
	r.configure("timeout of batches", setBatchTimeout(t, "250ms"), r.n.ordererAdmin(t))
	r.n.orderers[3].stop()
	r.tell(story{name: "while one orderer is down", tx: f.make(f.writing("b"))})
	r.configure("a rule of Org3, while one orderer is down", edited(t, channel.SetPolicy("/Channel/Application/Org3/Endorsement", "OR('Org3MSP.peer','Org3MSP.admin')")), r.n.Orgs[2].Admin)
	r.tell(story{name: "after that", tx: f.make(f.writing("c"))})
	for _, b := range r.chain[1:] {
		signed := &common.Metadata{}
		unmarshal(t, b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES], signed)
		if len(signed.Signatures) < 3 {
			t.Errorf("block %d: got signatures of %d orderers, want 3 of 4", b.Header.Number, len(signed.Signatures))
		}
	}
	r.judgedByLedgerEnclave()
	r.write("bft", "four BFT orderers, the last one down from the middle on")
}
