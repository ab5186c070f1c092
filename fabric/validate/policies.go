// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const legacyNamespace = "lscc"

// policies finds the policies that govern namespaces and collections under one
// configuration and one state, and remembers them.
type policies struct {
	bundle      *channel.Bundle
	state       State
	definitions map[string]*definition
	compiled    map[string]policy.Policy // application policies, by their bytes
	keys        map[string]policy.Policy // key-level policies, by their bytes
}

// definition is what validation needs of a chaincode's definition.
type definition struct {
	endorsement policy.Policy
	collections map[string]policy.Policy // explicit ones
	invalid     error                    // why no transaction of the namespace can be valid
}

func newPolicies(bundle *channel.Bundle, state State) *policies {
	return &policies{
		bundle: bundle, state: state,
		definitions: make(map[string]*definition), compiled: make(map[string]policy.Policy),
		keys: make(map[string]policy.Policy),
	}
}

// lifecycleState shows the committed definitions.
type lifecycleState struct{ State }

// GetState implements lifecycle.Readable.
func (s lifecycleState) GetState(key string) ([]byte, error) {
	return s.Value(lifecycle.Namespace, key)
}

// definition returns a namespace's definition. Its field invalid says that the
// namespace is not defined well enough; an error, that no verdict is possible.
func (p *policies) definition(namespace string) (*definition, error) {
	if d, ok := p.definitions[namespace]; ok {
		return d, nil
	}
	d, err := p.readDefinition(namespace)
	if err != nil {
		return nil, err
	}
	p.definitions[namespace] = d
	return d, nil
}

func (p *policies) readDefinition(namespace string) (*definition, error) {
	if namespace == lifecycle.Namespace {
		return &definition{endorsement: p.lifecycleEndorsement()}, nil
	}
	defined, err := lifecycle.Query(namespace, lifecycleState{p.state})
	var none lifecycle.NotDefinedError
	if errors.As(err, &none) {
		return p.undefined(namespace)
	}
	switch {
	case err != nil:
		return nil, err
	case defined.ValidationPlugin == "":
		return &definition{invalid: fmt.Errorf("chaincode definition for [%s] is invalid, plugin field must be set", namespace)}, nil
	case len(defined.ValidationParameter) == 0:
		return &definition{invalid: fmt.Errorf("chaincode definition for [%s] is invalid, policy field must be set", namespace)}, nil
	case defined.ValidationPlugin != lifecycle.DefaultValidationPlugin:
		return nil, &ForeignPluginError{Namespace: namespace, Plugin: defined.ValidationPlugin}
	}
	d := &definition{endorsement: p.application(defined.ValidationParameter), collections: make(map[string]policy.Policy)}
	for _, c := range defined.Collections.GetConfig() {
		static := c.GetStaticCollectionConfig()
		if static == nil {
			continue
		}
		if _, twice := d.collections[static.Name]; twice {
			continue // the first one counts
		}
		d.collections[static.Name] = d.endorsement
		if proto.Size(static.EndorsementPolicy) > 0 {
			d.collections[static.Name] = p.applicationPolicy(static.EndorsementPolicy)
		}
	}
	return d, nil
}

// undefined: nothing of the namespace can be valid, unless it is one of the
// lifecycle before Fabric 2.0, whose rules are not implemented here.
func (p *policies) undefined(namespace string) (*definition, error) {
	legacy, err := p.state.Value(legacyNamespace, namespace)
	if err != nil {
		return nil, err
	}
	if legacy != nil {
		return nil, &ForeignPluginError{Namespace: namespace}
	}
	return &definition{invalid: fmt.Errorf("chaincode %s not found", namespace)}, nil
}

// lifecycleEndorsement is the channel's LifecycleEndorsement policy; channels
// made before there was one need a member of most organisations.
func (p *policies) lifecycleEndorsement() policy.Policy {
	if found, ok := p.bundle.Policy(lifecycle.LifecycleEndorsementPolicyRef); ok {
		return found
	}
	orgs := p.bundle.ApplicationOrgs()
	ids := make([]string, len(orgs))
	for i, o := range orgs {
		ids[i] = o.MSPID
	}
	return p.signature(membersOf(ids, len(ids)/2+1))
}

// collection returns the policy that governs writes to a collection of a
// defined namespace, nil if there is no such collection.
func (p *policies) collection(d *definition, name string) policy.Policy {
	mspID, implicit := rwset.ImplicitOrg(name)
	if !implicit {
		return d.collections[name]
	}
	org, ok := p.bundle.ApplicationOrg(mspID)
	if !ok {
		return nil
	}
	if found, ok := p.bundle.Policy("/Channel/Application/" + org.Name + "/Endorsement"); ok {
		return found
	}
	return p.signature(membersOf([]string{mspID}, 1))
}

// application compiles a serialised application policy, as definitions carry
// it. One that does not compile is one that nobody satisfies.
func (p *policies) application(raw []byte) policy.Policy {
	if compiled, ok := p.compiled[string(raw)]; ok {
		return compiled
	}
	parsed := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(raw, parsed); err != nil {
		return never{fmt.Errorf("application policy does not decode: %w", err)}
	}
	compiled := p.applicationPolicy(parsed)
	p.compiled[string(raw)] = compiled
	return compiled
}

// key compiles a key-level policy. One that does not decode has no verdict.
func (p *policies) key(raw []byte) (policy.Policy, error) {
	if compiled, ok := p.keys[string(raw)]; ok {
		return compiled, nil
	}
	envelope := &common.SignaturePolicyEnvelope{}
	if err := proto.Unmarshal(raw, envelope); err != nil {
		return nil, err
	}
	compiled := p.signature(envelope)
	p.keys[string(raw)] = compiled
	return compiled, nil
}

func (p *policies) applicationPolicy(parsed *peer.ApplicationPolicy) policy.Policy {
	switch t := parsed.Type.(type) {
	case *peer.ApplicationPolicy_SignaturePolicy:
		return p.signature(t.SignaturePolicy)
	case *peer.ApplicationPolicy_ChannelConfigPolicyReference:
		found, ok := p.bundle.Policy(t.ChannelConfigPolicyReference)
		if !ok {
			return never{fmt.Errorf("there is no channel policy %s", t.ChannelConfigPolicyReference)}
		}
		return found
	default:
		return never{errors.New("application policy is of no known type")}
	}
}

func (p *policies) signature(envelope *common.SignaturePolicyEnvelope) policy.Policy {
	compiled, err := policy.Compile(envelope, p.bundle.Identities())
	if err != nil {
		return never{err}
	}
	return compiled
}

// membersOf is the policy that n of the MSPs have a member sign.
func membersOf(mspIDs []string, n int) *common.SignaturePolicyEnvelope {
	envelope := &common.SignaturePolicyEnvelope{}
	some := &common.SignaturePolicy_NOutOf{N: int32(n)}
	for i, id := range mspIDs {
		envelope.Identities = append(envelope.Identities, msp.RolePrincipal(id, common.MSPRole_MEMBER))
		some.Rules = append(some.Rules, &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(i)}})
	}
	envelope.Rule = &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: some}}
	return envelope
}

// never is the policy that nobody satisfies, for a reason.
type never struct{ reason error }

// Evaluate implements policy.Policy.
func (n never) Evaluate([]policy.SignedData) error { return n.EvaluateIdentities(nil) }

// EvaluateIdentities implements policy.Policy.
func (n never) EvaluateIdentities([]*msp.Presented) error {
	return fmt.Errorf("nobody satisfies the policy: %w", n.reason)
}
