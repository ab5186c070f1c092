// SPDX-License-Identifier: Apache-2.0

// Package enclave is trusted: it is the chaincode enclave (FPC_stub_enclave of
// the specification). It holds the keys, checks proposals, opens requests, runs
// the chaincode, and seals and signs what leaves.
//
// Everything it is handed comes from an untrusted host. It has no clock, no
// logger and no descriptor besides its transport; the steps it took are returned
// to the host, which records them.
package enclave

import (
	"cmp"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// Platform is the TEE under an enclave. In sim it is as trustworthy as whoever
// launched the process; on hardware it is the root of trust.
type Platform interface {
	// Name is the platform's name in evidence and policies.
	Name() string
	// CodeID is what the platform measured of this code, in lower-case hex.
	CodeID() string
	// SealingKey is the key that only this code on this platform derives.
	SealingKey() keys.SealingKey
	// Attest issues an attestation over the report data, and says how an
	// enclave so attested enters a key set's lineage. params come from the
	// host.
	Attest(reportData [64]byte, params []byte) (*fpc.Evidence, protocol.Custody, error)
}

// Config is what an enclave is made of.
type Config struct {
	Platform  Platform
	Chaincode shim.Chaincode
	// Padding hides the lengths of values, events and answers; Padmé unless
	// the chaincode's author chose otherwise.
	Padding keys.Padding
	// BlindedKeys replaces every state key by a keyed pseudorandom function of
	// it before it leaves the enclave. Ranges, partial composite keys and pages
	// are refused then: the ledger's order is no longer that of the keys.
	BlindedKeys bool
	// Verifiers verify the evidence of the ledger enclave, and of enclaves that
	// are to get the chaincode's keys, by platform; unused in Lite.
	Verifiers map[string]attest.Verifier
	// Limits bounds memory; zero fields mean defaults.
	Limits Limits
	// Confinement is reported in EnclaveStatus, nothing else.
	Confinement []string
}

// Limits bounds what invocations may hold. An invocation over a limit ends with
// a sealed error.
type Limits struct {
	// MaxResult is the largest ccrsp_msg, in bytes. It must fit a frame of the
	// transport.
	MaxResult int
	// MaxRead is how many bytes one invocation may keep of what it read.
	MaxRead int
	// MaxReadAll is the same for all invocations together.
	MaxReadAll int
}

// Defaults of [Limits].
const (
	DefaultMaxResult  = 15 << 20
	DefaultMaxRead    = 64 << 20
	DefaultMaxReadAll = 512 << 20
)

func (l Limits) withDefaults() Limits {
	return Limits{
		MaxResult:  cmp.Or(l.MaxResult, DefaultMaxResult),
		MaxRead:    cmp.Or(l.MaxRead, DefaultMaxRead),
		MaxReadAll: cmp.Or(l.MaxReadAll, DefaultMaxReadAll),
	}
}

// Enclave is one chaincode enclave. Its methods may be called concurrently.
type Enclave struct {
	config Config
	read   atomic.Int64  // bytes that all invocations keep of what they read
	link   *ledgerLink   // unused in Lite
	nonce  nonce         // of the head statement to come
	sealed atomic.Uint64 // height of the highest head that was sealed

	mu    sync.Mutex // held by whatever changes state
	state atomic.Pointer[state]
}

// New returns an enclave that holds no keys yet: Init or Restore comes next.
func New(c Config) (*Enclave, error) {
	if c.Platform == nil || c.Chaincode == nil {
		return nil, errors.New("enclave: a platform and a chaincode are needed")
	}
	c.Limits = c.Limits.withDefaults()
	return &Enclave{config: c, link: newLedgerLink(c)}, nil
}

// Status tells what the enclave is, and nothing secret.
func (e *Enclave) Status() *fpc.EnclaveStatus {
	status := &fpc.EnclaveStatus{Confinement: e.config.Confinement}
	s := e.state.Load()
	if s == nil {
		return status
	}
	status.Initialized = true
	status.EnclaveId = s.id
	status.CcParams = s.params
	status.HostParams = s.host
	if s.keys != nil {
		status.Provisioned = true
		status.Generation = s.keys.generation
	}
	return status
}

// initialised returns the state, or refuses the step.
func (e *Enclave) initialised(step string) (*state, error) {
	if s := e.state.Load(); s != nil {
		return s, nil
	}
	return nil, protocol.Errorf(step, protocol.CodeNotInitialised, "the enclave holds no keys: it was neither initialised nor restored")
}
