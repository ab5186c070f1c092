// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// TestRealBlocks reads the blocks of a real Fabric network, 0.block, 1.block and
// so on as `peer channel fetch` writes them from a peer or an orderer, and verifies all that this package
// and its neighbours can: hash chain, data hash, orderers' signatures,
// transaction ids, creators' signatures, endorsements. The chain must have no
// invalid transactions and, after block 0, no configuration updates.
func TestRealBlocks(t *testing.T) {
	dir := os.Getenv("FPC_REAL_BLOCKS")
	if dir == "" {
		t.Skip("set FPC_REAL_BLOCKS to a folder with the blocks of a real network (0.block, 1.block, …)")
	}
	var rules *channelRules
	var previous *common.BlockHeader
	transactions := 0
	for number := 0; ; number++ {
		raw, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.block", number)))
		if err != nil {
			if number == 0 {
				t.Fatal(err)
			}
			t.Logf("verified %d blocks with %d endorser transactions", number, transactions)
			return
		}
		b, err := block.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := block.Check(b, previous); err != nil {
			t.Fatal(err)
		}
		previous = b.GetHeader()
		if number == 0 {
			rules = readRules(t, b)
			continue
		}
		rules.verify(t, b)
		fromPeer := len(block.Slot(b, common.BlockMetadataIndex_TRANSACTIONS_FILTER)) > 0 // orderers record no verdicts
		codes, err := block.Filter(b)
		for i, raw := range b.GetData().GetData() {
			if rules.verifyTransaction(t, raw) {
				transactions++
			}
			if fromPeer && (err != nil || codes[i] != peer.TxValidationCode_VALID) {
				t.Errorf("block %d transaction %d: validation codes %v, %v: want VALID", number, i, codes, err)
			}
		}
	}
}

// channelRules are what a genesis block says of who may do what.
type channelRules struct {
	msps       *msp.Manager
	policies   *policy.Tree
	consenters []*common.Consenter
}

func readRules(t *testing.T, genesis *common.Block) *channelRules {
	t.Helper()
	e, config := &common.Envelope{}, &common.ConfigEnvelope{}
	if err := proto.Unmarshal(genesis.GetData().GetData()[0], e); err != nil {
		t.Fatal(err)
	}
	opened, err := envelope.OpenAny(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(opened.Payload.GetData(), config); err != nil {
		t.Fatal(err)
	}
	channel := config.GetConfig().GetChannelGroup()
	var msps []*msp.MSP
	for _, part := range channel.GetGroups() {
		for _, org := range part.GetGroups() {
			m, err := msp.Parse(org.GetValues()["MSP"].GetValue())
			if err != nil {
				t.Fatal(err)
			}
			msps = append(msps, m)
		}
	}
	rules := &channelRules{}
	if rules.msps, err = msp.NewManager(msps...); err != nil {
		t.Fatal(err)
	}
	if rules.policies, err = policy.NewTree("Channel", channel, rules.msps); err != nil {
		t.Fatal(err)
	}
	orderers := &common.Orderers{}
	if err := proto.Unmarshal(channel.GetGroups()["Orderer"].GetValues()["Orderers"].GetValue(), orderers); err != nil {
		t.Fatal(err)
	}
	rules.consenters = orderers.GetConsenterMapping()
	return rules
}

func (r *channelRules) verify(t *testing.T, b *common.Block) {
	t.Helper()
	validation, ok := r.policies.Policy(policy.BlockValidation)
	if !ok {
		t.Fatal("the channel has no BlockValidation policy")
	}
	verify := func(b *common.Block) error {
		if len(r.consenters) > 0 {
			return block.VerifyBFT(b, r.consenters, validation, r.msps)
		}
		return block.Verify(b, validation)
	}
	if err := verify(b); err != nil {
		t.Error(err)
	}
	tampered := proto.Clone(b).(*common.Block)
	tampered.Header.DataHash[0] ^= 1
	if err := verify(tampered); err == nil {
		t.Errorf("block %d verifies with another data hash", b.GetHeader().GetNumber())
	}
	if last, err := block.LastConfig(b); err != nil || last != 0 {
		t.Errorf("last configuration block is %d, %v: want 0", last, err)
	}
}

// verifyTransaction returns true for an endorser transaction.
func (r *channelRules) verifyTransaction(t *testing.T, raw []byte) bool {
	t.Helper()
	e := &common.Envelope{}
	if err := proto.Unmarshal(raw, e); err != nil {
		t.Fatal(err)
	}
	opened, err := envelope.Open(e)
	if err != nil {
		t.Fatal(err)
	}
	creator, err := r.msps.Identity(opened.Creator())
	if err != nil {
		t.Fatal(err)
	}
	claim := opened.SignedData()
	if err := creator.Verify(claim.Data, claim.Signature); err != nil {
		t.Error(err)
	}
	if opened.Type() != common.HeaderType_ENDORSER_TRANSACTION {
		return false
	}
	tx, err := opened.Transaction()
	if err != nil {
		t.Fatal(err)
	}
	result, err := tx.Result()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := tx.Invocation()
	if err != nil {
		t.Fatal(err)
	}
	chaincode, err := tx.Chaincode()
	if err != nil || chaincode.GetName() != spec.GetChaincodeId().GetName() || result.Response.GetStatus() != 200 {
		t.Errorf("chaincode %v, %v; invoked %v; response %v", chaincode, err, spec.GetChaincodeId(), result.Response)
	}
	if got := policy.Identities(tx.Claims(), r.msps); len(got) != len(tx.Endorsements) {
		t.Errorf("%d of %d endorsements are good", len(got), len(tx.Endorsements))
	}
	if len(tx.Endorsements) > 1 { // an approval has one, a commit one of each organisation
		lifecycle, _ := r.policies.Policy(policy.LifecycleEndorsement)
		if err := lifecycle.Evaluate(tx.Claims()); err != nil {
			t.Error(err)
		}
	}
	return true
}
