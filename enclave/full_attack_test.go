// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// wantSealedError demands that the enclave answered with a sealed error of this code.
func wantSealedError(t *testing.T, what string, a *full.Answer, err error, code protocol.Code) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got error %v, want a sealed error with code %s", what, err, code)
	}
	if a.Endorsement != nil || a.Clear.GetStatus() < 400 || !strings.Contains(a.Clear.GetMessage(), "["+string(code)+"]") {
		t.Errorf("%s: got status %d, %q (endorsed: %v), want a sealed error with code %s", what, a.Clear.GetStatus(), a.Clear.GetMessage(), a.Endorsement != nil, code)
	}
}

func wantPayload(t *testing.T, what string, a *full.Answer, want string) {
	t.Helper()
	if got := string(a.Clear.GetPayload()); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// Attack row 1: a flipped bit is no value of any head.
func TestAttack01FullFlippedBit(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=v")
	h := w.Hosts[0]
	good := h.Get("k")
	for _, i := range []int{0, 9, 41, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		h.Put("k", bad)
		_, err := w.Ask("get:k").Send(h)
		wantCode(t, fmt.Sprintf("bit of byte %d", i), err, protocol.CodeStaleView)
	}
	h.Put("k", good)
	wantPayload(t, "the true value", w.Ask("get:k").MustSend(h), "k=v;")
}

// Attack row 2: values of two keys swapped.
func TestAttack02FullSwappedValues(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1", "put:b=2")
	h := w.Hosts[0]
	a, b := h.Get("a"), h.Get("b")
	h.Put("a", b)
	h.Put("b", a)
	_, err := w.Ask("get:a").Send(h)
	wantCode(t, "one of them", err, protocol.CodeStaleView)
	_, err = w.Ask("get:a", "get:b").Send(h)
	wantCode(t, "both of them", err, protocol.CodeStaleView)
}

// Attack row 3: an old value of one key, beside new ones of others; and a state
// that is old as a whole.
func TestAttack03FullRollback(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1", "put:b=1")
	h := w.Hosts[0]
	old := h.Simulate()
	oldA := h.Get("a")
	w.Submit("put:a=2", "put:b=2")
	newA := h.Get("a")
	h.Put("a", oldA)
	_, err := w.Ask("get:b", "get:a").Send(h)
	wantCode(t, "one key rolled back", err, protocol.CodeStaleView)
	h.Put("a", newA)
	for range 8 {
		w.Submit("put:c=1")
	}
	_, err = w.Ask("get:b", "get:a").SendOn(h, old)
	wantCode(t, "all rolled back by many blocks", err, protocol.CodeStaleView)
	wantPayload(t, "the newest state", w.Ask("get:a").MustSend(h), "a=2;")
}

// Attack row 3: a host that shows its ledger enclave no more blocks. A submit
// meets Fabric's validation, a query the request's min_height; a query without it
// is the documented limit.
func TestAttack03FullFrozenView(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=1")
	h := w.Hosts[0]
	h.FrozenLedger, h.FrozenPeer = true, true
	seen := w.Height()
	fresh := w.Hosts[1]
	other := w.Ask("put:k=2")
	_, err := other.Send(fresh)
	if err != nil {
		t.Fatal(err)
	}
	w.MustCommit(other.Transaction(other.All()...))

	stale := w.Ask("get:k", "put:k=3")
	one := stale.MustSend(h)
	wantPayload(t, "the frozen enclave (documented)", one, "k=1;")
	if got := one.Endorsement.Head().GetHeight(); got != seen {
		t.Errorf("the head that it names: got %d, want %d", got, seen)
	}
	two := stale.MustSend(fresh)
	if bytes.Equal(one.Endorsement.Payload(), two.Endorsement.Payload()) {
		t.Fatal("payloads over different versions are equal")
	}
	if got := w.Commit(stale.Transaction(one)); got[0] != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("one enclave's endorsement: got %s, want ENDORSEMENT_POLICY_FAILURE", got[0])
	}
	_, err = w.AskAt(full.Heights{Min: w.Height()}, "get:k").Send(h)
	wantCode(t, "a query with min_height", err, protocol.CodeBelowMinHead)
}

