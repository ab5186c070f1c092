// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// implicit is a compiled implicit meta policy: it asks a number of the direct
// sub-groups' policies of one name.
type implicit struct {
	path      string
	name      string // of the sub-policies
	rule      common.ImplicitMetaPolicy_Rule
	threshold int
	groups    []string
	policies  []node
	resolver  msp.Resolver
}

// newImplicit compiles an implicit meta policy. A group without a policy of that
// name counts, and is never satisfied. With no groups at all nothing is asked.
func newImplicit(path string, meta *common.ImplicitMetaPolicy, groups map[string]*Tree, ids msp.Resolver) *implicit {
	p := &implicit{path: path, name: meta.GetSubPolicy(), rule: meta.GetRule(), resolver: ids}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		sub, _ := groups[name].find(p.name)
		p.groups = append(p.groups, name)
		p.policies = append(p.policies, sub)
	}
	switch p.rule {
	case common.ImplicitMetaPolicy_ANY:
		p.threshold = 1
	case common.ImplicitMetaPolicy_ALL:
		p.threshold = len(p.policies)
	case common.ImplicitMetaPolicy_MAJORITY:
		p.threshold = len(p.policies)/2 + 1
	}
	if len(p.policies) == 0 {
		p.threshold = 0
	}
	return p
}

// Evaluate implements [Policy]. The signatures are verified once for all
// sub-policies.
func (p *implicit) Evaluate(set []SignedData) error {
	return p.EvaluateIdentities(Identities(set, p.resolver))
}

// EvaluateIdentities implements [Policy].
func (p *implicit) EvaluateIdentities(ids []*msp.Presented) error {
	if p.holds(ids) {
		return nil
	}
	var missing []string
	for i, sub := range p.policies {
		if !sub.holds(ids) {
			missing = append(missing, p.groups[i])
		}
	}
	return &Error{Code: CodeNotSatisfied, Path: p.path, Reason: fmt.Sprintf(
		"%d of the %d policies %q below it must hold (%s); these do not: %s; good signatures: %s",
		p.threshold, len(p.policies), p.name, p.rule, strings.Join(missing, ", "), describe(ids))}
}

// holds counts the sub-policies that hold. A rule unknown to Fabric has threshold
// 0, which is met only while no sub-policy holds: so do peers judge it.
func (p *implicit) holds(ids []*msp.Presented) bool {
	held := 0
	for _, sub := range p.policies {
		if !sub.holds(ids) {
			continue
		}
		if held++; held == p.threshold {
			return true
		}
	}
	return held == p.threshold
}

// ImplicitMeta builds an implicit meta policy from "ANY Readers", "ALL Writers"
// or "MAJORITY Admins".
func ImplicitMeta(text string) (*common.ImplicitMetaPolicy, error) {
	rule, name, ok := strings.Cut(text, " ")
	value, known := common.ImplicitMetaPolicy_Rule_value[rule]
	switch {
	case !known:
		return nil, &SyntaxError{Text: text, Offset: 0, Reason: fmt.Sprintf("unknown rule %q: write ANY, ALL or MAJORITY, a space, and the name of the sub-policies", rule)}
	case !ok || name == "":
		return nil, &SyntaxError{Text: text, Offset: len(text), Reason: "the name of the sub-policies is missing"}
	case strings.Contains(name, " "):
		return nil, &SyntaxError{Text: text, Offset: len(rule) + 1 + strings.Index(name, " "), Reason: "there is more than a rule and a name, separated by one space"}
	}
	return &common.ImplicitMetaPolicy{SubPolicy: name, Rule: common.ImplicitMetaPolicy_Rule(value)}, nil
}
