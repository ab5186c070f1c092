// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// signaturePolicy is a compiled SignaturePolicyEnvelope.
type signaturePolicy struct {
	path     string // empty: it stands in no tree
	envelope *common.SignaturePolicyEnvelope
	rule     rule
	resolver msp.Resolver
}

// rule judges identities. used marks those that earlier parts of the policy
// took; a rule that holds marks what it takes. Where it does not hold, the marks
// mean nothing.
type rule func(ids []*msp.Presented, used []bool) bool

// Compile prepares a signature policy for evaluation; identities are resolved
// with ids. It fails when a part of the policy is empty or refers to a principal
// that it does not list. As for Fabric's endorsement policies the version is not
// looked at.
func Compile(envelope *common.SignaturePolicyEnvelope, ids msp.Resolver) (Policy, error) {
	p, err := newSignature("", envelope, ids)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func newSignature(path string, envelope *common.SignaturePolicyEnvelope, ids msp.Resolver) (*signaturePolicy, error) {
	if envelope == nil {
		return nil, &Error{Code: CodeMalformed, Reason: "no policy"}
	}
	// A copy, so that the caller's changes cannot change the policy.
	envelope = proto.Clone(envelope).(*common.SignaturePolicyEnvelope)
	r, err := compile(envelope.GetRule(), envelope.GetIdentities())
	if err != nil {
		return nil, err
	}
	return &signaturePolicy{path: path, envelope: envelope, rule: r, resolver: ids}, nil
}

func compile(p *common.SignaturePolicy, principals []*common.MSPPrincipal) (rule, error) {
	switch kind := p.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		if kind.SignedBy < 0 || int(kind.SignedBy) >= len(principals) {
			return nil, &Error{Code: CodeMalformed, Reason: fmt.Sprintf("it asks for principal %d and lists %d", kind.SignedBy, len(principals))}
		}
		return signedBy(principals[kind.SignedBy]), nil
	case *common.SignaturePolicy_NOutOf_:
		rules := make([]rule, len(kind.NOutOf.GetRules()))
		for i, sub := range kind.NOutOf.GetRules() {
			r, err := compile(sub, principals)
			if err != nil {
				return nil, err
			}
			rules[i] = r
		}
		return outOf(int(kind.NOutOf.GetN()), rules), nil
	default:
		return nil, &Error{Code: CodeMalformed, Reason: "a part of it is empty or of an unknown kind"}
	}
}

// signedBy holds if an identity that is still free satisfies the principal; it
// takes the first one.
func signedBy(principal *common.MSPPrincipal) rule {
	return func(ids []*msp.Presented, used []bool) bool {
		for i, id := range ids {
			if !used[i] && id.Satisfies(principal) == nil {
				used[i] = true
				return true
			}
		}
		return false
	}
}

// outOf holds if at least n of the rules do. The rules are tried in order, all of
// them, each with the identities that those before it left; one that does not
// hold takes none. There is no other backtracking: a policy can fail although
// another assignment of identities would satisfy it. Peers judge the same way.
func outOf(n int, rules []rule) rule {
	return func(ids []*msp.Presented, used []bool) bool {
		held := 0
		attempt := make([]bool, len(used))
		for _, r := range rules {
			copy(attempt, used)
			if r(ids, attempt) {
				held++
				copy(used, attempt)
			}
		}
		return held >= n
	}
}

// Evaluate implements [Policy].
func (p *signaturePolicy) Evaluate(set []SignedData) error {
	return p.EvaluateIdentities(Identities(set, p.resolver))
}

// EvaluateIdentities implements [Policy].
func (p *signaturePolicy) EvaluateIdentities(ids []*msp.Presented) error {
	if p.holds(ids) {
		return nil
	}
	text, err := Format(p.envelope)
	if err != nil {
		text = "a policy with principals that have no text form"
	}
	return &Error{Code: CodeNotSatisfied, Path: p.path, Reason: fmt.Sprintf("it asks for %s; good signatures: %s", text, describe(ids))}
}

func (p *signaturePolicy) holds(ids []*msp.Presented) bool {
	return p.rule(ids, make([]bool, len(ids)))
}

// describe lists identities by MSP and subject, for error messages.
func describe(ids []*msp.Presented) string {
	if len(ids) == 0 {
		return "none"
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("%s (%q)", id.MSPID(), id.Certificate().Subject.CommonName)
		if _, err := id.Validate(); err != nil {
			names[i] += " not valid"
		}
	}
	return strings.Join(names, ", ")
}
