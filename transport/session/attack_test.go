// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// edit decodes a message, changes it and encodes it again.
func edit[M any, P interface {
	*M
	proto.Message
}](t *testing.T, raw []byte, change func(P),
) []byte {
	t.Helper()
	m := P(new(M))
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// flipped is the bytes with one bit changed.
func flipped(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[len(out)/2] ^= 1
	return out
}

func TestAttack16ReplayedRequest(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s := connect(t, l)
	calls := make([]*Call, Window+2)
	for i := range calls {
		calls[i] = seal(t, s, fmt.Sprint(i))
	}
	open := func(i int) error {
		_, err := l.Open(calls[i].Frame())
		return err
	}
	for _, i := range []int{1, 3, 2} { // within the window they may overtake one another
		if err := open(i); err != nil {
			t.Errorf("request %d: got %v, want it taken", i, err)
		}
		wantCode(t, fmt.Sprint("request ", i, " again"), open(i), CodeReplayed)
	}
	if err := open(len(calls) - 1); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a request older than the window", open(0), CodeReplayed)
	wantCode(t, "one taken before, older than the window", open(1), CodeReplayed)
	if err := open(4); err != nil {
		t.Errorf("the oldest request of the window that was not taken: got %v, want it taken", err)
	}
}

func TestAttack16ReorderedAnswers(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s, other := connect(t, l), connect(t, l)
	same := []*Call{seal(t, s, "same"), seal(t, s, "same")}
	foreign := seal(t, other, "same")
	answers := make([][]byte, 0, 3)
	for _, c := range append(same, foreign) {
		a, err := echo(l, c.Frame())
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	for name, answer := range map[string][]byte{
		"the other request's answer":       answers[1],
		"another session's answer":         answers[2],
		"the request itself":               same[0].Frame(),
		"the other's under this number":    edit(t, answers[1], func(f *fpc.SessionFrame) { f.Counter = 1 }),
		"another session's under this id":  edit(t, answers[2], func(f *fpc.SessionFrame) { id := s.ID(); f.Session = id[:] }),
		"the request with an answer's MAC": edit(t, same[0].Frame(), func(f *fpc.SessionFrame) { f.Mac = flipped(f.GetMac()) }),
	} {
		_, err := same[0].Open(answer)
		wantCode(t, name, err, CodeBadMAC)
	}
	if got, err := same[0].Open(answers[0]); err != nil || string(got) != "[same]" {
		t.Errorf("its own answer, after all others: got %q, %v", got, err)
	}
}

func TestAttack16AlteredFrame(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s := connect(t, l)
	c := seal(t, s, "body")
	answer, err := echo(newLedgerWith(t, l), c.Frame())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*fpc.SessionFrame)
		code   protocol.Code // of a request; an answer's is bad_mac where the form is good
	}{
		{"session", func(f *fpc.SessionFrame) { f.Session = flipped(f.GetSession()) }, CodeNoSession},
		{"session too short", func(f *fpc.SessionFrame) { f.Session = f.GetSession()[1:] }, protocol.CodeMalformed},
		{"no session", func(f *fpc.SessionFrame) { f.Session = nil }, protocol.CodeMalformed},
		{"counter", func(f *fpc.SessionFrame) { f.Counter++ }, CodeBadMAC},
		{"counter 0", func(f *fpc.SessionFrame) { f.Counter = 0 }, CodeBadMAC},
		{"body", func(f *fpc.SessionFrame) { f.Body = flipped(f.GetBody()) }, CodeBadMAC},
		{"no body", func(f *fpc.SessionFrame) { f.Body = nil }, CodeBadMAC},
		{"body longer", func(f *fpc.SessionFrame) { f.Body = append(f.GetBody(), 0) }, CodeBadMAC},
		{"MAC", func(f *fpc.SessionFrame) { f.Mac = flipped(f.GetMac()) }, CodeBadMAC},
		{"MAC too short", func(f *fpc.SessionFrame) { f.Mac = f.GetMac()[1:] }, protocol.CodeMalformed},
		{"no MAC", func(f *fpc.SessionFrame) { f.Mac = nil }, protocol.CodeMalformed},
	} {
		_, err := l.Open(edit(t, c.Frame(), tc.change))
		wantCode(t, "request: "+tc.name, err, tc.code)
		want := tc.code
		if want == CodeNoSession {
			want = CodeBadMAC
		}
		_, err = c.Open(edit(t, answer, tc.change))
		wantCode(t, "answer: "+tc.name, err, want)
	}
	for i := range c.Frame() {
		for _, frame := range []struct {
			bytes []byte
			open  func([]byte) error
		}{
			{c.Frame(), func(b []byte) error { _, err := l.Open(b); return err }},
			{answer, func(b []byte) error { _, err := c.Open(b); return err }},
		} {
			altered := append([]byte(nil), frame.bytes...)
			altered[i] ^= 0x10
			if frame.open(altered) == nil {
				t.Errorf("a frame with byte %d altered was taken", i)
			}
		}
	}
	if _, err := l.Open(c.Frame()); err != nil {
		t.Errorf("the request itself, after all altered ones: got %v, want it taken", err)
	}
}

