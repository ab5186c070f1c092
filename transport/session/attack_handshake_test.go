// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// stub is an attacker between the two, with a key of its own and as much sim
// evidence as it likes over a code of its own.
type stub struct {
	t   *testing.T
	own *ecdh.PrivateKey
}

func newStub(t *testing.T) *stub {
	t.Helper()
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &stub{t, own}
}

func (s *stub) share() []byte { return s.own.PublicKey().Bytes() }

func TestAttack16StubInTheMiddle(t *testing.T) {
	l, s := newLedger(t, ledgerConfig("first")), newStub(t)
	h := handshake(t)
	t.Run("its share in the enclave's hello", func(t *testing.T) {
		_, err := l.Accept(edit(t, h.Hello(), func(m *fpc.SessionHello) { m.Share = s.share() }), now)
		wantCode(t, "hello", err, CodeEvidence)
	})
	t.Run("its own hello to the ledger enclave", func(t *testing.T) {
		own, err := newHandshake(s.own, platform("stub"), asked(), nil)
		if err != nil {
			t.Fatal(err)
		}
		accept, err := l.Accept(own.Hello(), now) // it may ask: answers are no secret
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(accept, verifiers, nil, now)
		wantCode(t, "an accept for the stub's hello", err, CodeEvidence)
	})
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("its share in the ledger enclave's accept", func(t *testing.T) {
		_, err := h.Accept(edit(t, accept, func(m *fpc.SessionAccept) { m.Share = s.share() }), verifiers, nil, now)
		wantCode(t, "accept", err, CodeEvidence)
	})
	// What a program that is no ledger enclave can answer with genuine evidence.
	forge := func(code platform, calls string) []byte {
		config := ledgerConfig("stub")
		config.Attester, config.Values.LedgerCodeId = code, calls
		forged, err := newLedger(t, config).accept(s.own, h.Hello(), now)
		if err != nil {
			t.Fatal(err)
		}
		return forged
	}
	genuine := ledgerConfig("").Values.GetLedgerCodeId()
	t.Run("its evidence, the ledger enclave's name", func(t *testing.T) {
		_, err := h.Accept(forge("stub", genuine), verifiers, nil, now)
		wantCode(t, "accept", err, CodeEvidence)
	})
	t.Run("its evidence and name", func(t *testing.T) {
		name := fmt.Sprintf("sim:%x", platform("stub").code())
		made, err := h.Accept(forge("stub", name), verifiers, nil, now)
		if err != nil || made.Ledger().CodeID != name {
			t.Fatalf("at REG-5 ERCC judges by the code id: got %v, %v, want %s reported", made, err, name)
		}
		_, err = h.Accept(forge("stub", name), verifiers, &Attested{genuine, "leveldb", protocol.Custody{Platform: "sim", TCB: 3}}, now)
		wantCode(t, "a later session", err, CodeOtherLedger)
	})
}

func TestAttack16AlteredHandshake(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	h := handshake(t)
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		t.Fatal(err)
	}
	other := make([]byte, hashSize)
	for name, tc := range map[string]struct {
		change func(*fpc.SessionValues)
		hello  protocol.Code // empty: not altered there
	}{
		"channel":           {func(v *fpc.SessionValues) { v.ChannelId = "other" }, protocol.CodeWrongChannel},
		"channel hash":      {func(v *fpc.SessionValues) { v.ChannelHash = other }, protocol.CodeWrongChannel},
		"chaincode":         {func(v *fpc.SessionValues) { v.ChaincodeId = "other" }, CodeEvidence},
		"enclave":           {func(v *fpc.SessionValues) { v.EnclaveId = "other" }, CodeEvidence},
		"registry":          {func(v *fpc.SessionValues) { v.Registry = "other" }, CodeValues},
		"ledger code id":    {func(v *fpc.SessionValues) { v.LedgerCodeId = "sim:00" }, protocol.CodeMalformed},
		"ledger instance":   {func(v *fpc.SessionValues) { v.LedgerInstanceId = other }, protocol.CodeMalformed},
		"state database":    {func(v *fpc.SessionValues) { v.StateDatabase = "couchdb" }, protocol.CodeMalformed},
		"no channel":        {func(v *fpc.SessionValues) { v.ChannelId = "" }, protocol.CodeMalformed},
		"long chaincode":    {func(v *fpc.SessionValues) { v.ChaincodeId = string(make([]byte, maxValue+1)) }, protocol.CodeMalformed},
		"short channelhash": {func(v *fpc.SessionValues) { v.ChannelHash = other[1:] }, protocol.CodeMalformed},
	} {
		_, err := l.Accept(edit(t, h.Hello(), func(m *fpc.SessionHello) { tc.change(m.GetValues()) }), now)
		wantCode(t, "hello: "+name, err, tc.hello)
		_, err = h.Accept(edit(t, accept, func(m *fpc.SessionAccept) { tc.change(m.GetValues()) }), verifiers, nil, now)
		wantCode(t, "accept: "+name, err, CodeEvidence)
	}
	for name, change := range map[string]func(*fpc.SessionAccept){
		"short instance":    func(m *fpc.SessionAccept) { m.Values.LedgerInstanceId = other[1:] },
		"no code id":        func(m *fpc.SessionAccept) { m.Values.LedgerCodeId = "" },
		"unknown database":  func(m *fpc.SessionAccept) { m.Values.StateDatabase = "oracle" },
		"no values":         func(m *fpc.SessionAccept) { m.Values = nil },
		"more than is read": func(m *fpc.SessionAccept) { m.Evidence.Collateral = make([]byte, maxHandshake) },
	} {
		_, err := h.Accept(edit(t, accept, change), verifiers, nil, now)
		want := protocol.CodeMalformed
		if name == "more than is read" {
			want = protocol.CodeTooLarge
		}
		wantCode(t, "accept: "+name, err, want)
	}
	if _, err := h.Accept(accept, verifiers, nil, now); err != nil {
		t.Errorf("the accept itself: got %v", err)
	}
}

