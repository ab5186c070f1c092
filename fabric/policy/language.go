// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// maxNesting bounds how deep a policy text nests.
const maxNesting = 100

// SyntaxError says what is wrong in a policy text, and where.
type SyntaxError struct {
	Text   string // the whole policy
	Offset int    // in bytes, from 0
	Reason string
	Err    error // cause, or nil
}

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }

// Error implements error.
func (e *SyntaxError) Error() string {
	near := e.Text[min(max(e.Offset, 0), len(e.Text)):]
	if near == "" {
		return fmt.Sprintf("policy: at the end of %q: %s", e.Text, e.Reason)
	}
	if len(near) > 20 {
		near = near[:20] + "…"
	}
	return fmt.Sprintf("policy: at character %d (%q): %s", e.Offset+1, near, e.Reason)
}

// gates are the spellings that Fabric knows.
var gates = map[string]string{
	"AND": "AND", "And": "AND", "and": "AND",
	"OR": "OR", "Or": "OR", "or": "OR",
	"OutOf": "OutOf", "OUTOF": "OutOf", "outof": "OutOf",
}

var roles = map[string]common.MSPRole_MSPRoleType{
	"member":  common.MSPRole_MEMBER,
	"admin":   common.MSPRole_ADMIN,
	"client":  common.MSPRole_CLIENT,
	"peer":    common.MSPRole_PEER,
	"orderer": common.MSPRole_ORDERER,
}

// Parse reads the policy language: 'MSP.role' with role member, admin, client,
// peer or orderer, combined by AND(…), OR(…) and OutOf(n, …). It gives the same
// message as Fabric's tools: one principal for each mention, those of inner gates
// before those of the gate around them (peers compare definitions byte for byte).
// OutOf(0, …) always holds and OutOf(n+1, …) of n never does, as there. Errors are
// of type [*SyntaxError].
func Parse(text string) (*common.SignaturePolicyEnvelope, error) {
	return ParseEnclaves(text, nil)
}

// EnclavePrincipal gives the principal that 'MSP.enclave' stands for, for example
// [msp.OUPrincipal] of the unit that only one chaincode's enclaves carry.
type EnclavePrincipal func(mspID string) (*common.MSPPrincipal, error)

// ParseEnclaves reads the policy language with one more role, enclave, which
// Fabric's own tools do not know: 'Org1MSP.enclave'. Each mention becomes the
// principal that enclave gives for the MSP; nil knows none. Errors are of type
// [*SyntaxError].
func ParseEnclaves(text string, enclave EnclavePrincipal) (*common.SignaturePolicyEnvelope, error) {
	p := &textParser{text: text, enclave: enclave, envelope: &common.SignaturePolicyEnvelope{}}
	p.space()
	if c := p.peek(); c == '\'' || c == '"' {
		return nil, p.fail(p.at, "a single principal needs a gate around it: write OR(%s)", p.text[p.at:])
	}
	rule, err := p.gate(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail(p.at, "the policy ended before this")
	}
	p.envelope.Rule = rule
	return p.envelope, nil
}