// newLedgerWith is a ledger enclave's end with the same sessions, whose windows
// are its own.
func newLedgerWith(t *testing.T, l *Ledger) *Ledger {
	t.Helper()
	twin := newLedger(t, l.config)
	for e := l.idle.Back(); e != nil; e = e.Prev() {
		s := e.Value.(*held)
		twin.keep(&held{schedule: s.schedule, values: s.values})
	}
	return twin
}

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

func TestAttack16OtherLedger(t *testing.T) {
	known := Attested{ledgerConfig("").Values.GetLedgerCodeId(), "leveldb", protocol.Custody{Platform: "sim", TCB: 3}}
	params := func(change func(*guest.Params)) []byte {
		p := guest.Params{NotBefore: now.Add(-time.Hour).Unix(), NotAfter: now.Add(time.Hour).Unix(), TCB: 3}
		change(&p)
		return p.Marshal()
	}
	for _, tc := range []struct {
		name   string
		change func(*LedgerConfig)
		want   protocol.Code // empty: fine
	}{
		{"the same", func(*LedgerConfig) {}, ""},
		{"another release", func(c *LedgerConfig) {
			c.Attester, c.Values.LedgerCodeId = platform("release"), fmt.Sprintf("sim:%x", platform("release").code())
		}, CodeOtherLedger},
		{"another state database", func(c *LedgerConfig) { c.Values.StateDatabase = "couchdb" }, CodeOtherLedger},
		{"newer firmware", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.TCB = 4 }) }, ""},
		{"older firmware", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.TCB = 2 }) }, CodeWeakerLedger},
		{"debug mode", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.Debug = true }) }, CodeWeakerLedger},
		{"expired evidence", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.NotAfter = now.Unix() - 1 }) }, CodeEvidence},
		{"evidence of tomorrow", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.NotBefore = now.Unix() + 1 }) }, CodeEvidence},
	} {
		config := ledgerConfig("first")
		tc.change(&config)
		h := handshake(t)
		accept, err := newLedger(t, config).Accept(h.Hello(), now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(accept, verifiers, &known, now)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: got %v", tc.name, err)
			}
			continue
		}
		wantCode(t, tc.name, err, tc.want)
	}
	elsewhere := Attested{known.CodeID, known.StateDatabase, protocol.Custody{Platform: "snp"}}
	wantCode(t, "another platform", known.check(&elsewhere), CodeOtherLedger)
}

// Evidence that is genuine but of something else, or not genuine at all.
func TestAttack16Evidence(t *testing.T) {
	h, l := handshake(t), newLedger(t, ledgerConfig("first"))
	issue := func(statement [64]byte) *fpc.Evidence {
		ev, _, err := platform("enclave").Attest(statement, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ev
	}
	share := h.own.PublicKey().Bytes()
	for name, evidence := range map[string]*fpc.Evidence{
		"none":                 nil,
		"of the other role":    issue(acceptStatement(h.Hello(), share, asked())),
		"over another share":   issue(helloStatement(newStub(t).share(), asked())),
		"over nothing":         issue([64]byte{}),
		"of no known platform": {Platform: "hal", Attestation: issue(helloStatement(share, asked())).GetAttestation()},
		"not genuine":          {Platform: "sim", Attestation: []byte("trust me")},
	} {
		_, err := l.Accept(edit(t, h.Hello(), func(m *fpc.SessionHello) { m.Evidence = evidence }), now)
		wantCode(t, name, err, CodeEvidence)
	}
	if _, err := l.Accept(h.Hello(), now); err != nil {
		t.Errorf("its own: got %v", err)
	}
}

// boastful verifies evidence as simulated, and says that it is of another platform.
type boastful struct{ attest.Verifier }

func (b boastful) Verify(ev *fpc.Evidence, at time.Time) (attest.Claims, error) {
	claims, err := b.Verifier.Verify(ev, at)
	claims.Platform = "hal"
	return claims, err
}

// Evidence is of the platform under whose name it came, or of none.
func TestAttack16EvidenceOfAnotherPlatform(t *testing.T) {
	config := ledgerConfig("first")
	config.Verifiers = Verifiers{"sim": boastful{verifiers["sim"]}}
	_, err := newLedger(t, config).Accept(handshake(t).Hello(), now)
	wantCode(t, "of another platform", err, CodeEvidence)
}

// What evidence covers differs by role, whatever stands in it.
func TestRolesAreApart(t *testing.T) {
	share := make([]byte, shareSize)
	seen := map[[64]byte]string{}
	for name, statement := range map[string][64]byte{
		"enclave": helloStatement(share, asked()), "ledger": acceptStatement(nil, share, asked()),
		"other share": helloStatement(flipped(share), asked()), "other hello": acceptStatement(share, share, asked()),
	} {
		if other, twice := seen[statement]; twice {
			t.Errorf("%s and %s are attested alike", name, other)
		}
		seen[statement] = name
	}
	hash := sha256.Sum256(nil)
	enclaves := sha512.Sum512(keys.Encode(keys.LabelSession, append([][]byte{[]byte("enclave"), hash[:], share}, fields(asked())...)...))
	if acceptStatement(nil, share, asked()) == enclaves {
		t.Error("a ledger enclave attests in a chaincode enclave's role")
	}
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