// Attack row 4: rows hidden, added, changed, and a range cut short.
func TestAttack04FullHiddenAndAddedRows(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:r1=1", "put:r2=2", "put:r3=3", "put:r4=4", "put:r5=5")
	h := w.Hosts[0]
	all := "r1=1,r2=2,r3=3,r4=4,r5=5,"
	wantPayload(t, "honest", w.Ask("range:r..s").MustSend(h), all)
	for _, key := range []string{"r1", "r3", "r5"} {
		value := h.Get(key)
		h.Put(key, nil)
		_, err := w.Ask("range:r..s").Send(h)
		wantCode(t, "hidden "+key, err, protocol.CodeStaleView)
		h.Put(key, value)
	}
	h.Put("r25", h.Get("r2"))
	_, err := w.Ask("range:r..s").Send(h)
	wantCode(t, "added row", err, protocol.CodeStaleView)
	h.Put("r25", nil)
	h.Lie = func(_ *fpc.StateRequest, resp *fpc.StateResponse) error {
		resp.HasMore = false
		return nil
	}
	_, err = w.Ask("range:r..s").Send(h)
	wantCode(t, "cut short", err, protocol.CodeStaleView)
	h.Lie = func(_ *fpc.StateRequest, resp *fpc.StateResponse) error {
		resp.HasMore = true
		return nil
	}
	_, err = w.Ask("range:r..s").Send(h)
	wantCode(t, "more promised than there is", err, enclave.CodeBadAnswer)
	h.Lie = nil
	wantPayload(t, "honest again", w.Ask("range:r..s").MustSend(h), all)
}

// Attack row 7: who submits chaincodeInvoke as a peer would endorse it.
func TestAttack07FullPlainPeersEndorse(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("put:k=v")
	call.All()
	raw, _ := w.Tx(ledgertest.Tx{
		Chaincode: full.Chaincode, Endorsers: w.Majority(),
		Namespaces: []rwset.Namespace{{Name: full.Chaincode, Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}}},
	})
	if got := w.Commit(raw); got[0] != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("peers' endorsements: got %s, want ENDORSEMENT_POLICY_FAILURE", got[0])
	}
}

// Attack row 8: what was endorsed is altered on its way to the orderer.
func TestAttack08FullAlteredPayload(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("put:k=v")
	all := call.All()
	for name, edit := range map[string]func(*peer.ProposalResponse){
		"payload":   func(r *peer.ProposalResponse) { r.Payload[len(r.Payload)-1] ^= 1 },
		"signature": func(r *peer.ProposalResponse) { r.Endorsement.Signature[20] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r := all[0].Endorsement.ProposalResponse()
			r.Payload = bytes.Clone(r.Payload)
			r.Endorsement = &peer.Endorsement{Endorser: r.Endorsement.Endorser, Signature: bytes.Clone(r.Endorsement.Signature)}
			edit(r)
			payload, err := envelope.CreateTransaction(call.Proposal, r)
			if err != nil {
				t.Fatal(err)
			}
			env, err := envelope.Sign(payload, call.Creator)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.Commit(encode(t, env)); got[0] == peer.TxValidationCode_VALID {
				t.Errorf("got %s, want a refusal", got[0])
			}
		})
	}
}

// Attack row 9: a captured request under another identity does not open.
func TestAttack09FullCapturedRequest(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("get:k")
	stolen := call.As(w.Client(2))
	_, err := stolen.Send(w.Hosts[0])
	wantCode(t, "resubmitted", err, protocol.CodeRequestRefused)
}

// Attack row 20: a chaincode that writes and then fails, or panics.
func TestAttack20FullPartialWrites(t *testing.T) {
	w := full.Start(t, script{})
	for _, how := range []string{"fail", "panic"} {
		a, err := w.Ask("put:k=v", how).Send(w.Hosts[0])
		if err != nil {
			t.Fatal(err)
		}
		if a.Endorsement != nil || a.Clear.GetStatus() != 500 || a.Raw.GetEndorsed() != nil {
			t.Errorf("%s: got status %d, endorsed %v, want a sealed error and no payload", how, a.Clear.GetStatus(), a.Endorsement != nil)
		}
		if got := stepNames(a.Steps); strings.Contains(got, "EX-2") {
			t.Errorf("%s: the host is told the steps %s, want none of what was written", how, got)
		}
		if strings.Contains(a.Clear.GetMessage(), "secret") {
			t.Errorf("%s: the panic's text leaves: %q", how, a.Clear.GetMessage())
		}
	}
}

