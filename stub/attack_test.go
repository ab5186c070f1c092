// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// Submitting chaincodeInvoke itself skips validation, and writes nothing.
func TestAttack07InvokeAsATransaction(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	before := w.state()
	ccreq, r := w.request(w.client(), "put", "k", "other")
	result := w.cc.Submit(w.tx(w.client(), protocol.InvokeArgs(ccreq)))
	ccrsp := scene.Accepted(t, result)
	w.unchanged(before)
	if result.Event != nil {
		t.Errorf("event: got %v, want none", result.Event)
	}
	if status := w.open(ccrsp, r).clear.GetStatus(); status != shim.OK {
		t.Errorf("status of the answer: got %d, want 200", status)
	}
}

func TestAttack06ReplayedResponse(t *testing.T) {
	w := newProvisionedWorld(t)
	first := w.invoke(w.client(), "put", "k", "first")
	scene.Accepted(t, w.validate(w.client(), first.ccrsp))
	w.commit(w.client(), "put", "k", "second")
	before := w.state()
	scene.Code(t, w.validate(w.client(), first.ccrsp), protocol.CodeConsumed)
	w.unchanged(before)
	if got := w.commit(w.client(), "get", "k"); got != "second" {
		t.Errorf("value after the replay: got %q, want second", got)
	}
}

// A chaincode cannot reach the marker, neither to delete nor to pre-empt it.
func TestAttack06MarkerOutOfReach(t *testing.T) {
	w := newProvisionedWorld(t)
	first := w.invoke(w.client(), "put", "k", "v")
	for _, function := range []string{"put", "policy", "get"} {
		args := []string{function, protocol.MarkerKey(first.verified.Message().GetTxId()), "x"}
		a := w.invoke(w.client(), args...)
		if code := codeIn(a.clear.GetMessage()); code != protocol.CodeReservedKey {
			t.Errorf("%s: got %q, want code %s", function, a.clear.GetMessage(), protocol.CodeReservedKey)
		}
		scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeErrorResponse)
	}
	scene.Accepted(t, w.validate(w.client(), first.ccrsp))
}

func codeIn(text string) protocol.Code {
	e, found := protocol.ParseError(text)
	if !found {
		return ""
	}
	return e.Code
}

// A host alters what it passes to its enclave, one thing at a time.
func TestAttack08AlteredProposal(t *testing.T) {
	w := newProvisionedWorld(t)
	other := strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		lies scene.Lies
		want protocol.Code
	}{
		"signature": {scene.Lies{Proposal: func(p *shim.SignedProposal) { p.Signature[len(p.Signature)-1] ^= 1 }}, protocol.CodeBadSignature},
		"a byte of the proposal": {scene.Lies{Proposal: func(p *shim.SignedProposal) {
			p.ProposalBytes[len(p.ProposalBytes)-1] ^= 1
		}}, protocol.CodeBadSignature},
		"transaction id": {scene.Lies{TxID: other}, protocol.CodeBadTxID},
		"channel":        {scene.Lies{Channel: "other"}, protocol.CodeWrongChannel},
		"no proposal":    {scene.Lies{Proposal: func(p *shim.SignedProposal) { p.ProposalBytes = nil }}, protocol.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			ccreq, _ := w.request(w.client(), "put", "k", "v")
			w.lie(test.lies)
			defer w.lie(scene.Lies{})
			before := w.state()
			scene.Code(t, w.evaluate(w.client(), protocol.InvokeArgs(ccreq)), test.want)
			w.unchanged(before)
		})
	}
}

// What an enclave signed is altered on its way to validation.
func TestAttack08AlteredResponse(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	for name, alter := range map[string]func(m *fpc.EnclaveResponse){
		"write":      func(m *fpc.EnclaveResponse) { m.Rwset.Writes[0].Value[0] ^= 1 },
		"read":       func(m *fpc.EnclaveResponse) { m.Rwset.Reads[0].ValueHash = nil },
		"event":      func(m *fpc.EnclaveResponse) { m.Event = &fpc.Event{Name: "e"} },
		"request":    func(m *fpc.EnclaveResponse) { m.RequestHash[0] ^= 1 },
		"response":   func(m *fpc.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 },
		"proposal":   func(m *fpc.EnclaveResponse) { m.SignedProposal[len(m.SignedProposal)-1] ^= 1 },
		"generation": func(m *fpc.EnclaveResponse) { m.Generation = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			response, message := &fpc.Response{}, &fpc.EnclaveResponse{}
			decode(t, w.invoke(w.client(), "copy", "k", "to").ccrsp, response)
			decode(t, response.GetResponse(), message)
			alter(message)
			response.Response = encode(t, message)
			before := w.state()
			scene.Code(t, w.validate(w.client(), encode(t, response)), protocol.CodeBadSignature)
			w.unchanged(before)
		})
	}
	t.Run("enclave id of one that nobody registered", func(t *testing.T) {
		response, message := &fpc.Response{}, &fpc.EnclaveResponse{}
		decode(t, w.invoke(w.client(), "copy", "k", "to").ccrsp, response)
		decode(t, response.GetResponse(), message)
		message.EnclaveId = strings.Repeat("0", 64)
		response.Response = encode(t, message)
		before := w.state()
		scene.Code(t, w.validate(w.client(), encode(t, response)), protocol.CodeNotRegistered)
		w.unchanged(before)
	})
}

