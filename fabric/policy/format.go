// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Format prints a signature policy in the language. What it prints means the
// same; parsed again it gives the same message if the policy came from a text. It
// fails, saying why, for what the language cannot say: principals other than
// roles, gates over nothing.
func Format(envelope *common.SignaturePolicyEnvelope) (string, error) {
	return FormatNamed(envelope, func(*common.MSPPrincipal) string { return "" })
}

// FormatNamed is [Format] for people: principals other than roles are printed as
// name gives them, and are what the language cannot say where it gives nothing.
func FormatNamed(envelope *common.SignaturePolicyEnvelope, name func(*common.MSPPrincipal) string) (string, error) {
	f := formatter{principals: envelope.GetIdentities(), name: name}
	rule := envelope.GetRule()
	if _, ok := rule.GetType().(*common.SignaturePolicy_SignedBy); ok {
		rule = outOfRule(1, []*common.SignaturePolicy{rule})
	}
	if err := f.rule(rule, 0); err != nil {
		return "", err
	}
	return f.out.String(), nil
}

type formatter struct {
	principals []*common.MSPPrincipal
	name       func(*common.MSPPrincipal) string
	out        strings.Builder
}

func unprintable(format string, args ...any) error {
	return &Error{Code: CodeMalformed, Reason: "it has no text form: " + fmt.Sprintf(format, args...)}
}

func (f *formatter) rule(rule *common.SignaturePolicy, depth int) error {
	switch kind := rule.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		return f.principal(kind.SignedBy)
	case *common.SignaturePolicy_NOutOf_:
		return f.gate(int(kind.NOutOf.GetN()), kind.NOutOf.GetRules(), depth)
	default:
		return unprintable("a part of it is empty")
	}
}

func (f *formatter) gate(n int, rules []*common.SignaturePolicy, depth int) error {
	switch {
	case depth >= maxNesting:
		return unprintable("it nests more than %d deep", maxNesting)
	case len(rules) == 0, n < 0, n > len(rules)+1:
		return unprintable("%d out of %d", n, len(rules))
	case n == 1:
		f.out.WriteString("OR(")
	case n == len(rules):
		f.out.WriteString("AND(")
	default:
		fmt.Fprintf(&f.out, "OutOf(%d, ", n)
	}
	for i, sub := range rules {
		if i > 0 {
			f.out.WriteString(", ")
		}
		if err := f.rule(sub, depth+1); err != nil {
			return err
		}
	}
	f.out.WriteString(")")
	return nil
}

func (f *formatter) principal(index int32) error {
	if index < 0 || int(index) >= len(f.principals) {
		return unprintable("principal %d is not listed", index)
	}
	p := f.principals[index]
	if kind := p.GetPrincipalClassification(); kind != common.MSPPrincipal_ROLE {
		if text := f.name(p); text != "" {
			f.out.WriteString(text)
			return nil
		}
		return unprintable("principal %d is of kind %s", index, kind)
	}
	role := &common.MSPRole{}
	if err := proto.Unmarshal(p.GetPrincipal(), role); err != nil {
		return unprintable("principal %d is malformed", index)
	}
	for name, value := range roles {
		if value == role.GetRole() {
			if role.GetMspIdentifier() == "" || strings.IndexFunc(role.GetMspIdentifier(), notInMSPID) >= 0 {
				return unprintable("MSP id %q holds more than letters, digits, dots and dashes", role.GetMspIdentifier())
			}
			fmt.Fprintf(&f.out, "'%s.%s'", role.GetMspIdentifier(), name)
			return nil
		}
	}
	return unprintable("principal %d has the unknown role %d", index, int32(role.GetRole()))
}