// Attack row 21: one proposal run over different versions gives different
// ciphertexts, also of equal values.
func TestAttack21FullEqualCiphertexts(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=same")
	call := w.Ask("get:k", "put:x=guess")
	first := call.MustSend(w.Hosts[0])
	w.Submit("put:k=same")
	second := call.MustSend(w.Hosts[0])
	if bytes.Equal(first.Endorsement.Result().GetExec(), second.Endorsement.Result().GetExec()) {
		t.Error("exec is the same over different versions")
	}
	one, two := written(t, first, "x"), written(t, second, "x")
	if bytes.Equal(one, two) {
		t.Error("ciphertexts of runs over different versions are equal")
	}
}

// Attack rows 22 and 23: writes endorsed under certificates of the right
// organisation unit by keys that are no registered enclave's, as colluding CAs
// can have them: Fabric finds them VALID, no enclave reads them.
func TestAttack23ForeignWriter(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=old", "put:r1=1")
	old := w.Hosts[0].Get("k")
	w.Submit("put:k=new")
	raw, _ := w.Tx(ledgertest.Tx{
		Chaincode: full.Chaincode, Version: full.Version, Endorsers: w.Signers(),
		Namespaces: []rwset.Namespace{{Name: full.Chaincode, Writes: []rwset.Write{{Key: "k", Value: old}, {Key: "r2", Value: old}}}},
	})
	w.MustCommit(raw)
	for _, h := range w.Hosts {
		a, err := w.Ask("get:k").Send(h)
		wantSealedError(t, "read of a key set to an old ciphertext", a, err, protocol.CodeForeignWriter)
		a, err = w.Ask("range:r..s").Send(h)
		wantSealedError(t, "range with such a row", a, err, protocol.CodeForeignWriter)
		wantPayload(t, "another key", w.Ask("get:r1").MustSend(h), "r1=1;")
	}
	raw, _ = w.Tx(ledgertest.Tx{
		Chaincode: full.Chaincode, Version: full.Version, Endorsers: w.Signers(),
		Namespaces: []rwset.Namespace{{Name: full.Chaincode, Writes: []rwset.Write{{Key: "r1", Delete: true}, {Key: "r2", Delete: true}}}},
	})
	w.MustCommit(raw)
	for _, h := range w.Hosts {
		a, err := w.Ask("get:r1").Send(h)
		wantSealedError(t, "read of a key that others removed", a, err, protocol.CodeForeignWriter)
		a, err = w.Ask("readpolicy:r1").Send(h)
		wantSealedError(t, "read of its policy", a, err, protocol.CodeForeignWriter)
		a, err = w.Ask("range:r..s").Send(h)
		wantSealedError(t, "range without such a row", a, err, protocol.CodeForeignWriter)
	}
	w.Submit("put:r1=2")
	wantPayload(t, "written again by enclaves", w.Ask("get:r1").MustSend(w.Hosts[0]), "r1=2;")
}

// Attack row 23: colluding CAs' keys cannot change a key's policy either without
// that whoever reads the key, or its policy, is told.
func TestAttack23PolicyOfOthers(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	w.Submit("put:k=v")
	weak := ledgertest.Rule(t, "OR('Org1MSP.member')")
	raw, _ := w.Tx(ledgertest.Tx{
		Chaincode: full.Chaincode, Version: full.Version, Endorsers: w.Signers(),
		Namespaces: []rwset.Namespace{{Name: full.Chaincode, Metadata: []rwset.MetadataWrite{{Key: "k", Entries: []rwset.Entry{
			{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: signaturePolicy(t, weak)},
		}}}}},
	})
	w.MustCommit(raw)
	a, err := w.Ask("readpolicy:k").Send(h)
	wantSealedError(t, "a policy that others set", a, err, protocol.CodeForeignWriter)
	a, err = w.Ask("get:k").Send(h)
	wantSealedError(t, "the value under that policy", a, err, protocol.CodeForeignWriter)
}

// Attack row 22: an enclave that is registered, has keys of its own, and was never
// provisioned by ERCC's account.
func TestAttack22FullUnprovisionedEnclave(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("put:k=v")
	all := call.All()
	w.Registry(protocol.ProvisionedKey(full.Chaincode, w.Hosts[1].ID()), "")
	w.MustCommit(call.Transaction(all...))
	a, err := w.Ask("get:k").Send(w.Hosts[0])
	wantSealedError(t, "a value that an unprovisioned enclave endorsed", a, err, protocol.CodeForeignWriter)
}

