// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

var (
	now       = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	verifiers = Verifiers{sim.Platform: sim.Verifier{}}
)

// platform is a simulated platform under the code of that name.
type platform string

func (p platform) code() [32]byte { return sha256.Sum256([]byte(p)) }

func (p platform) Attest(reportData [64]byte, params []byte) (*fpc.Evidence, protocol.Custody, error) {
	config := guest.Params{NotBefore: now.Add(-time.Hour).Unix(), NotAfter: now.Add(time.Hour).Unix(), TCB: 3}
	if len(params) > 0 {
		var err error
		if config, err = guest.ParseParams(params); err != nil {
			return nil, protocol.Custody{}, err
		}
	}
	ev, err := guest.Issue(p.code(), reportData, config)
	return ev, protocol.Custody{Platform: sim.Platform, TCB: config.TCB, Debug: config.Debug}, err
}

// asked are the values of a hello.
func asked() *fpc.SessionValues {
	hash := sha256.Sum256([]byte("genesis"))
	return &fpc.SessionValues{ChannelId: "ch", ChannelHash: hash[:], ChaincodeId: "cc", EnclaveId: "e1", Registry: "ercc"}
}

// ledgerConfig is that of one start of the genuine ledger enclave.
func ledgerConfig(start string) LedgerConfig {
	values := asked()
	instance := sha256.Sum256([]byte(start))
	values.ChaincodeId, values.EnclaveId = "", ""
	values.LedgerCodeId = fmt.Sprintf("sim:%x", platform("ledger").code())
	values.LedgerInstanceId, values.StateDatabase = instance[:], "leveldb"
	return LedgerConfig{Attester: platform("ledger"), Verifiers: verifiers, Values: values}
}

func newLedger(t *testing.T, c LedgerConfig) *Ledger {
	t.Helper()
	l, err := NewLedger(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func handshake(t *testing.T) *Handshake {
	t.Helper()
	h, err := NewHandshake(platform("enclave"), asked(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// connect makes a session.
func connect(t *testing.T, l *Ledger) *Session {
	t.Helper()
	h := handshake(t)
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.Accept(accept, verifiers, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t *testing.T, s *Session, body string) *Call {
	t.Helper()
	c, err := s.Seal([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// echo answers a request with its body between brackets.
func echo(l *Ledger, frame []byte) ([]byte, error) {
	r, err := l.Open(frame)
	if err != nil {
		return nil, err
	}
	return r.Reply(fmt.Appendf(nil, "[%s]", r.Body()))
}

// roundTrip asks and checks the answer.
func roundTrip(t *testing.T, l *Ledger, s *Session, body string) {
	t.Helper()
	c := seal(t, s, body)
	answer, err := echo(l, c.Frame())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open(answer); err != nil || string(got) != "["+body+"]" {
		t.Errorf("answer: got %q, %v, want [%s]", got, err, body)
	}
}

// wantCode refuses any other outcome than an error of the step with that code.
func wantCode(t *testing.T, what string, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); err == nil || got != want {
		t.Errorf("%s: got %v with code %q, want code %q", what, err, got, want)
	}
}

func TestSession(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	h := handshake(t)
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.Accept(accept, verifiers, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	want := Attested{ledgerConfig("").Values.GetLedgerCodeId(), "leveldb", protocol.Custody{Platform: "sim", TCB: 3}}
	if s.Ledger() != want {
		t.Errorf("ledger enclave: got %+v, want %+v", s.Ledger(), want)
	}
	if got, want := s.InstanceID(), ledgerConfig("first").Values.GetLedgerInstanceId(); string(got) != string(want) {
		t.Errorf("instance: got %x, want %x", got, want)
	}
	r, err := l.Open(seal(t, s, "who").Frame())
	if err != nil {
		t.Fatal(err)
	}
	values := proto.CloneOf(ledgerConfig("first").Values)
	values.ChaincodeId, values.EnclaveId = "cc", "e1"
	if !proto.Equal(r.Values(), values) {
		t.Errorf("who asks: got %v, want %v", r.Values(), values)
	}
	roundTrip(t, l, s, "")
	roundTrip(t, l, s, "something")
	if got := keys.Digest(keys.LabelSessionID, h.Hello(), accept); s.ID() != got {
		t.Errorf("id: got %x, want the handshake's hash %x", s.ID(), got)
	}
}

// Requests of concurrent invocations overtake one another.
func TestSessionConcurrently(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s := connect(t, l)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range 50 {
				roundTrip(t, l, s, fmt.Sprint(i, "/", j))
			}
		})
	}
	all.Wait()
}
