// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// TestVerdicts holds our evaluation of policies, and our reading of their
// language, against Fabric's own code, as recorded in testdata/verdicts.jsonl.
func TestVerdicts(t *testing.T) {
	for _, c := range fpctest.Verdicts(t, "testdata/verdicts.jsonl", func() []fpctest.Question { return questions(t) }) {
		t.Run(c.Question.Name, func(t *testing.T) {
			manager := compileMSPs(t, c.Question.Configs)
			sets := signers(c.Question, manager)
			for i, text := range c.Question.Texts {
				compareText(t, text, c.Verdict.Policies[i])
			}
			for i, raw := range c.Question.Policies {
				envelope := &common.SignaturePolicyEnvelope{}
				if err := proto.Unmarshal(raw, envelope); err != nil {
					t.Fatal(err)
				}
				p, err := policy.Compile(envelope, manager)
				comparePolicy(t, fmt.Sprintf("policy %d (%v)", i, envelope.GetRule()), p, err, sets, c.Verdict.Policies[i])
			}
			if c.Question.Group != nil {
				compareTree(t, manager, sets, c)
			}
		})
	}
}

func compileMSPs(t *testing.T, configs [][]byte) *msp.Manager {
	t.Helper()
	var msps []*msp.MSP
	for _, raw := range configs {
		config := &msppb.FabricMSPConfig{}
		if err := proto.Unmarshal(raw, config); err != nil {
			t.Fatal(err)
		}
		m, err := msp.New(config)
		if err != nil {
			t.Fatal(err)
		}
		msps = append(msps, m)
	}
	manager, err := msp.NewManager(msps...)
	if err != nil {
		t.Fatal(err)
	}
	return manager
}

func compareText(t *testing.T, text string, want fpctest.PolicyVerdict) {
	t.Helper()
	envelope, err := policy.Parse(text)
	if (err == nil) != want.Compiles {
		t.Errorf("%q parses: %v (%v), Fabric says %v", text, err == nil, err, want.Compiles)
		return
	}
	if err != nil {
		return
	}
	got, err := proto.MarshalOptions{Deterministic: true}.Marshal(envelope)
	if err != nil || !slices.Equal(got, want.Policy) {
		t.Errorf("%q gives %x (%v), Fabric's is %x", text, got, err, want.Policy)
	}
}

func comparePolicy(t *testing.T, name string, p policy.Policy, err error, sets [][]*msp.Presented, want fpctest.PolicyVerdict) {
	t.Helper()
	if (err == nil) != want.Compiles {
		t.Errorf("%s compiles: %v (%v), Fabric says %v", name, err == nil, err, want.Compiles)
		return
	}
	if err != nil {
		return
	}
	for i, ids := range sets {
		if err := p.EvaluateIdentities(ids); (err == nil) != want.Holds[i] {
			t.Errorf("%s over set %d holds: %v (%v), Fabric says %v", name, i, err == nil, err, want.Holds[i])
		}
	}
}

// signers are, for each set of the question, the identities that signed well.
func signers(q fpctest.Question, ids msp.Resolver) [][]*msp.Presented {
	sets := make([][]*msp.Presented, len(q.Sets))
	for i, indices := range q.Sets {
		var claims []policy.SignedData
		for _, k := range indices {
			claim := q.Identities[k]
			claims = append(claims, policy.SignedData{Data: claim.Message, Identity: claim.Serialized, Signature: claim.Signature})
		}
		sets[i] = policy.Identities(claims, ids)
	}
	return sets
}

func compareTree(t *testing.T, manager *msp.Manager, sets [][]*msp.Presented, c fpctest.Case) {
	t.Helper()
	group := &common.ConfigGroup{}
	if err := proto.Unmarshal(c.Question.Group, group); err != nil {
		t.Fatal(err)
	}
	tree, err := policy.NewTree("Channel", group, manager)
	for i, path := range c.Question.Paths {
		var p policy.Policy
		if err == nil {
			p, _ = tree.Policy(path)
		}
		comparePolicy(t, path, p, err, sets, c.Verdict.Policies[i])
	}
}