// Genuine evidence over agreed values that are not those asked for.
func TestAttack16OtherValues(t *testing.T) {
	h := handshake(t)
	for name, tc := range map[string]struct {
		change func(*fpc.SessionValues)
		code   protocol.Code
	}{
		"channel":      {func(v *fpc.SessionValues) { v.ChannelId = "other" }, protocol.CodeWrongChannel},
		"channel hash": {func(v *fpc.SessionValues) { v.ChannelHash = make([]byte, hashSize) }, protocol.CodeWrongChannel},
		"registry":     {func(v *fpc.SessionValues) { v.Registry = "other" }, CodeValues},
		"chaincode":    {func(v *fpc.SessionValues) { v.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		"enclave":      {func(v *fpc.SessionValues) { v.EnclaveId = "other" }, protocol.CodeWrongEnclave},
	} {
		values := proto.CloneOf(ledgerConfig("first").Values)
		values.ChaincodeId, values.EnclaveId = "cc", "e1"
		tc.change(values)
		share := newStub(t).share()
		evidence, _, err := platform("ledger").Attest(acceptStatement(h.Hello(), share, values), nil)
		if err != nil {
			t.Fatal(err)
		}
		accept, err := proto.Marshal(&fpc.SessionAccept{Share: share, Values: values, Evidence: evidence})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(accept, verifiers, nil, now)
		wantCode(t, name, err, tc.code)
	}
}

func TestAttack16Restarted(t *testing.T) {
	before, after := newLedger(t, ledgerConfig("first")), newLedger(t, ledgerConfig("second"))
	h := handshake(t)
	accept, err := before.Accept(h.Hello(), now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.Accept(accept, verifiers, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	c := seal(t, s, "x")
	t.Run("ledger enclave", func(t *testing.T) {
		_, err := after.Open(c.Frame())
		wantCode(t, "a request of the former session", err, CodeNoSession)
		known := s.Ledger()
		again := handshake(t)
		fresh, err := after.Accept(again.Hello(), now)
		if err != nil {
			t.Fatal(err)
		}
		made, err := again.Accept(fresh, verifiers, &known, now)
		if err != nil {
			t.Fatal(err)
		}
		if string(made.InstanceID()) == string(s.InstanceID()) {
			t.Error("two starts have one instance id")
		}
		roundTrip(t, after, made, "y")
	})
	t.Run("chaincode enclave", func(t *testing.T) {
		again := handshake(t)
		_, err := again.Accept(accept, verifiers, nil, now)
		wantCode(t, "an accept for a former hello", err, CodeEvidence)
		if _, err := before.Open(c.Frame()); err != nil {
			t.Fatal(err)
		}
		_, err = before.Open(c.Frame())
		wantCode(t, "a request of the former enclave, again", err, CodeReplayed)
		// The stub hands in the former hello: the session is the stub's to look
		// at and nobody's to use.
		replayed, err := before.Accept(h.Hello(), now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = again.Accept(replayed, verifiers, nil, now)
		wantCode(t, "an accept for a replayed hello", err, CodeEvidence)
	})
}

// A share of low order makes a secret that everybody knows.
func TestAttack16LowOrderShare(t *testing.T) {
	h, l := handshake(t), newLedger(t, ledgerConfig("first"))
	for _, share := range [][]byte{make([]byte, shareSize), append([]byte{1}, make([]byte, shareSize-1)...), make([]byte, shareSize-1)} {
		evidence, _, err := platform("enclave").Attest(helloStatement(share, asked()), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Accept(edit(t, h.Hello(), func(m *fpc.SessionHello) { m.Share, m.Evidence = share, evidence }), now)
		wantCode(t, fmt.Sprintf("hello with the share %x", share), err, protocol.CodeMalformed)
	}
}

// Hellos cost a host nothing: the table of sessions stays within its bound.
func TestAttack18ManySessions(t *testing.T) {
	config := ledgerConfig("first")
	config.MaxSessions = 3
	l := newLedger(t, config)
	first, second := connect(t, l), connect(t, l)
	connect(t, l)
	roundTrip(t, l, first, "in use")
	connect(t, l)
	if l.Sessions() != 3 {
		t.Errorf("sessions: got %d, want 3", l.Sessions())
	}
	roundTrip(t, l, first, "still there")
	_, err := l.Open(seal(t, second, "x").Frame())
	wantCode(t, "the one that was idle longest", err, CodeNoSession)
}
