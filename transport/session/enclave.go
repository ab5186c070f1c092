// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Handshake is a session that a chaincode enclave has asked for.
type Handshake struct {
	own   *ecdh.PrivateKey
	asked *fpc.SessionValues
	hello []byte
}

// NewHandshake makes a hello. The values are the chaincode enclave's: channel id
// and Channel_hash, chaincode, enclave and registry; the rest is empty. params
// are the platform's attestation parameters.
func NewHandshake(a Attester, values *fpc.SessionValues, params []byte) (*Handshake, error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "make a session's key: %w", err)
	}
	return newHandshake(own, a, values, params)
}

func newHandshake(own *ecdh.PrivateKey, a Attester, values *fpc.SessionValues, params []byte) (*Handshake, error) {
	if err := checkAsked(values); err != nil {
		return nil, err
	}
	share := own.PublicKey().Bytes()
	evidence, _, err := a.Attest(helloStatement(share, values), params)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "attest a session: %w", err)
	}
	hello, err := proto.Marshal(&fpc.SessionHello{Share: share, Values: values, Evidence: evidence})
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "encode a hello: %w", err)
	}
	return &Handshake{own: own, asked: proto.CloneOf(values), hello: hello}, nil
}

// Hello is the serialised SessionHello, for the ledger enclave.
func (h *Handshake) Hello() []byte { return h.hello }

// Attested is what a chaincode enclave attests of its ledger enclave (REG-5,
// REG-6), and holds every later session against.
type Attested struct {
	CodeID        string // `platform:code id`
	StateDatabase string // leveldb or couchdb
	Custody       protocol.Custody
}

// check refuses a ledger enclave that is another, or trusted less, than the one
// attested. A TCB level above is fine: firmware is updated under an enclave.
func (a Attested) check(known *Attested) error {
	switch {
	case known == nil:
		return nil
	case a.CodeID != known.CodeID:
		return protocol.Errorf(Step, CodeOtherLedger, "the ledger enclave's code id is %s, and this enclave attested %s", a.CodeID, known.CodeID)
	case a.StateDatabase != known.StateDatabase:
		return protocol.Errorf(Step, CodeOtherLedger, "the ledger enclave judges for %s, and this enclave attested %s", a.StateDatabase, known.StateDatabase)
	case a.Custody.Platform != known.Custody.Platform:
		return protocol.Errorf(Step, CodeOtherLedger, "the ledger enclave's platform is %s, and this enclave attested %s", a.Custody.Platform, known.Custody.Platform)
	case a.Custody.TCB < known.Custody.TCB:
		return protocol.Errorf(Step, CodeWeakerLedger, "the ledger enclave's TCB level is %d, and this enclave attested %d", a.Custody.TCB, known.Custody.TCB)
	case a.Custody.Debug && !known.Custody.Debug:
		return protocol.Errorf(Step, CodeWeakerLedger, "the ledger enclave is in debug mode, and was not when this enclave attested it")
	}
	return nil
}

// Accept takes the ledger enclave's serialised SessionAccept. Its evidence must
// be genuine and valid at the given time, cover this very handshake and come
// from the code that the values name; the values must be those asked for. With
// known, the ledger enclave must be that one too, at least as trustworthy.
func (h *Handshake) Accept(accept []byte, verifiers Verifiers, known *Attested, at time.Time) (*Session, error) {
	m := &fpc.SessionAccept{}
	if err := decode(accept, m, "accept"); err != nil {
		return nil, err
	}
	if err := checkOwn(m.GetValues()); err != nil {
		return nil, err
	}
	claims, err := genuine(m.GetEvidence(), acceptStatement(h.hello, m.GetShare(), m.GetValues()), verifiers, at)
	if err != nil {
		return nil, err
	}
	if err := checkSame(m.GetValues(), h.asked); err != nil {
		return nil, err
	}
	ledger := Attested{claims.Platform + ":" + claims.CodeID, m.GetValues().GetStateDatabase(), claims.Custody()}
	if err := checkLedger(ledger, m.GetValues(), claims, at); err != nil {
		return nil, err
	}
	if err := ledger.check(known); err != nil {
		return nil, err
	}
	shared, err := agree(h.own, m.GetShare())
	if err != nil {
		return nil, err
	}
	keys, err := newSchedule(shared, h.hello, accept)
	if err != nil {
		return nil, err
	}
	return &Session{schedule: keys, values: m.GetValues(), ledger: ledger, since: claims.NotBefore}, nil
}

func checkLedger(ledger Attested, v *fpc.SessionValues, claims attest.Claims, at time.Time) error {
	switch {
	case v.GetLedgerCodeId() != ledger.CodeID:
		return protocol.Errorf(Step, CodeEvidence, "the other side calls itself %.100q, and its evidence is of %s", v.GetLedgerCodeId(), ledger.CodeID)
	case at.Before(claims.NotBefore) || at.After(claims.NotAfter):
		return protocol.Errorf(Step, CodeEvidence, "the ledger enclave's evidence is not valid at %s", at.UTC().Format(time.RFC3339))
	}
	return nil
}

// Session is the chaincode enclave's end of a session. Its methods may be called
// concurrently.
type Session struct {
	schedule schedule
	values   *fpc.SessionValues
	ledger   Attested
	since    time.Time
	last     atomic.Uint64
}

// ID tells sessions apart; it is not secret.
func (s *Session) ID() [hashSize]byte { return s.schedule.id }

// Ledger is what the ledger enclave's evidence says of it.
func (s *Session) Ledger() Attested { return s.ledger }

// Since is when the ledger enclave's evidence became valid: whatever a host says,
// it is later now.
func (s *Session) Since() time.Time { return s.since }

// InstanceID tells starts of ledger enclaves apart (INV-13).
func (s *Session) InstanceID() []byte { return s.values.GetLedgerInstanceId() }

// Call is one request that was sealed, and waits for its answer.
type Call struct {
	session *Session
	counter uint64
	mac     [macSize]byte
	frame   []byte
}

// Seal numbers and authenticates a request.
func (s *Session) Seal(body []byte) (*Call, error) {
	counter := s.last.Add(1)
	if counter > lastNumber {
		return nil, protocol.Errorf(Step, CodeReplayed, "the session's numbers are used up")
	}
	c := &Call{session: s, counter: counter, mac: s.schedule.request(counter, body)}
	var err error
	c.frame, err = encodeFrame(s.schedule.id, counter, body, c.mac)
	return c, err
}

// Frame is the serialised SessionFrame of the request, for the ledger enclave.
func (c *Call) Frame() []byte { return c.frame }

// Open returns the body of the answer to this very request, or an error with
// [CodeBadMAC]. The caller then throws the session away.
func (c *Call) Open(frame []byte) ([]byte, error) {
	f, err := decodeFrame(frame)
	if err != nil {
		return nil, err
	}
	s := c.session.schedule
	want := s.answer(c.counter, c.mac[:], f.GetBody())
	if [hashSize]byte(f.GetSession()) != s.id || f.GetCounter() != c.counter || !hmac.Equal(f.GetMac(), want[:]) {
		return nil, errBadMAC
	}
	return f.GetBody(), nil
}
