// SPDX-License-Identifier: Apache-2.0

package session

import (
	"container/list"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// DefaultMaxSessions is LedgerConfig.MaxSessions when that is zero. A session
// takes less than a kilobyte; one chaincode enclave needs one.
const DefaultMaxSessions = 1024

// LedgerConfig is what the ledger enclave's end of its sessions is made of.
type LedgerConfig struct {
	Attester  Attester
	Verifiers Verifiers
	// Values are the ledger enclave's own: channel id, Channel_hash, registry,
	// ledger code id (`platform:code id`), instance id and state database;
	// the rest is empty.
	Values *fpc.SessionValues
	// Params are the platform's attestation parameters.
	Params []byte
	// MaxSessions bounds memory: a further session takes the place of the one
	// that was idle longest, whose enclave makes a new one when it needs it.
	MaxSessions int
}

// Ledger is the ledger enclave's end of all its sessions. Its methods may be
// called concurrently.
type Ledger struct {
	config LedgerConfig

	mu       sync.Mutex
	sessions map[[hashSize]byte]*list.Element
	idle     *list.List // of *held, the one used last in front
}

// held is one session.
type held struct {
	schedule schedule
	values   *fpc.SessionValues
	window   window // guarded by Ledger.mu
}

// NewLedger returns a ledger enclave's end without sessions.
func NewLedger(c LedgerConfig) (*Ledger, error) {
	if err := checkOwn(c.Values); err != nil {
		return nil, err
	}
	if c.MaxSessions <= 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	c.Values = proto.CloneOf(c.Values)
	return &Ledger{config: c, sessions: make(map[[hashSize]byte]*list.Element), idle: list.New()}, nil
}

// Accept answers a chaincode enclave's serialised SessionHello with a serialised
// SessionAccept. The hello's evidence must be genuine at the given time and
// cover the hello; any code may ask, since answers are no secret. It must mean
// this ledger enclave's channel and registry.
func (l *Ledger) Accept(hello []byte, at time.Time) ([]byte, error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "make a session's key: %w", err)
	}
	return l.accept(own, hello, at)
}

func (l *Ledger) accept(own *ecdh.PrivateKey, hello []byte, at time.Time) ([]byte, error) {
	m := &fpc.SessionHello{}
	if err := decode(hello, m, "hello"); err != nil {
		return nil, err
	}
	if err := checkAsked(m.GetValues()); err != nil {
		return nil, err
	}
	values := proto.CloneOf(l.config.Values)
	values.ChaincodeId, values.EnclaveId = m.GetValues().GetChaincodeId(), m.GetValues().GetEnclaveId()
	if err := checkSame(m.GetValues(), values); err != nil {
		return nil, err
	}
	if _, err := genuine(m.GetEvidence(), helloStatement(m.GetShare(), m.GetValues()), l.config.Verifiers, at); err != nil {
		return nil, err
	}
	shared, err := agree(own, m.GetShare())
	if err != nil {
		return nil, err
	}
	share := own.PublicKey().Bytes()
	evidence, _, err := l.config.Attester.Attest(acceptStatement(hello, share, values), l.config.Params)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "attest a session: %w", err)
	}
	accept, err := proto.Marshal(&fpc.SessionAccept{Share: share, Values: values, Evidence: evidence})
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "encode an accept: %w", err)
	}
	schedule, err := newSchedule(shared, hello, accept)
	if err != nil {
		return nil, err
	}
	l.keep(&held{schedule: schedule, values: values})
	return accept, nil
}

// keep adds a session, in place of the one that was idle longest if need be.
func (l *Ledger) keep(s *held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.idle.Len() >= l.config.MaxSessions {
		oldest := l.idle.Back()
		delete(l.sessions, l.idle.Remove(oldest).(*held).schedule.id)
	}
	l.sessions[s.schedule.id] = l.idle.PushFront(s)
}

// Sessions is the number of sessions held.
func (l *Ledger) Sessions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle.Len()
}

// Serves tells whether a session with an enclave of that chaincode is held.
func (l *Ledger) Serves(chaincode string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.idle.Front(); e != nil; e = e.Next() {
		if e.Value.(*held).values.GetChaincodeId() == chaincode {
			return true
		}
	}
	return false
}

// Request is an authentic request of a chaincode enclave, taken once.
type Request struct {
	session *held
	counter uint64
	mac     [macSize]byte
	body    []byte
}

// Open takes a serialised SessionFrame. Refused are frames of unknown sessions
// ([CodeNoSession]), frames that do not verify ([CodeBadMAC]), and those taken
// before or too late ([CodeReplayed]).
func (l *Ledger) Open(frame []byte) (*Request, error) {
	f, err := decodeFrame(frame)
	if err != nil {
		return nil, err
	}
	s := l.find([hashSize]byte(f.GetSession()))
	if s == nil {
		return nil, protocol.Errorf(Step, CodeNoSession, "the ledger enclave does not know this session")
	}
	want := s.schedule.request(f.GetCounter(), f.GetBody())
	if !hmac.Equal(f.GetMac(), want[:]) {
		return nil, errBadMAC
	}
	if !l.take(s, f.GetCounter()) {
		return nil, protocol.Errorf(Step, CodeReplayed, "request %d was taken before, or more than %d later ones were", f.GetCounter(), Window)
	}
	return &Request{session: s, counter: f.GetCounter(), mac: want, body: f.GetBody()}, nil
}

func (l *Ledger) find(id [hashSize]byte) *held {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.sessions[id]; ok {
		return e.Value.(*held)
	}
	return nil
}

// take marks the session as used; nothing that is not authentic gets here.
func (l *Ledger) take(s *held, counter uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.window.take(counter) {
		return false
	}
	if e, ok := l.sessions[s.schedule.id]; ok {
		l.idle.MoveToFront(e)
	}
	return true
}

// Body is the request's body, a serialised LedgerRequest.
func (r *Request) Body() []byte { return r.body }

// Values are what both sides agreed on: they tell who asks.
func (r *Request) Values() *fpc.SessionValues { return r.session.values }

// Reply authenticates the answer to this request and returns its serialised
// SessionFrame. There is one answer to a request.
func (r *Request) Reply(body []byte) ([]byte, error) {
	return encodeFrame(r.session.schedule.id, r.counter, body, r.session.schedule.answer(r.counter, r.mac[:], body))
}
