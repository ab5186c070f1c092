// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/vectors"
)

// The ledger enclave follows chains of real networks, of raft and of BFT orderers,
// and comes to the peers' verdicts, also when it is restarted on the way.
func TestRecordedChains(t *testing.T) {
	chains, err := vectors.Chains()
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range chains {
		t.Run(chain.Name, func(t *testing.T) { follow(t, chain.Blocks) })
	}
}

func follow(t *testing.T, blocks []*common.Block) {
	e := newEnclaveWith(t, "ledger", ledgerenclave.Limits{MaxPart: 1 << 16})
	if _, err := e.Join(t.Context(), &fpc.JoinRequest{Genesis: mustMarshal(t, blocks[0]), StateDatabase: ledgerenclave.LevelDB}); err != nil {
		t.Fatal(err)
	}
	decided := make(map[string]peer.TxValidationCode) // by the first block that holds an id
	for i, b := range blocks[1:] {
		want, err := block.Filter(b)
		if err != nil {
			t.Fatal(err)
		}
		lying := proto.CloneOf(b)
		if err := block.SetFilter(lying, make([]peer.TxValidationCode, len(want))); err != nil { // all valid
			t.Fatal(err)
		}
		resp, err := e.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: mustMarshal(t, lying)})
		if err != nil {
			t.Fatal(err)
		}
		valid := 0
		for j, code := range want {
			if code == peer.TxValidationCode_VALID {
				valid++
			}
			id := txID(t, b.GetData().GetData()[j])
			if before, there := decided[id]; id != "" && (!there || before != 0 && code == 0) {
				decided[id] = code
			}
		}
		if int(resp.GetValid()) != valid {
			t.Errorf("block %d: got %d valid transactions, the peer says %d", b.GetHeader().GetNumber(), resp.GetValid(), valid)
		}
		if i == len(blocks)/2 {
			checkpoint := parts(t, e)
			e = newEnclave(t, "ledger")
			if _, err := resume(t, e, checkpoint); err != nil {
				t.Fatal(err)
			}
		}
	}
	for id, want := range decided {
		answer := e.Answer(&fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: id}}}}})
		if got := answer.GetReplies()[0].GetTransaction(); !got.GetFound() || got.GetCode() != int32(want) {
			t.Errorf("transaction %q: got %v, the peer says %s", id, got, want)
		}
	}
}

// txID is the id under which ledgers enter a transaction.
func txID(t *testing.T, raw []byte) string {
	t.Helper()
	env := &common.Envelope{}
	if err := proto.Unmarshal(raw, env); err != nil {
		return ""
	}
	opened, err := envelope.OpenAny(env)
	if err != nil {
		return ""
	}
	if id := opened.Channel.GetTxId(); id != "" {
		return id
	}
	if len(opened.Signature.GetNonce()) > 0 && len(opened.Signature.GetCreator()) > 0 {
		return envelope.TxID(opened.Signature.GetNonce(), opened.Signature.GetCreator())
	}
	return ""
}
