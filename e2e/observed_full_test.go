// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package e2e

import (
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Row 25 in Full: the same, and in the blocks. Two enclaves endorse, and beside them
// ledger enclaves and their hosts have something to tell.
func TestAttack25FullNothingInClear(t *testing.T) {
	enclave := enclavetest.Build(t, "./testdata/blurt")
	w := observed(t, nil)
	w.serveFull(enclave)
	w.blurt()
	w.blurtInFull()
	w.searchAll(seenInFull)
}

var seenInFull = seen{
	texts: []string{
		"level=DEBUG", "call answered", "call refused", string(protocol.CodeStaleView), // logs
		"fpc_ledger_", `fpc_ercc_registrations_total{code="",of="keys",outcome="ok"} `, "fpc_network_transactions_total", `"status":"OK"`,
	},
	processes: []string{"ercc@Org1MSP", "stub@Org1MSP", "stub@Org2MSP", "enclave@Org1MSP", "enclave@Org2MSP", "ledger@Org1MSP", "client"},
	addresses: 1 + 3 + 3 + 3, // of network, registries, ledger hosts, and stubs
}

// blurtInFull has it be refused: by the enclaves, where the state is not that of the
// height asked for, and by the peers, where an enclave's endorsement is missing.
func (w *audited) blurtInFull() {
	w.t.Helper()
	contract := w.contract(1)
	_, err := contract.SubmitWith(w.ctx, "tell", client.WithArguments("k", w.secret("stale")), client.WithHeight(1))
	refused(w.t, err, protocol.CodeStaleView)
	proposal, err := contract.NewProposal(w.ctx, "keep", client.WithArguments("k4", w.secret("half endorsed"), w.secret("half endorsed event")))
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := proposal.Endorse(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	message := &peer.Proposal{}
	decode(w.t, proposal.Bytes(), message)
	payload, err := envelope.CreateTransaction(message, v.Answer().Endorsement())
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.As(w.Orgs[1].Client).Order(w.ctx, &fabric.Transaction{TxID: proposal.TransactionID(), Payload: payload})
	notCommitted(w.t, err, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
}