// A captured request is of no use under another identity, and neither is the
// response to it.
func TestAttack09CapturedRequest(t *testing.T) {
	w := newProvisionedWorld(t)
	thief := w.Orgs[scene.Org3].Client().Creator()
	ccreq, _ := w.request(w.client(), "put", "k", "v")
	before := w.state()
	scene.Code(t, w.evaluate(thief, protocol.InvokeArgs(ccreq)), protocol.CodeRequestRefused)
	scene.Code(t, w.validate(thief, w.invoke(w.client(), "put", "k", "v").ccrsp), protocol.CodeOtherCreator)
	w.unchanged(before)
}

// A rolled-back value or a hidden row shows when the result is committed.
func TestAttack03RollbackIsRefusedAtReplay(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "old")
	old := w.cc.Get("k")
	w.commit(w.client(), "put", "k", "new")
	for name, shown := range map[string][]byte{"an older value": old, "no value": nil} {
		t.Run(name, func(t *testing.T) {
			w.lie(scene.Lies{Values: map[string][]byte{"k": shown}})
			a := w.invoke(w.client(), "copy", "k", "to")
			w.lie(scene.Lies{})
			before := w.state()
			scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeStaleRead)
			w.unchanged(before)
		})
	}
}

func TestAttack04HiddenRowIsRefusedAtReplay(t *testing.T) {
	w := newProvisionedWorld(t)
	for _, key := range []string{"a", "b", "c"} {
		w.commit(w.client(), "put", key, "v")
	}
	w.lie(scene.Lies{Hidden: map[string]bool{"b": true}})
	a := w.invoke(w.client(), "rows", "a", "z", "rows")
	w.lie(scene.Lies{})
	if got := string(a.clear.GetPayload()); got != "a,c" {
		t.Fatalf("what the enclave saw: got %q, want a,c", got)
	}
	before := w.state()
	scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeAlteredRange)
	w.unchanged(before)
}

// Altered and swapped values are refused by the enclave itself; the refusal
// reaches the client sealed, and cannot be committed.
func TestAttack0102AlteredAndSwappedValues(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "a", "1")
	w.commit(w.client(), "put", "b", "2")
	flipped := bytes.Clone(w.cc.Get("a"))
	flipped[len(flipped)-1] ^= 1
	for name, shown := range map[string][]byte{"altered": flipped, "swapped": w.cc.Get("b")} {
		t.Run(name, func(t *testing.T) {
			w.lie(scene.Lies{Values: map[string][]byte{"a": shown}})
			defer w.lie(scene.Lies{})
			a := w.invoke(w.client(), "copy", "a", "to")
			if code := codeIn(a.clear.GetMessage()); code != "tampered_value" {
				t.Errorf("answer: got %q, want code tampered_value", a.clear.GetMessage())
			}
			before := w.state()
			scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeErrorResponse)
			w.unchanged(before)
		})
	}
}

// A chaincode writes, then fails: nothing that leaves the enclave could commit
// its partial writes, and the error's text is sealed.
func TestAttack20PartialWritesOfAFailure(t *testing.T) {
	w := newProvisionedWorld(t)
	const secret = "the reason is secret"
	a := w.invoke(w.client(), "fail", "k", secret)
	if a.clear.GetStatus() != shim.ERROR || a.clear.GetMessage() != secret {
		t.Fatalf("answer: got status %d %q, want 500 and the chaincode's text", a.clear.GetStatus(), a.clear.GetMessage())
	}
	for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
		if bytes.Contains(a.ccrsp, []byte(form)) {
			t.Errorf("ccrsp_msg holds the error's text as %q", form)
		}
	}
	message := a.verified.Message()
	if message.GetRwset() != nil || message.GetEvent() != nil || len(message.GetSignedProposal()) != 0 {
		t.Errorf("the signed error carries results: %v", message)
	}
	before := w.state()
	scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeErrorResponse)
	w.unchanged(before)
}

