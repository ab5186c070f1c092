// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// view is one channel at one height, for planning.
type view struct {
	channelID string
	bundle    *channel.Bundle
	sim       *simulator.Simulator
}

func (s *Server) view(channelID string) (*view, error) {
	l, ok := s.Channel(channelID)
	if !ok {
		return nil, fmt.Errorf("channel '%s' not found", channelID)
	}
	sim, err := s.Simulate(channelID, "")
	if err != nil {
		return nil, err
	}
	return &view{channelID: channelID, bundle: l.Bundle(), sim: sim}, nil
}

func (v *view) close() { v.sim.Done() }

// GetState reads the public definitions.
func (v *view) GetState(key string) ([]byte, error) {
	entry, err := v.sim.Peek(lifecycle.Namespace, key)
	if entry == nil {
		return nil, err
	}
	return entry.Value, nil
}

// policies returns what the endorsers of a result must satisfy together: the
// policy of every namespace it touched, those it only read included, and the
// policies of keys that have one of their own.
func (s *Server) policies(v *view, invoked string, result *envelope.Result) ([]policy.Policy, error) {
	set, err := rwset.Parse(result.ReadWriteSet)
	if err != nil {
		return nil, err
	}
	var all []policy.Policy
	seen := false
	for _, ns := range set.Namespaces {
		if s.Runner.IsSystem(ns.Name) && ns.Name != invoked {
			continue
		}
		found, err := v.namespacePolicies(ns)
		if err != nil {
			return nil, err
		}
		seen = seen || ns.Name == invoked
		all = append(all, found...)
	}
	if !seen {
		found, err := v.namespacePolicies(rwset.Namespace{Name: invoked})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (v *view) namespacePolicies(ns rwset.Namespace) ([]policy.Policy, error) {
	if ns.Name == lifecycle.Namespace {
		return v.lifecyclePolicies(ns)
	}
	keys, whole, err := v.keyPolicies(ns)
	if err != nil || !whole {
		return keys, err
	}
	d, err := lifecycle.Query(ns.Name, v)
	if err != nil {
		return nil, err
	}
	p, err := compile(v.bundle, d.ValidationParameter)
	if err != nil {
		return nil, fmt.Errorf("endorsement policy of %s: %w", ns.Name, err)
	}
	return append(keys, p), nil
}

// keyPolicies returns the policies of written keys that have one of their own,
// and whether the chaincode's policy is needed too: it is unless every write
// has its own.
func (v *view) keyPolicies(ns rwset.Namespace) (found []policy.Policy, whole bool, err error) {
	keys := map[string]bool{}
	for _, w := range ns.Writes {
		keys[w.Key] = true
	}
	for _, w := range ns.Metadata {
		keys[w.Key] = true
	}
	whole = len(keys) == 0
	for key := range keys {
		entry, err := v.sim.Peek(ns.Name, key)
		if err != nil {
			return nil, false, err
		}
		var raw []byte
		if entry != nil {
			raw = parameter(entry.Metadata)
		}
		if raw == nil {
			whole = true
			continue
		}
		p, err := compileSignature(v.bundle, raw)
		if err != nil {
			return nil, false, fmt.Errorf("endorsement policy of a key in %s: %w", ns.Name, err)
		}
		found = append(found, p)
	}
	return found, whole, nil
}

// parameter is the key-level endorsement policy in a key's metadata.
func parameter(entries []rwset.Entry) []byte {
	for _, e := range entries {
		if e.Name == peer.MetaDataKeys_VALIDATION_PARAMETER.String() {
			return e.Value
		}
	}
	return nil
}

// lifecyclePolicies are those of `_lifecycle`: the channel's for definitions,
// an organisation's own for its approvals.
func (v *view) lifecyclePolicies(ns rwset.Namespace) ([]policy.Policy, error) {
	var all []policy.Policy
	for _, c := range ns.Collections {
		mspID, ok := rwset.ImplicitOrg(c.Name)
		if len(c.Writes) == 0 || !ok {
			continue
		}
		org, ok := v.bundle.ApplicationOrg(mspID)
		if !ok {
			return nil, fmt.Errorf("organisation %s is not a member of channel %s", mspID, v.channelID)
		}
		p, _ := v.bundle.Policy("/Channel/Application/" + org.Name + "/Endorsement")
		all = append(all, p)
	}
	if len(ns.Writes) > 0 || len(all) == 0 {
		p, _ := v.bundle.Policy(lifecycle.LifecycleEndorsementPolicyRef)
		all = append(all, p)
	}
	return all, nil
}

// compile reads a definition's endorsement policy.
func compile(bundle *channel.Bundle, raw []byte) (policy.Policy, error) {
	var p peer.ApplicationPolicy
	if err := proto.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch kind := p.GetType().(type) {
	case *peer.ApplicationPolicy_SignaturePolicy:
		return policy.Compile(kind.SignaturePolicy, bundle.Identities())
	case *peer.ApplicationPolicy_ChannelConfigPolicyReference:
		found, _ := bundle.Policy(kind.ChannelConfigPolicyReference)
		return found, nil
	default:
		return nil, errors.New("it is neither a signature policy nor a reference")
	}
}

func compileSignature(bundle *channel.Bundle, raw []byte) (policy.Policy, error) {
	var p common.SignaturePolicyEnvelope
	if err := proto.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	return policy.Compile(&p, bundle.Identities())
}

// choose returns endorsers that satisfy all policies together and none of whom
// could be left out. Those who come first are preferred. It returns nil if not
// even all satisfy them.
func choose(all []*endorser, policies []policy.Policy) []*endorser {
	if !satisfied(all, policies) {
		return nil
	}
	chosen := all
	for i := len(all) - 1; i >= 0; i-- {
		rest := make([]*endorser, 0, len(chosen))
		for _, e := range chosen {
			if e != all[i] {
				rest = append(rest, e)
			}
		}
		if len(rest) > 0 && satisfied(rest, policies) {
			chosen = rest
		}
	}
	return chosen
}

func satisfied(endorsers []*endorser, policies []policy.Policy) bool {
	ids := make([]*msp.Presented, len(endorsers))
	for i, e := range endorsers {
		ids[i] = e.id
	}
	for _, p := range policies {
		if p.EvaluateIdentities(ids) != nil {
			return false
		}
	}
	return true
}
