// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// TestRaftBecomesBFT: a channel goes over from raft to BFT while a ledger enclave
// follows it. The orderers go into maintenance, are given the other consensus, are
// started anew, and leave maintenance; peers, which are shown nothing meanwhile,
// then get all of it. The ledger enclave holds each block to the rule of its time,
// goes on under BFT, and one that begins anew comes to the same.
func TestRaftBecomesBFT(t *testing.T) {
	skipBeforeFabric3(t)
	ctx, n := startNetworkWith(t, Options{Migrates: true})
	r := newRecording(ctx, t, n)
	running := liar.ServeLedger(ctx, t, &n.Network, 1, n.Genesis)
	r.define("kv", "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')", 1)
	f := r.forger
	r.tell(story{name: "under raft", tx: f.make(f.writing("a"))})
	running.Await(ctx, r.ledger.Height())
	if got := r.ledger.Bundle().Consensus(); got.Type != "etcdraft" {
		t.Fatalf("consensus: got %s, want etcdraft", got.Type)
	}

	m := &migration{recording: r, bundle: r.ledger.Bundle(), height: r.ledger.Height()}
	m.configure("into maintenance", func(g *common.ConfigGroup) { m.state(g, orderer.ConsensusType_STATE_MAINTENANCE) })
	over, err := n.byzantineOrderers()
	if err != nil {
		t.Fatal(err)
	}
	m.configure("over to BFT", func(g *common.ConfigGroup) {
		group := g.Groups["Orderer"]
		group.Values["Orderers"], group.Policies["BlockValidation"] = over.Values["Orderers"], over.Policies["BlockValidation"]
		group.Values["ConsensusType"].Value = over.Values["ConsensusType"].Value
		m.state(g, orderer.ConsensusType_STATE_MAINTENANCE)
	})
	for _, o := range n.orderers {
		o.stop()
	}
	for _, o := range n.orderers {
		if err := o.restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.untilLed(ctx, "consensus_BFT_is_leader"); err != nil {
		t.Fatal(err)
	}
	m.configure("out of maintenance", func(g *common.ConfigGroup) { m.state(g, orderer.ConsensusType_STATE_NORMAL) })

	for r.ledger.Height() < m.height {
		r.came("a configuration of the migration")
	}
	if got := r.ledger.Bundle().Consensus(); got.Type != "BFT" || len(got.Consenters) != 4 {
		t.Fatalf("consensus: got %s of %d, want BFT of 4", got.Type, len(got.Consenters))
	}
	r.tell(story{name: "under BFT", tx: f.make(f.writing("b"))})
	running.Await(ctx, r.ledger.Height())
	r.judgedByLedgerEnclave()
}

// migration changes the configuration where only orderers see it come.
type migration struct {
	*recording
	bundle *channel.Bundle // the orderers'
	height uint64          // their number of blocks
}

// state sets the state of the consensus.
func (m *migration) state(g *common.ConfigGroup, to orderer.ConsensusType_State) {
	kind := &orderer.ConsensusType{}
	unmarshal(m.t, g.Groups["Orderer"].Values["ConsensusType"].Value, kind)
	kind.State = to
	g.Groups["Orderer"].Values["ConsensusType"].Value = encode(m.t, kind)
}

// configure changes the configuration, and waits until every orderer has it. In
// maintenance orderers take nothing but from an orderer's organisation.
func (m *migration) configure(name string, change func(*common.ConfigGroup)) {
	m.t.Helper()
	admin := m.n.ordererAdmin(m.t)
	update := m.updateOf(m.bundle, admin, change, []msp.Signer{admin})
	proposed, err := m.bundle.Propose(update)
	if err == nil {
		m.bundle, err = m.bundle.Apply(proposed)
	}
	if err != nil {
		m.t.Fatalf("%s: %v", name, err)
	}
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	// An orderer that has just been started may know no leader yet.
	for err := m.n.OrdererConn().Broadcast(m.ctx, update); err != nil; err = m.n.OrdererConn().Broadcast(m.ctx, proto.CloneOf(update)) {
		m.t.Logf("%s: %v", name, err)
		select {
		case <-retry.C:
		case <-m.ctx.Done():
			m.t.Fatalf("%s: the orderer refuses it: %v", name, err)
		}
	}
	m.height++
	for _, o := range m.n.orderers {
		err := o.until(m.ctx, name, func() error {
			metrics, err := o.get("/metrics")
			if err == nil && !strings.Contains(metrics, fmt.Sprintf("ledger_blockchain_height{channel=%q} %d\n", m.n.Channel, m.height)) {
				err = fmt.Errorf("fewer than %d blocks", m.height)
			}
			return err
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
}
