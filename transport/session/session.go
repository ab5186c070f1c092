// SPDX-License-Identifier: Apache-2.0

// Package session is trusted: it is the attested session between a chaincode
// enclave and the ledger enclave beside it (flows.md section 7, INV-9).
//
// Everything passes through untrusted hosts, which see all of it: the session is
// authentic, not confidential. Each side makes an ephemeral X25519 key and
// attests it together with its role and the values that both must agree on; the
// ledger enclave's evidence covers the enclave's whole hello. From the shared
// secret and the handshake come the session's id and one MAC key per direction.
//
//	enclave -> ledger: SessionHello  share, values, evidence
//	ledger -> enclave: SessionAccept share, complete values, evidence
//	enclave -> ledger: SessionFrame  id, counter, body, MAC
//	ledger -> enclave: SessionFrame  id, counter, body, MAC that covers the request's MAC
//
// Requests are numbered from 1 and each is taken at most once. Because
// invocations run concurrently and a host relays them, requests may overtake one
// another within [Window]; older ones and repeated ones are refused. An answer
// answers exactly one request, so it cannot stand for another's.
//
// A chaincode enclave that is refused, or is handed what does not verify, throws
// its session away and makes a new one: the host gains nothing but the delay.
//
// The keys live in memory only. There is no clock, no disk and no network here.
package session

import (
	"crypto/ecdh"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Step is the step of flows.md that this package's errors name.
const Step = "INV-9"

// Window is how far requests of one session may overtake one another: a request
// is refused once one with a number higher by this much was taken.
const Window = 1024

// Attester issues evidence over what a side of a session states. Both kinds of
// enclave implement it by their platform.
type Attester interface {
	Attest(reportData [64]byte, params []byte) (*fpc.Evidence, protocol.Custody, error)
}

// Verifiers verify the other side's evidence, by platform.
type Verifiers = map[string]attest.Verifier

// Limits of what an untrusted host can make a side read, in bytes.
const (
	maxHandshake = 1 << 20 // evidence with its collateral is the most of it
	maxValue     = 255     // one of the values agreed on
)

const (
	hashSize  = 32
	shareSize = 32
	macSize   = 32
)

// agree computes the shared secret of a handshake. A share of low order is
// refused.
func agree(own *ecdh.PrivateKey, share []byte) ([]byte, error) {
	other, err := ecdh.X25519().NewPublicKey(share)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeMalformed, "the other side's share has %d bytes, want %d", len(share), shareSize)
	}
	shared, err := own.ECDH(other)
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeMalformed, "the other side's share is of low order")
	}
	return shared, nil
}

// genuine checks that evidence is what an enclave of some platform issued over
// this statement. It judges neither code nor platform nor validity in time.
func genuine(ev *fpc.Evidence, statement [64]byte, verifiers Verifiers, at time.Time) (attest.Claims, error) {
	verifier, ok := verifiers[ev.GetPlatform()]
	if !ok {
		return attest.Claims{}, protocol.Errorf(Step, CodeEvidence, "evidence of platform %q cannot be verified by this program", ev.GetPlatform())
	}
	claims, err := verifier.Verify(ev, at)
	switch {
	case err != nil:
		return attest.Claims{}, protocol.Errorf(Step, CodeEvidence, "evidence is not genuine: %v", err)
	case claims.Platform != ev.GetPlatform():
		return attest.Claims{}, protocol.Errorf(Step, CodeEvidence, "evidence is of platform %q, and says %q", claims.Platform, ev.GetPlatform())
	case claims.ReportData != statement:
		return attest.Claims{}, protocol.Errorf(Step, CodeEvidence, "evidence covers something else than this side of this session")
	}
	return claims, nil
}
