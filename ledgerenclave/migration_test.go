// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/protocol"
)

// A channel goes over from raft to BFT, the way that Fabric 3 has it: into
// maintenance, to the other consensus, out of maintenance. Each block is held to
// the rule in force before it: one orderer's signature up to the block that
// changes the consensus, a quorum of the consenters from the next one on, after a
// restart too.
func TestAttack15RaftBecomesBFT(t *testing.T) {
	w := newWorld(t)
	admins := []msp.Signer{w.Orderer.Admin(), w.Orgs[0].Admin(), w.Orgs[1].Admin()}
	w.mustTake(w.Block(w.Reconfigure(func(g *common.ConfigGroup) {
		g.Values["Capabilities"].Value = devtest.Marshal(t, &common.Capabilities{Capabilities: map[string]*common.Capability{"V3_0": {}}})
	}, admins...)))
	set, signers := consenters(w.Orderer)
	raft := consensusOf(t, w)
	raft.State = orderer.ConsensusType_STATE_MAINTENANCE
	w.mustTake(w.Block(w.Reconfigure(func(g *common.ConfigGroup) { setConsensus(t, g, raft) }, admins...)))

	// Who will be consenters are not yet.
	early := w.Make(w.putRaw("early"))
	w.refusedFor("a quorum before its time", w.byBFT(early, signers, 1, 2, 3), block.CodeSignatures)
	w.mustTake(w.Add(early))

	bft := &orderer.ConsensusType{Type: "BFT", State: orderer.ConsensusType_STATE_MAINTENANCE, Metadata: []byte("options")}
	over := w.Make(w.Reconfigure(func(g *common.ConfigGroup) {
		setConsensus(t, g, bft)
		g.Groups["Orderer"].Values["Orderers"] = &common.ConfigValue{
			ModPolicy: "Admins", Value: devtest.Marshal(t, &common.Orderers{ConsenterMapping: set}),
		}
	}, admins...))
	w.mustTake(w.Add(over)) // raft's last block

	bft.State = orderer.ConsensusType_STATE_NORMAL
	normal := w.Make(w.Reconfigure(func(g *common.ConfigGroup) { setConsensus(t, g, bft) }, admins...))
	w.refusedBy(normal, signers)
	w.mustTake(w.Add(w.signedBFT(normal, signers, 1, 2, 4)))
	w.mustTake(w.Add(w.signedBFT(w.Make(w.putRaw("a")), signers, 2, 3, 4)))

	again := newEnclave(t, "ledger")
	if _, err := resume(t, again, parts(t, w.Enclave)); err != nil {
		t.Fatal(err)
	}
	w.Enclave = again
	next := w.Make(w.putRaw("b"))
	w.refusedBy(next, signers)
	w.mustTake(w.Add(w.signedBFT(next, signers, 1, 2, 3)))
}

// refusedBy demands that a block is refused which one orderer signed, as by raft,
// fewer than a quorum, or one in the name of all.
func (w *world) refusedBy(b *common.Block, signers []*fpctest.Member) {
	w.t.Helper()
	w.refusedFor("one orderer, as by raft", devtest.Marshal(w.t, b), block.CodeSignatures)
	w.refusedFor("two of four", w.byBFT(b, signers, 1, 2), block.CodeSignatures)
	w.refusedFor("one in the name of all", w.byBFT(b, []*fpctest.Member{signers[0], signers[0], signers[0]}, 1, 2, 3), block.CodeSignatures)
}

func (w *world) refusedFor(what string, raw []byte, want protocol.Code) {
	w.t.Helper()
	unchanged := w.unchanged()
	_, err := w.take(raw)
	wantCode(w.t, what, err, want)
	unchanged(what)
}

// putRaw is a transaction that writes a key.
func (w *world) putRaw(key string) []byte {
	raw, _ := w.Put("kv", key, "v")
	return raw
}

// byBFT is a block, serialised, with signatures of consenters; ids says in whose
// names the first signers sign.
func (w *world) byBFT(b *common.Block, signers []*fpctest.Member, ids ...uint32) []byte {
	w.t.Helper()
	return w.altered(b, func(b *common.Block) { w.signBFT(b, signers, ids) })
}

// signedBFT signs a block in the names of consenters.
func (w *world) signedBFT(b *common.Block, signers []*fpctest.Member, ids ...uint32) *common.Block {
	w.t.Helper()
	named := make([]*fpctest.Member, len(ids))
	for i, id := range ids {
		named[i] = signers[id-1]
	}
	w.signBFT(b, named, ids)
	return b
}

func (w *world) signBFT(b *common.Block, signers []*fpctest.Member, ids []uint32) {
	w.t.Helper()
	value := devtest.Marshal(w.t, &common.OrdererBlockMetadata{LastConfig: &common.LastConfig{Index: w.LastConfig}})
	m := &common.Metadata{Value: value}
	for i, id := range ids {
		header := devtest.Marshal(w.t, &common.IdentifierHeader{Identifier: id, Nonce: devtest.Nonce(w.t)})
		signature, err := signers[i].Sign(slices.Concat(value, header, block.HeaderBytes(b.GetHeader())))
		if err != nil {
			w.t.Fatal(err)
		}
		m.Signatures = append(m.Signatures, &common.MetadataSignature{IdentifierHeader: header, Signature: signature})
	}
	b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = devtest.Marshal(w.t, m)
}

// consenters are four orderers of an organisation.
func consenters(of *fpctest.Org) (set []*common.Consenter, signers []*fpctest.Member) {
	for id := uint32(1); id <= 4; id++ {
		m := of.Issue(fpctest.Template{Name: fmt.Sprintf("orderer%d", id), OUs: []string{"orderer"}})
		set = append(set, &common.Consenter{Id: id, Host: "127.0.0.1", Port: 7050 + id, MspId: of.MSPID, Identity: m.CertPEM})
		signers = append(signers, m)
	}
	return set, signers
}

func consensusOf(t *testing.T, w *world) *orderer.ConsensusType {
	t.Helper()
	kind := &orderer.ConsensusType{}
	if err := proto.Unmarshal(w.Bundle.Config().GetChannelGroup().GetGroups()["Orderer"].GetValues()["ConsensusType"].GetValue(), kind); err != nil {
		t.Fatal(err)
	}
	return kind
}

func setConsensus(t *testing.T, g *common.ConfigGroup, to *orderer.ConsensusType) {
	t.Helper()
	g.Groups["Orderer"].Values["ConsensusType"].Value = devtest.Marshal(t, to)
}