// A revoked enclave's endorsement counts for nothing to those who read, although
// its certificate still does to Fabric.
func TestAttack22FullRevokedEnclave(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("put:k=v")
	all := call.All()
	w.Hosts[1].Revoke()
	w.MustCommit(call.Transaction(all...))
	a, err := w.Ask("get:k").Send(w.Hosts[0])
	wantSealedError(t, "a value that a revoked enclave endorsed", a, err, protocol.CodeForeignWriter)
}

// Attack row 24: key-level policies that anybody but this definition's enclaves
// satisfies.
func TestAttack24FullForeignPolicy(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	for name, rule := range map[string][]byte{
		"plain peers":     ledgertest.Rule(t, "OR('Org1MSP.peer','Org2MSP.peer')"),
		"a peer as well":  ledgertest.Rule(t, "OR('Org1MSP.peer','Org2MSP.member')"),
		"another version": w.EnclaveRule("OR('Org1MSP.enclave','Org2MSP.enclave')", full.Chaincode, "fpc-2"),
		"another one":     w.EnclaveRule("OR('Org1MSP.enclave')", "other", full.Version),
	} {
		a, err := w.AskWith(w.Client(1), full.Heights{}, policyCall(t, "k", rule)).Send(h)
		wantSealedError(t, name, a, err, enclave.CodeForeignPolicy)
	}
	own := w.EnclaveRule("OutOf(1,'Org1MSP.enclave','Org2MSP.enclave')", full.Chaincode, full.Version)
	call := w.AskWith(w.Client(1), full.Heights{}, policyCall(t, "k", own))
	w.MustCommit(call.Transaction(call.All()...))
	one := w.Ask("put:k=one")
	w.MustCommit(one.Transaction(one.MustSend(h)))
	wantPayload(t, "written as the key's policy asks", w.Ask("get:k").MustSend(h), "k=one;")
	wantPayload(t, "the policy", w.Ask("readpolicy:k").MustSend(w.Hosts[1]), fmt.Sprintf("%x;", signaturePolicy(t, own)))
}

// Attack row 31: enclaves at different heights over a hot key agree at one head.
func TestAttack31DifferentHeights(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:hot=1")
	behind, ahead := w.Hosts[0], w.Hosts[1]
	state := behind.Simulate() // the peer's state of this moment
	at := w.Height()
	w.Submit("put:hot=2")

	call := w.Ask("get:hot", "put:x=1")
	one, err := call.SendOn(behind, state)
	if err != nil {
		t.Fatal(err)
	}
	wantPayload(t, "on the older state", one, "hot=1;")
	if got := one.Endorsement.Head().GetHeight(); got != at {
		t.Errorf("head of the older state: got %d, want %d", got, at)
	}
	two := call.MustSend(ahead)
	if bytes.Equal(one.Endorsement.Payload(), two.Endorsement.Payload()) {
		t.Fatal("payloads over different versions are equal")
	}
	again := w.AskAt(full.Heights{At: w.Height()}, "get:hot", "put:x=1")
	w.MustCommit(again.Transaction(again.All()...))
	_, err = w.AskAt(full.Heights{At: at}, "get:hot").Send(ahead)
	wantCode(t, "a head that the peer has left", err, protocol.CodeStaleView)
}

// A peer that is ahead of its ledger enclave: the enclave waits for the block and
// runs again.
func TestPeerAheadOfItsLedgerEnclave(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:hot=1")
	h := w.Hosts[0]
	h.FrozenLedger = true
	call := w.Ask("put:hot=2")
	w.MustCommit(call.Transaction(call.All()...))
	asked := w.Ask("get:hot")
	_, err := asked.Send(h)
	wantCode(t, "no block comes", err, protocol.CodeStaleView)
	waited := 0
	h.Await = func(above uint64) {
		waited++
		if above != w.Height()-1 {
			t.Errorf("waits for a head above %d, want %d", above, w.Height()-1)
		}
		if _, err := h.Ledger.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: w.Blocks[above]}); err != nil {
			t.Error(err)
		}
	}
	a := asked.MustSend(h)
	wantPayload(t, "once it has come", a, "hot=2;")
	if waited != 1 || a.Endorsement.Head().GetHeight() != w.Height() {
		t.Errorf("waited %d times, head %d; want once, head %d", waited, a.Endorsement.Head().GetHeight(), w.Height())
	}
}
