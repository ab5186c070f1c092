// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

type textParser struct {
	text     string
	at       int
	enclave  EnclavePrincipal // nil: the role enclave is not known
	envelope *common.SignaturePolicyEnvelope
}

func (p *textParser) fail(at int, format string, args ...any) error {
	return &SyntaxError{Text: p.text, Offset: at, Reason: fmt.Sprintf(format, args...)}
}

// peek returns the next byte, 0 at the end.
func (p *textParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *textParser) space() {
	for strings.IndexByte(" \t\r\n", p.peek()) >= 0 && p.at < len(p.text) {
		p.at++
	}
}

// take skips space and the byte c.
func (p *textParser) take(c byte, why string) error {
	p.space()
	if p.peek() != c {
		return p.fail(p.at, "%q expected %s", string(c), why)
	}
	p.at++
	return nil
}

// word reads letters and digits.
func (p *textParser) word() string {
	start := p.at
	for p.at < len(p.text) && isAlnum(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// gate reads AND(…), OR(…) or OutOf(n, …).
func (p *textParser) gate(depth int) (*common.SignaturePolicy, error) {
	start := p.at
	if depth >= maxNesting {
		return nil, p.fail(start, "nested more than %d deep", maxNesting)
	}
	name := p.word()
	gate, known := gates[name]
	if !known {
		return nil, p.fail(start, "AND, OR or OutOf expected")
	}
	if err := p.take('(', "after "+name); err != nil {
		return nil, err
	}
	n, numberAt := 0, p.at
	if gate == "OutOf" {
		var err error
		if n, numberAt, err = p.count(); err != nil {
			return nil, err
		}
		if err := p.take(',', "after the number of "+name); err != nil {
			return nil, err
		}
	}
	rules, err := p.list(name, depth)
	if err != nil {
		return nil, err
	}
	switch gate {
	case "AND":
		n = len(rules)
	case "OR":
		n = 1
	}
	if n > len(rules)+1 {
		return nil, p.fail(numberAt, "%d are asked for and only %d follow", n, len(rules))
	}
	return outOfRule(n, rules), nil
}

// count reads OutOf's number and says where it stands.
func (p *textParser) count() (n, at int, err error) {
	p.space()
	at = p.at
	word := p.word()
	n, err = strconv.Atoi(word)
	if err != nil || n > 1<<30 {
		return 0, at, p.fail(at, "a number expected: OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer')")
	}
	return n, at, nil
}

// operand is a principal, numbered when its gate ends, or a gate.
type operand struct {
	principal *common.MSPPrincipal
	gate      *common.SignaturePolicy
}

// list reads principals and gates up to the closing parenthesis.
func (p *textParser) list(gate string, depth int) ([]*common.SignaturePolicy, error) {
	var operands []operand
	for {
		p.space()
		one, err := p.operand(depth)
		if err != nil {
			return nil, err
		}
		operands = append(operands, one)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case ')':
			p.at++
			return p.number(operands), nil
		default:
			return nil, p.fail(p.at, "\",\" or \")\" expected in %s", gate)
		}
	}
}

func (p *textParser) operand(depth int) (operand, error) {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		principal, err := p.principal(c)
		return operand{principal: principal}, err
	case isAlnum(c):
		start := p.at
		if word := p.word(); gates[word] == "" {
			return operand{}, p.fail(start, "a principal like 'Org1MSP.peer' (in quotes), AND, OR or OutOf expected")
		}
		p.at = start
		gate, err := p.gate(depth + 1)
		return operand{gate: gate}, err
	default:
		return operand{}, p.fail(p.at, "a principal like 'Org1MSP.peer', AND, OR or OutOf expected")
	}
}

// number lists the principals among a gate's operands.
func (p *textParser) number(operands []operand) []*common.SignaturePolicy {
	rules := make([]*common.SignaturePolicy, len(operands))
	for i, one := range operands {
		if rules[i] = one.gate; one.principal != nil {
			rules[i] = signedByRule(len(p.envelope.Identities))
			p.envelope.Identities = append(p.envelope.Identities, one.principal)
		}
	}
	return rules
}

// principal reads 'MSP.role'.
func (p *textParser) principal(quote byte) (*common.MSPPrincipal, error) {
	start := p.at
	length := strings.IndexByte(p.text[start+1:], quote)
	if length < 0 {
		return nil, p.fail(start, "the closing quote is missing")
	}
	inner := p.text[start+1 : start+1+length]
	p.at = start + length + 2
	dot := strings.LastIndexByte(inner, '.')
	if dot < 0 {
		return nil, p.fail(start, "a principal is an MSP id, a dot and a role: 'Org1MSP.peer'")
	}
	mspID, name := inner[:dot], inner[dot+1:]
	if bad := strings.IndexFunc(mspID, notInMSPID); mspID == "" || bad >= 0 {
		return nil, p.fail(start+1+max(bad, 0), "an MSP id here is made of letters, digits, dots and dashes")
	}
	if name == "enclave" {
		return p.enclaveOf(mspID, start+dot+2)
	}
	role, known := roles[name]
	if !known {
		return nil, p.fail(start+dot+2, "unknown role %q: roles are member, admin, client, peer and orderer", name)
	}
	return msp.RolePrincipal(mspID, role), nil
}

func (p *textParser) enclaveOf(mspID string, at int) (*common.MSPPrincipal, error) {
	if p.enclave == nil {
		return nil, p.fail(at, "the role enclave is for policies of private chaincodes in Full mode; elsewhere peers endorse: write the role peer")
	}
	principal, err := p.enclave(mspID)
	if err != nil {
		return nil, &SyntaxError{Text: p.text, Offset: at, Reason: err.Error(), Err: err}
	}
	return principal, nil
}

func notInMSPID(r rune) bool {
	return r > 127 || !isAlnum(byte(r)) && r != '.' && r != '-'
}

func signedByRule(index int) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(index)}}
}

func outOfRule(n int, rules []*common.SignaturePolicy) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{
		NOutOf: &common.SignaturePolicy_NOutOf{N: int32(n), Rules: rules},
	}}
}
