// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// ValidationPolicy says which peers must replay what the enclave signed (VAL-1):
// the agreed definition's policy, compiled under the pinned MSPs. Peers of the
// channel decide by it at commit; here it only tells when enough have answered.
type ValidationPolicy struct {
	policy policy.Policy
	pins   *Pins
}

// ValidationPolicy compiles the definition's policy. One that refers to the
// channel's configuration is looked up in the pinned one, and taken for a
// majority of peers where only MSPs are pinned.
func (c *Chaincode) ValidationPolicy() (*ValidationPolicy, error) {
	const step = "VAL-1"
	m := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(c.policy, m); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "the definition's policy does not decode: %w", err)
	}
	if signature := m.GetSignaturePolicy(); signature != nil {
		compiled, err := policy.Compile(signature, c.pins.identities)
		if err != nil {
			return nil, protocol.Wrap(step, protocol.CodeMalformed, err)
		}
		return &ValidationPolicy{compiled, c.pins}, nil
	}
	if c.pins.config != nil {
		found, ok := c.pins.config.Policy(m.GetChannelConfigPolicyReference())
		if !ok {
			return nil, protocol.Errorf(step, protocol.CodeNotFound, "the channel has no policy %q, which the definition refers to", m.GetChannelConfigPolicyReference())
		}
		return &ValidationPolicy{found, c.pins}, nil
	}
	compiled, err := c.pins.majorityOfPeers()
	if err != nil {
		return nil, err
	}
	return &ValidationPolicy{compiled, c.pins}, nil
}

// majorityOfPeers is a policy that more than half of the organisations' peers
// satisfy together.
func (p *Pins) majorityOfPeers() (policy.Policy, error) {
	var principals []string
	for _, id := range p.manager.IDs() {
		role := "member"
		if m, ok := p.manager.MSP(id); ok && m.NodeOUs() {
			role = "peer"
		}
		principals = append(principals, fmt.Sprintf("'%s.%s'", id, role))
	}
	parsed, err := policy.Parse(fmt.Sprintf("OutOf(%d, %s)", p.Majority(), strings.Join(principals, ", ")))
	if err != nil {
		return nil, protocol.Wrap("VAL-1", protocol.CodeInternal, err)
	}
	compiled, err := policy.Compile(parsed, p.identities)
	if err != nil {
		return nil, protocol.Wrap("VAL-1", protocol.CodeInternal, err)
	}
	return compiled, nil
}

// Enough tells whether these endorsements, all over one payload, are good and
// satisfy the policy. No signature is verified before there are enough of them.
func (v *ValidationPolicy) Enough(payload []byte, endorsements []*peer.Endorsement) bool {
	endorsers := make([][]byte, len(endorsements))
	for i, e := range endorsements {
		endorsers[i] = e.GetEndorser()
	}
	if !v.WouldDo(endorsers) {
		return false
	}
	claims := make([]policy.SignedData, len(endorsements))
	for i, e := range endorsements {
		claims[i] = envelope.EndorsementClaim(payload, e)
	}
	return v.policy.Evaluate(claims) == nil
}

// WouldDo tells whether endorsements by these serialised identities would
// satisfy the policy, so that no more peers than needed are asked.
func (v *ValidationPolicy) WouldDo(endorsers [][]byte) bool {
	var ids []*msp.Presented
	for _, e := range endorsers {
		if id, err := v.pins.identities.Present(e); err == nil {
			ids = append(ids, id)
		}
	}
	return v.policy.EvaluateIdentities(ids) == nil
}
