// SPDX-License-Identifier: Apache-2.0

// Package policy is trusted: it decides whether a set of signatures is enough.
// It evaluates Fabric's signature and implicit-meta policies with Fabric's exact
// semantics, and reads and prints the language `AND(…)`, `OR(…)`, `OutOf(n, …)`.
package policy

import (
	"fmt"

	"github.com/privatechaincode/fpc/fabric/msp"
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
	// used in order. The error is a [*Error].
	Evaluate(set []SignedData) error
	// EvaluateIdentities is Evaluate for identities whose signatures the caller
	// verified already (or is asking "what if" about). Order matters, and nothing
	// is removed: see [Identities].
	EvaluateIdentities(ids []*msp.Presented) error
}

// Identities returns the identities whose signatures in the set are good, each
// once, in order: what policies are evaluated over. They are not validated here;
// the policies' principals ask for that.
func Identities(set []SignedData, resolver msp.Resolver) []*msp.Presented {
	type key struct{ msp, id string }
	seen := make(map[key]bool, len(set))
	ids := make([]*msp.Presented, 0, len(set))
	for _, claim := range set {
		id, err := resolver.Present(claim.Identity)
		if err != nil {
			continue
		}
		k := key{id.MSPID(), id.ID()}
		if seen[k] { // asked first, so that nobody makes us check one signature a thousand times
			continue
		}
		if id.Verify(claim.Data, claim.Signature) != nil {
			continue
		}
		seen[k] = true
		ids = append(ids, id)
	}
	return ids
}

// Codes of [Error].
const (
	CodeNotSatisfied = "policy_not_satisfied" // too few signatures, or the wrong ones
	CodeNoPolicy     = "no_such_policy"       // there is no policy of that name
	CodeMalformed    = "malformed_policy"     // the policy itself does not compile
)

// Error says why a policy is not satisfied or does not compile.
type Error struct {
	Code   string // stable
	Path   string // of the policy, if it has one
	Reason string
	Err    error // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	text := "policy"
	if e.Path != "" {
		text += " " + e.Path
	}
	text += ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// rejecting is the policy that stands where there is none.
type rejecting struct{ path string }

func (r rejecting) holds([]*msp.Presented) bool { return false }

func (r rejecting) Evaluate([]SignedData) error { return r.EvaluateIdentities(nil) }

func (r rejecting) EvaluateIdentities([]*msp.Presented) error {
	return &Error{Code: CodeNoPolicy, Reason: fmt.Sprintf("there is no policy %q", r.path)}
}