// An enclave that is registered, but whose keys nobody registered, signs.
func TestAttack22UnprovisionedEnclave(t *testing.T) {
	w := newProvisionedWorld(t)
	rogue := w.NewEnclave(scene.Org1)
	w.register(rogue.Credentials())
	signed := w.Proposal(w.Request(w.client(), []byte("ccreq_msg")), w.signer(w.client()))
	writes := &fpc.ReadWriteSet{Writes: []*fpc.Write{{Key: "k", Value: []byte("forged")}}}
	before := w.state()
	scene.Code(t, w.validate(w.client(), rogue.Sign(rogue.Result(signed, writes))), protocol.CodeNotProvisioned)
	w.unchanged(before)

	// The same, revoked: the registry's word counts at once.
	for _, org := range []string{scene.Org1, scene.Org2} {
		args := protocol.EnclaveArgs(protocol.FuncRevokeEnclave, scene.Chaincode, rogue.ID())
		scene.Accepted(t, w.registry.Submit(w.tx(w.Orgs[org].Admin().Creator(), args)))
	}
	scene.Code(t, w.validate(w.client(), rogue.Sign(rogue.Result(signed, writes))), protocol.CodeRevoked)
	w.unchanged(before)
}

func TestRevokedEnclaveCommitsNothing(t *testing.T) {
	w := newProvisionedWorld(t)
	a := w.invoke(w.client(), "put", "k", "v")
	for _, org := range []string{scene.Org2, scene.Org3} {
		args := protocol.EnclaveArgs(protocol.FuncRevokeEnclave, scene.Chaincode, w.status().GetEnclaveId())
		scene.Accepted(t, w.registry.Submit(w.tx(w.Orgs[org].Admin().Creator(), args)))
	}
	before := w.state()
	scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeRevoked)
	w.unchanged(before)
}

// A policy that lets a plain peer write a key is replayed as signed, and stands
// on the ledger for all to see.
func TestAttack24KeyLevelPolicyIsVisible(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	parsed, err := policy.Parse("OR('Org3MSP.peer')")
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, parsed)
	w.commit(w.client(), "policy", "k", string(want))
	got, err := w.cc.NewStub(w.tx(w.client(), nil)).GetStateValidationParameter("k")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("policy of k: got %x and error %v, want %x", got, err, want)
	}
}

func TestEventIsReplayedSealed(t *testing.T) {
	w := newProvisionedWorld(t)
	a := w.invoke(w.client(), "event", "Closed", "the winner is secret")
	result := w.validate(w.client(), a.ccrsp)
	scene.Accepted(t, result)
	if name := result.Event.GetEventName(); name != "Closed" {
		t.Errorf("event's name: got %q, want Closed", name)
	}
	if len(result.Event.GetPayload()) == 0 || bytes.Contains(result.Event.GetPayload(), []byte("winner")) {
		t.Errorf("event's payload: got %q, want it sealed", result.Event.GetPayload())
	}
}

// An older key generation is refused, however genuine its enclave.
func TestAttack13OlderGeneration(t *testing.T) {
	w := newProvisionedWorld(t)
	a := w.invoke(w.client(), "put", "k", "v")
	key := &fpc.ChaincodeKey{}
	decode(t, w.registry.Get("namespaces/chaincode_ek/"+scene.Chaincode), key)
	key.Generation++
	dk, err := keys.GenerateChaincodeDK(keys.DefaultSuite)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	key.ChaincodeEk = ek.PB()
	b, err := proto.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	w.registry.Put("namespaces/chaincode_ek/"+scene.Chaincode, b)
	before := w.state()
	scene.Code(t, w.validate(w.client(), a.ccrsp), protocol.CodeWrongGeneration)
	w.unchanged(before)
}

// An enclave in Lite hands keys to no other one, whatever its stub and its
// organisation's administrator want.
func TestAttack14NoKeyExport(t *testing.T) {
	w := newProvisionedWorld(t)
	rogue := w.NewEnclave(scene.Org2)
	before := w.state()
	export, err := protocol.ExportCCKeys{Receiver: rogue.ID()}.Args()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args [][]byte
		want protocol.Code
	}{
		"prepareStatement": {protocol.PrepareStatementArgs(), protocol.CodeWrongMode},
		"exportCCKeys":     {export, protocol.CodeWrongMode},
		"importCCKeys":     {protocol.ImportCCKeysArgs(), protocol.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			scene.Code(t, w.evaluate(w.Orgs[scene.Org1].Admin().Creator(), test.args), test.want)
			_, err := w.enclave.Call(t.Context(), name, nil, nil)
			if got := protocol.CodeOf(err); got != protocol.CodeWrongMode {
				t.Errorf("%s at the enclave: got %v, want code %s", name, err, protocol.CodeWrongMode)
			}
		})
	}
	w.unchanged(before)
}
