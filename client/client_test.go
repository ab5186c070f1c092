// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace/tracetest"
)

// wantCode fails the test unless the error has the code.
func wantCode(t *testing.T, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

func wantNotAttested(t *testing.T, err error, want protocol.Code) {
	t.Helper()
	var refused *client.NotAttestedError
	if !errors.As(err, &refused) {
		t.Errorf("got %v (%T), want a NotAttestedError", err, err)
	}
	wantCode(t, err, want)
}

func TestSubmitAndEvaluate(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	got, err := contract.Submit(t.Context(), "echo", "a", "b")
	if err != nil || string(got) != "echo a b" {
		t.Fatalf("Submit = %q, %v, want \"echo a b\"", got, err)
	}
	if n := w.Orderer.Committed(); n != 1 {
		t.Errorf("%d transactions committed, want 1", n)
	}
	got, err = contract.EvaluateWith(t.Context(), "echo", client.WithBytesArguments([]byte("c")), client.WithTransient(map[string][]byte{"t": []byte("!")}))
	if err != nil || string(got) != "echo c!" {
		t.Errorf("Evaluate = %q, %v, want \"echo c!\"", got, err)
	}
	if n := w.Orderer.Committed(); n != 1 {
		t.Errorf("%d transactions committed after a query, want 1", n)
	}
}

// A chaincode's error is sealed for the client, and there is nothing to commit.
func TestChaincodeError(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...string) ([]byte, error){"submit": contract.Submit, "evaluate": contract.Evaluate} {
		_, err := call(t.Context(), "fail")
		var failed *client.ChaincodeError
		if !errors.As(err, &failed) || failed.Status != 500 || failed.Message != "no such function" {
			t.Errorf("%s: got %v, want the chaincode's own error", name, err)
		}
	}
	if n := w.Orderer.Committed(); n != 0 {
		t.Errorf("%d transactions committed, want none", n)
	}
}

// Attack row 25, as far as the client goes: what it sends holds nothing in clear.
func TestNothingInClearLeavesTheClient(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	_, err := contract.SubmitWith(t.Context(), "echo", client.WithArguments("secret-argument"), client.WithTransient(map[string][]byte{"secret-name": []byte("secret-transient")}))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range w.Peers {
		for _, signed := range p.Sent() {
			proposal, err := envelope.UnpackProposal(signed)
			if err != nil {
				t.Fatal(err)
			}
			if len(proposal.Transient) != 0 {
				t.Errorf("proposal to %s has transient data %v, want none", p.Name(), proposal.Transient)
			}
			for _, secret := range []string{"secret", "echo"} {
				if bytes.Contains(signed.ProposalBytes, []byte(secret)) {
					t.Errorf("proposal to %s contains %q", p.Name(), secret)
				}
			}
		}
	}
}

func TestInvalidTransactionIsNotCommitted(t *testing.T) {
	w := clienttest.New(t, 3)
	code := peer.TxValidationCode_MVCC_READ_CONFLICT
	w.Orderer.Verdict = &code
	_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
	var invalid *fabric.NotCommittedError
	if !errors.As(err, &invalid) || invalid.Code != code {
		t.Errorf("got %v, want a NotCommittedError with code %s", err, code)
	}
}

// The peer of an enclave that is not among the peers named is dialled once.
func TestEnclavesPeerIsDialled(t *testing.T) {
	w := clienttest.New(t, 3)
	config := w.Config()
	config.Peers = config.Peers[1:]
	contract := w.Connect(config).Contract(clienttest.Chaincode)
	var unreachable *fabric.UnreachableError
	if _, err := contract.Evaluate(t.Context(), "echo"); !errors.As(err, &unreachable) {
		t.Errorf("without Dial: got %v, want an UnreachableError", err)
	}
	var dialled []string
	config.Dial = func(address, mspID string) (client.Peer, error) {
		dialled = append(dialled, address+" "+mspID)
		return w.Peers[0], nil
	}
	contract = w.Connect(config).Contract(clienttest.Chaincode)
	for range 2 {
		if _, err := contract.Evaluate(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"peer1:7051 Org1MSP"}; !slices.Equal(dialled, want) {
		t.Errorf("dialled %v, want %v", dialled, want)
	}
}

func TestStepsAreRecorded(t *testing.T) {
	w := clienttest.New(t, 3)
	config, rec := w.Config(), &tracetest.Recorder{}
	config.Trace = rec
	if _, err := w.Connect(config).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
	var steps, ids []string
	for _, e := range rec.Events() {
		steps = append(steps, e.Step)
		if !slices.Contains(ids, e.TxID) {
			ids = append(ids, e.TxID)
		}
	}
	if want := []string{"INV-1", "INV-3", "INV-4", "INV-18", "INV-21", "INV-22"}; !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
	if len(ids) != 1 || len(ids[0]) != 64 {
		t.Errorf("transaction ids %v, want one", ids)
	}
}

func TestConnectNeedsWhatItCannotDoWithout(t *testing.T) {
	w := clienttest.New(t, 1)
	for name, edit := range map[string]func(*client.Config){
		"signer": func(c *client.Config) { c.Signer = nil },
		"pins":   func(c *client.Config) { c.Pins = nil },
		"peers":  func(c *client.Config) { c.Peers = nil },
	} {
		config := w.Config()
		edit(&config)
		if _, err := client.Connect(config); err == nil {
			t.Errorf("connected without %s, want an error", name)
		}
	}
	config := w.Config()
	config.Orderer = nil
	if _, err := w.Connect(config).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err == nil {
		t.Error("submitted without an orderer, want an error")
	}
}
