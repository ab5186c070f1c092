// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// The signed proposal holds the sealed request in place of arguments and
// transient data.
func theProposal(t *testing.T) {
	var args [][]byte
	var transient map[string][]byte
	s := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		signed, _ := s.GetSignedProposal()
		p, err := envelope.UnpackProposal(signed)
		if err != nil {
			return shim.Error(err.Error())
		}
		args, transient = p.Args(), p.Transient
		return shim.Success(nil)
	}))
	p, x := s.newPair(), tx{args: []string{"bid", "4711"}, transient: map[string][]byte{"note": []byte("secret")}}
	p.runPlain(x)
	if string(bytes.Join(args, nil)) != "bid4711" || len(transient) != 1 {
		t.Errorf("plain: got %q and %q, want the arguments and the transient data", args, transient)
	}
	p.runPrivate(x)
	if len(args) != 2 || string(args[0]) != protocol.FuncInvoke || bytes.Contains(args[1], []byte("4711")) || len(transient) != 0 {
		t.Errorf("private: got %q and %q, want %s with the sealed request and no transient data", args, transient, protocol.FuncInvoke)
	}
}

// An event's name is public; its payload is not, and it comes with the
// transaction that commits.
func listeners(t *testing.T) {
	s := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		if err := s.SetEvent("sold", []byte("for 4711")); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	}))
	p := s.newPair()
	if e := p.plain.Submit(shimtest.Tx{}).Event; string(e.GetPayload()) != "for 4711" {
		t.Errorf("plain: got %v, want the payload in clear", e)
	}
	a := s.world.Ask(s.clients[0]).MustSend(enclavetest.NewHost())
	r := p.private.Submit(shimtest.Tx{Creator: s.clients[0].Creator(), Args: [][]byte{a.Raw}})
	if e := r.Event; e.GetEventName() != "sold" || bytes.Contains(e.GetPayload(), []byte("4711")) || len(e.GetPayload()) == 0 || e.GetTxId() != r.TxID {
		t.Errorf("private: got %v, want the name in clear, the payload sealed, under the committing transaction", e)
	}
}

// Fabric counts a new policy as a new version of its key; the replay compares
// values.
func policyOnly(t *testing.T) {
	policy, err := proto.Marshal(&common.SignaturePolicyEnvelope{Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	policy = append(policy, 0x1a, 0) // an identity
	p := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		var err error
		switch function, _ := s.GetFunctionAndParameters(); function {
		case "put":
			err = s.PutState("k", []byte("v"))
		case "policy":
			err = s.SetStateValidationParameter("k", policy)
		case "read":
			_, err = s.GetState("k")
		}
		if err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	})).newPair()
	for name, run := range map[string]func(tx) (outcome, func() bool){"plain": p.runPlain, "private": p.runPrivate} {
		_, put := run(tx{args: []string{"put"}})
		put()
		_, read := run(tx{args: []string{"read"}})
		_, change := run(tx{args: []string{"policy"}})
		if !change() {
			t.Errorf("%s: the policy is not committed", name)
		}
		if got, want := read(), name == "private"; got != want {
			t.Errorf("%s: the read is committed: %v, want %v", name, got, want)
		}
	}
}

// inits counts the calls of Init.
type inits struct {
	enclavetest.KV
	called *int
}

func (c inits) Init(shim.ChaincodeStubInterface) *shim.Response {
	*c.called++
	return shim.Success(nil)
}

// A definition that asks for Init reaches the stub, never the chaincode.
func initIsNotCalled(t *testing.T) {
	called := 0
	p := newStage(t, inits{called: &called}).newPair()
	p.plain.Submit(shimtest.Tx{Init: true})
	if called != 1 {
		t.Errorf("plain: Init was called %d times, want once", called)
	}
	p.runPrivate(tx{args: []string{"init"}})
	if called != 1 {
		t.Errorf("private: Init was called %d times, want never", called-1)
	}
}

// What a goroutine does after the answer has no effect, and it is told.
func afterTheAnswer(t *testing.T) {
	var kept shim.ChaincodeStubInterface
	p := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		kept = s
		return shim.Success(nil)
	})).newPair()
	p.runPrivate(tx{})
	if err := kept.PutState("k", []byte("v")); protocol.CodeOf(err) != enclave.CodeCancelled {
		t.Errorf("a write after the answer: got %v, want %s", err, enclave.CodeCancelled)
	}
}

// A panic is an error of status 500 in either case; privately nobody is told
// more, not even the host's log.
func panics(t *testing.T) {
	p := newStage(t, chaincode(func(shim.ChaincodeStubInterface) *shim.Response { panic("bids: 10, 20") })).newPair()
	plain, _ := p.runPlain(tx{})
	private, commit := p.runPrivate(tx{})
	if plain.Status != shim.ERROR || private.Status != shim.ERROR || strings.Contains(private.Message, "10") || commit() {
		t.Errorf("got plain %+v, private %+v, want status 500, and nothing of the panic in the private one", plain, private)
	}
}

// With blinded keys, what needs the keys' order is refused.
func blindedKeys(t *testing.T) {
	plain, private := during(t, func(s shim.ChaincodeStubInterface) error {
		_, simple := s.GetStateByRange("", "")
		_, partial := s.GetStateByPartialCompositeKey("t", nil)
		_, _, page := s.GetStateByRangeWithPagination("", "", 1, "")
		_, _, partialPage := s.GetStateByPartialCompositeKeyWithPagination("t", nil, 1, "")
		_, _, compositePage := s.GetAllStatesCompositeKeyWithPagination(1, "")
		return both(simple, partial, page, partialPage, compositePage)
	}, func(c *enclave.Config) { c.BlindedKeys = true })
	each(plain, func(err error) {
		if err != nil {
			t.Errorf("plain: got %v, want no error", err)
		}
	})
	each(private, func(err error) {
		if !errors.Is(err, shim.ErrUnsupported) || !strings.Contains(err.Error(), "keys are blinded") {
			t.Errorf("private: got %v, want an error that is ErrUnsupported and says that keys are blinded", err)
		}
	})
}
