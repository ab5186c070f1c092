// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// world is three organisations with two peers each, made once: tests that draw
// policies and signers need no fresh keys.
type world struct {
	manager *msp.Manager
	peers   []*msp.Presented // Org1's two, Org2's two, Org3's two
}

var (
	shared     *world
	makeShared sync.Once
)

func theWorld(t testing.TB) *world {
	t.Helper()
	makeShared.Do(func() {
		orgs := []*fpctest.Org{fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP"), fpctest.NewOrg(t, "Org3MSP")}
		w := &world{manager: fpctest.NewManager(t, orgs...)}
		for _, o := range orgs {
			for _, m := range []*fpctest.Member{o.Peer(), o.Peer("peer1")} {
				p, err := w.manager.Present(m.Creator())
				if err != nil {
					t.Fatal(err)
				}
				w.peers = append(w.peers, p)
			}
		}
		shared = w
	})
	if shared == nil {
		t.Fatal("an earlier test could not make the organisations")
	}
	return shared
}

// drawRule draws a rule tree over n principals.
func drawRule(t *rapid.T, n, depth int) *common.SignaturePolicy {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return signedBy(rapid.IntRange(0, n-1).Draw(t, "principal"))
	}
	rules := make([]*common.SignaturePolicy, rapid.IntRange(1, 3).Draw(t, "rules"))
	for i := range rules {
		rules[i] = drawRule(t, n, depth-1)
	}
	return outOf(rapid.IntRange(0, len(rules)).Draw(t, "n"), rules...)
}

// assignable says, by trying everything, whether some choice of rules can be
// satisfied with each identity used once. It returns every set of identities
// (as bits) that can remain used.
func assignable(rule *common.SignaturePolicy, satisfies func(principal, id int) bool, ids int, used uint) []uint {
	if rule.GetNOutOf() == nil {
		var out []uint
		for id := range ids {
			if used&(1<<id) == 0 && satisfies(int(rule.GetSignedBy()), id) {
				out = append(out, used|1<<id)
			}
		}
		return out
	}
	type state struct {
		used uint
		held int
	}
	states := map[state]bool{{used, 0}: true}
	for _, sub := range rule.GetNOutOf().GetRules() {
		next := map[state]bool{}
		for s := range states {
			next[s] = true // leave the rule out
			for _, u := range assignable(sub, satisfies, ids, s.used) {
				next[state{u, s.held + 1}] = true
			}
		}
		states = next
	}
	seen := map[uint]bool{}
	var out []uint
	for s := range states {
		if s.held >= int(rule.GetNOutOf().GetN()) && !seen[s.used] {
			seen[s.used] = true
			out = append(out, s.used)
		}
	}
	return out
}

// TestNoIdentityCountsTwice: where a policy holds, an assignment exists that uses
// each identity once. The converse is true where no two principals can compete
// for an identity; elsewhere Fabric's single pass may miss an assignment.
func TestNoIdentityCountsTwice(t *testing.T) {
	w := theWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		envelope := &common.SignaturePolicyEnvelope{}
		for _, org := range []string{"Org1MSP", "Org2MSP", "Org3MSP"} {
			envelope.Identities = append(envelope.Identities, msp.RolePrincipal(org, common.MSPRole_PEER))
		}
		disjoint := rapid.Bool().Draw(t, "disjoint")
		if !disjoint {
			envelope.Identities = append(envelope.Identities, msp.IdentityPrincipal(w.peers[0].Serialized()), msp.RolePrincipal("Org1MSP", common.MSPRole_MEMBER))
		}
		envelope.Rule = drawRule(t, len(envelope.Identities), 3)
		ids := rapid.Permutation(w.peers).Draw(t, "signers")[:rapid.IntRange(0, len(w.peers)).Draw(t, "count")]
		p, err := policy.Compile(envelope, w.manager)
		if err != nil {
			t.Fatal(err)
		}
		holds := p.EvaluateIdentities(ids) == nil
		possible := len(assignable(envelope.GetRule(), func(principal, id int) bool {
			return ids[id].Satisfies(envelope.GetIdentities()[principal]) == nil
		}, len(ids), 0)) > 0
		if holds && !possible {
			t.Fatalf("%v holds over %d signers and no assignment uses each once", envelope.GetRule(), len(ids))
		}
		if disjoint && flat(envelope.GetRule()) && possible && !holds {
			t.Fatalf("%v does not hold over %d signers although an assignment exists", envelope.GetRule(), len(ids))
		}
	})
}

// flat tells whether a rule is a gate over principals only.
func flat(rule *common.SignaturePolicy) bool {
	for _, sub := range rule.GetNOutOf().GetRules() {
		if sub.GetNOutOf() != nil {
			return false
		}
	}
	return true
}

// TestReasons: a failed policy says what it asks for and who signed.
func TestReasons(t *testing.T) {
	w := theWorld(t)
	envelope, err := policy.Parse("AND('Org1MSP.peer', 'Org2MSP.peer')")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Compile(envelope, w.manager)
	if err != nil {
		t.Fatal(err)
	}
	err = p.EvaluateIdentities(w.peers[:1])
	var reason *policy.Error
	if !errors.As(err, &reason) || reason.Code != policy.CodeNotSatisfied {
		t.Fatalf("got %v, want code %s", err, policy.CodeNotSatisfied)
	}
	for _, part := range []string{"AND('Org1MSP.peer', 'Org2MSP.peer')", `Org1MSP ("peer0.Org1MSP")`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}
