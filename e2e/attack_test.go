// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest/attack"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// refused wants an error with a code.
func refused(t testing.TB, err error, want protocol.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want code %s", want)
	} else if got := attack.Code(err); got != want {
		t.Errorf("got code %q of %v, want %s", got, err, want)
	}
}

// captured is an invocation as the peer with the enclave sees it.
type captured struct {
	signed *peer.SignedProposal
	ccreq  []byte
	ccrsp  []byte
}

// capture has the enclave run a call, and commits nothing.
func (w *world) capture(org int, function string, args ...string) captured {
	w.t.Helper()
	proposal, err := w.contract(org).NewProposal(w.ctx, function, client.WithArguments(args...))
	if err != nil {
		w.t.Fatal(err)
	}
	signature, err := w.Orgs[org].Client.Sign(proposal.Bytes())
	if err != nil {
		w.t.Fatal(err)
	}
	c := captured{signed: &peer.SignedProposal{ProposalBytes: proposal.Bytes(), Signature: signature}}
	unpacked, err := envelope.UnpackProposal(c.signed)
	if err != nil {
		w.t.Fatal(err)
	}
	c.ccreq = unpacked.Args()[1]
	c.ccrsp = w.ask(c.signed)
	return c
}

// ask sends a proposal to the peer with the enclave and returns ccrsp_msg.
func (w *world) ask(signed *peer.SignedProposal) []byte {
	w.t.Helper()
	answer, err := w.Peer(0).ProcessProposal(w.ctx, signed)
	if err != nil || answer.Response.Status != 200 {
		w.t.Fatalf("got %v, error %v; want status 200", answer.GetResponse(), err)
	}
	return answer.Response.Payload
}

// validate submits a validation in an organisation's name, at every peer.
func (w *world) validate(org int, ccrsp []byte) error {
	w.t.Helper()
	_, err := w.As(w.Orgs[org].Client).Submit(w.ctx, fabric.Call{Chaincode: w.name, Args: protocol.ValidateArgs(ccrsp)})
	return err
}

// validateAt submits a validation that only one organisation's peer endorsed.
func (w *world) validateAt(at, org int, ccrsp []byte) error {
	w.t.Helper()
	_, err := w.At(at, w.Orgs[org].Client).Submit(w.ctx, fabric.Call{Chaincode: w.name, Args: protocol.ValidateArgs(ccrsp)})
	return err
}

// alter changes what an enclave signed and leaves the signature.
func alter(t testing.TB, ccrsp []byte, change func(*fpc.EnclaveResponse)) []byte {
	t.Helper()
	response, message := &fpc.Response{}, &fpc.EnclaveResponse{}
	decode(t, ccrsp, response)
	decode(t, response.Response, message)
	change(message)
	response.Response = encode(t, message)
	return encode(t, response)
}

// signedIn is what an enclave signed.
func signedIn(t testing.TB, ccrsp []byte) *fpc.EnclaveResponse {
	t.Helper()
	response, message := &fpc.Response{}, &fpc.EnclaveResponse{}
	decode(t, ccrsp, response)
	decode(t, response.Response, message)
	return message
}

// notCommitted wants a transaction that stands in its block as invalid.
func notCommitted(t testing.TB, err error, want peer.TxValidationCode) {
	t.Helper()
	var invalid *fabric.NotCommittedError
	if !errors.As(err, &invalid) || invalid.Err != nil || invalid.Code != want {
		t.Errorf("got %v, want a transaction that is invalid: %s", err, want)
	}
}
