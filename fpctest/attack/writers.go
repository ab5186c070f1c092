// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package attack

import (
	"crypto/rand"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// ForeignWriters is row 23: the CAs of organisations that together satisfy the
// policy certify keys of their own as enclaves. What these endorse is VALID to
// every peer: an old value put back, a key removed. No enclave reads it.
func (w *World) ForeignWriters(t *testing.T) {
	for _, key := range []string{"w1", "w2", "x1"} {
		w.submit(t, "CreateAsset", key, "ann", "blue", "7")
	}
	old := w.shown(t, "w1", nil)
	w.submit(t, "UpdateAsset", "w1", "green", "8")
	for name, write := range map[string]rwset.Write{
		"old value put back": {Key: "w1", Value: old},
		"key removed":        {Key: "w2", Delete: true},
	} {
		w.order(t, w.Orgs[0].Client, w.forged(t, write))
		height := w.height(t)
		for call, args := range map[string][]string{"ReadAsset": {write.Key}, "RangeAssets": {"w1", "w9"}} {
			_, err := w.contract.EvaluateWith(w.ctx, call, client.WithArguments(args...), client.WithMinHeight(height))
			refused(t, name+", "+call, err, protocol.CodeForeignWriter)
		}
		for call, args := range map[string][]string{"UpdateAsset": {write.Key, "red", "9"}, "CreateAsset": {write.Key, "mallory", "red", "9"}} {
			_, err := w.contract.Submit(w.ctx, call, args...)
			refused(t, name+", "+call, err, protocol.CodeForeignWriter)
		}
		w.unchanged(t, height, "x1", "blue")
	}
}

// Replays is row 6: a transaction that enclaves endorsed is ordered once more, after
// the state has moved on.
func (w *World) Replays(t *testing.T) {
	w.submit(t, "CreateAsset", "p1", "ann", "blue", "7")
	update := w.endorsed(t, w.Orgs[2].Client, "UpdateAsset", "p1", "red", "8")
	w.order(t, w.Orgs[2].Client, update)
	w.submit(t, "UpdateAsset", "p1", "green", "9")
	again, err := update.Sign(w.Orgs[2].Client)
	check(t, err)
	before := w.height(t)
	check(t, w.OrdererConn().Broadcast(w.ctx, again))
	codes, err := block.Filter(w.block(t, before))
	check(t, err)
	if want := peer.TxValidationCode_DUPLICATE_TXID; len(codes) != 1 || codes[0] != want {
		t.Errorf("the same transaction again: got %v, want %s", codes, want)
	}
	w.unchanged(t, before+1, "p1", "green")
}

// forged is a transaction of the chaincode that no enclave ran.
func (w *World) forged(t testing.TB, write rwset.Write) *fabric.Transaction {
	t.Helper()
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	creator := w.Orgs[0].Client
	proposal, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: w.Channel, Chaincode: Chaincode, Creator: creator.Creator(), Nonce: nonce,
		Args: [][]byte{[]byte(protocol.FuncInvoke), []byte("anything")}, Timestamp: time.Now(),
	})
	check(t, err)
	header := &common.Header{}
	check(t, proto.Unmarshal(proposal.Header, header))
	hash, err := envelope.ProposalHash(header, proposal.Payload)
	check(t, err)
	set := rwset.Set{Namespaces: []rwset.Namespace{{Name: Chaincode, Writes: []rwset.Write{write}}}}
	results, err := set.Marshal()
	check(t, err)
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: hash, ReadWriteSet: results, Response: &peer.Response{Status: 200},
		ChaincodeID: &peer.ChaincodeID{Name: Chaincode, Version: w.version},
	})
	check(t, err)
	var responses []*peer.ProposalResponse
	for _, forger := range w.forgers(t) {
		endorsement, err := envelope.Endorse(payload, forger)
		check(t, err)
		responses = append(responses, &peer.ProposalResponse{Response: &peer.Response{Status: 200}, Payload: payload, Endorsement: endorsement})
	}
	tx, err := envelope.CreateTransaction(proposal, responses...)
	check(t, err)
	return &fabric.Transaction{TxID: txID, Payload: tx}
}

// forgers hold certificates as enclaves of the chaincode do, of both organisations
// that its policy names.
func (w *World) forgers(t testing.TB) []msp.Signer {
	t.Helper()
	unit := protocol.EnclaveOU(w.hash, Chaincode, w.version)
	var all []msp.Signer
	for org, id := range []string{host1, host2} {
		all = append(all, w.issue(t, w.cas[org], id, "forger", ca.RoleClient, unit))
	}
	return all
}
