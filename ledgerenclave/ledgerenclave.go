// SPDX-License-Identifier: Apache-2.0

// Package ledgerenclave is trusted: it is the ledger enclave (TLCC of the
// specification), one per peer and channel. It takes the channel's blocks one by
// one, verifies the orderers' signatures, judges every transaction anew with the
// peers' own rules, and keeps of the state what chaincode enclaves need to know
// that their host does not lie to them: hashes, versions and writers
// (docs/flows.md VAL-8).
//
// Everything it is handed comes from an untrusted host, which can withhold
// blocks, but cannot make it believe a block that the channel's orderers did not
// sign. It has no clock, no logger and no descriptor besides its transport and the
// connections over which stubs ask ([Enclave.HandleStub]).
package ledgerenclave

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// KeptHeads is how many heads, the newest one included, can be asked about.
const KeptHeads = 64

// Platform is the TEE under the ledger enclave. In sim it is as trustworthy as
// whoever launched the process; on hardware it is the root of trust.
type Platform interface {
	// Name is the platform's name in evidence and policies.
	Name() string
	// CodeID is what the platform measured of this code, in lower-case hex.
	CodeID() string
	// SealingKey is the key that only this code on this platform derives.
	SealingKey() keys.SealingKey
	// Attest issues an attestation over the report data. params come from the
	// host.
	Attest(reportData [64]byte, params []byte) (*fpc.Evidence, protocol.Custody, error)
}

// Config is what a ledger enclave is made of.
type Config struct {
	Platform Platform
	// Verifiers verify chaincode enclaves' evidence when they open sessions, by
	// platform.
	Verifiers session.Verifiers
	// Limits bounds answers and checkpoints; zero fields mean defaults.
	Limits Limits
	// Confinement is reported in LedgerStatus, nothing else.
	Confinement []string
}

// Limits bounds what one answer or one part of a checkpoint holds.
type Limits struct {
	// MaxAsks is the largest number of asks in a request.
	MaxAsks int
	// MaxAnswer is about how many bytes an answer may have; it must fit a frame
	// of the transport. Ranges stop there and say that they go on.
	MaxAnswer int
	// MaxPart is the size of a checkpoint's part, in bytes. A single value that
	// is larger makes a larger part.
	MaxPart int
}

// Defaults of [Limits].
const (
	DefaultMaxAsks   = 256
	DefaultMaxAnswer = 12 << 20
	DefaultMaxPart   = 8 << 20
)

func (l Limits) withDefaults() Limits {
	return Limits{
		MaxAsks:   cmp.Or(l.MaxAsks, DefaultMaxAsks),
		MaxAnswer: cmp.Or(l.MaxAnswer, DefaultMaxAnswer),
		MaxPart:   cmp.Or(l.MaxPart, DefaultMaxPart),
	}
}

// Enclave is one ledger enclave. Its methods may be called concurrently: asks
// are answered while a block is being judged or a checkpoint taken.
type Enclave struct {
	config   Config
	instance []byte // 32 random bytes of this process

	mu       sync.Mutex             // held by whatever changes the ledger
	resuming *resuming              // checkpoint being read; nil: none
	ledger   atomic.Pointer[ledger] // nil: neither joined nor resumed

	checkpointing sync.Mutex
	checkpoint    *checkpoint // being written; nil: none
}

// New returns a ledger enclave that knows no channel: Join or Resume comes next.
func New(c Config) (*Enclave, error) {
	if c.Platform == nil {
		return nil, errors.New("ledgerenclave: a platform is needed")
	}
	c.Limits = c.Limits.withDefaults()
	e := &Enclave{config: c, instance: make([]byte, 32)}
	if _, err := rand.Read(e.instance); err != nil {
		return nil, err
	}
	return e, nil
}

// joined returns the ledger, or refuses the step.
func (e *Enclave) joined(step string) (*ledger, error) {
	if l := e.ledger.Load(); l != nil {
		return l, nil
	}
	return nil, protocol.Errorf(step, CodeNotJoined, "the ledger enclave knows no channel yet: it was neither joined nor resumed")
}

// ChannelHash returns the Channel_hash of the channel that this enclave follows,
// and its newest head.
func (e *Enclave) ChannelHash(context.Context) (*fpc.JoinResponse, error) {
	l, err := e.joined("REG-5")
	if err != nil {
		return nil, err
	}
	return &fpc.JoinResponse{ChannelHash: l.channelHash, Head: l.index.Newest().Head()}, nil
}

// Answer answers a request at the head that it names, or the newest. It is a
// function of the chain up to that head (AgreeAsk: to the newest) alone: two
// ledger enclaves of a channel answer alike, byte for byte. Failure codes:
// stale_view (older than the kept heads), not_yet, malformed, too_large,
// not_joined.
func (e *Enclave) Answer(req *fpc.LedgerRequest) *fpc.LedgerAnswer {
	l, err := e.joined("INV-9")
	if err != nil {
		return &fpc.LedgerAnswer{Failure: protocol.Failure(err)}
	}
	return l.answer(req)
}
