// SPDX-License-Identifier: Apache-2.0

// Package policy is trusted: it decides whether a set of signatures is enough.
// It evaluates Fabric's signature and implicit-meta policies with Fabric's exact
// semantics, and reads and prints the language `AND(…)`, `OR(…)`, `OutOf(n, …)`.
package policy

import (
	"errors"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// SignedData is a claim that Identity signed Data.
type SignedData struct {
	Data      []byte
	Identity  []byte // serialized identity
	Signature []byte
}

// Policy judges a set of signatures. It is immutable and safe for concurrent use.
type Policy interface {
	// Evaluate returns nil if the signatures satisfy the policy. Claims that do
	// not verify, and second claims of one identity, are ignored; the rest are
	// used in order.
	Evaluate(set []SignedData) error
	// EvaluateIdentities is Evaluate for identities whose signatures the caller
	// verified already (or is asking "what if" about). Order matters.
	EvaluateIdentities(ids []*msp.Presented) error
}

// Compile prepares a signature policy for evaluation. It fails when the policy
// refers to an identity that it does not list, is empty, of a version other than
// 0, or nested too deeply.
func Compile(envelope *common.SignaturePolicyEnvelope, ids msp.Resolver) (Policy, error) {
	return nil, errors.New("policy: not implemented")
}

// Identities returns the identities whose signatures in the set are good, each
// once, in order: what policies are evaluated over.
func Identities(set []SignedData, ids msp.Resolver) []*msp.Presented { return nil }
