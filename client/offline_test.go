// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"crypto"
	"crypto/ecdsa"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fabric/msp"
)

// The three things that a client signs can be signed elsewhere.
func TestOfflineSigning(t *testing.T) {
	w := clienttest.New(t, 3)
	bob := w.Orgs[1].Client("bob")
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	sign := func(digest []byte) []byte { return signDigest(t, bob.Key, digest) }

	proposal, err := contract.NewProposal(t.Context(), "echo", client.WithArguments("x"), client.WithCreator(bob.Creator()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proposal.Endorse(t.Context()); err == nil {
		t.Fatal("an unsigned proposal of somebody else was sent")
	}
	proposal.Sign(sign(proposal.Digest()))
	validation, err := proposal.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	validation.Sign(sign(validation.Digest()))
	transaction, err := validation.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transaction.Sign(sign(transaction.Digest()))
	commit, err := transaction.Submit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer commit.Close()
	if got, err := commit.Result(); err != nil || string(got) != "echo x" {
		t.Errorf("Result = %q, %v, want \"echo x\"", got, err)
	}
	if commit.TransactionID() == proposal.TransactionID() {
		t.Error("validation and execution have one transaction id, want two")
	}
}

func signDigest(t *testing.T, key *ecdsa.PrivateKey, digest []byte) []byte {
	t.Helper()
	signature, err := key.Sign(nil, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	low, err := msp.LowS(&key.PublicKey, signature)
	if err != nil {
		t.Fatal(err)
	}
	return low
}
