// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package admin_test

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/protocol"
)

// What no chaincode can find out, an administrator compares before approving
// (LC-5): one field that differs from the channel, and the policy is refused.
func TestPolicyThatDiffersFromTheChannel(t *testing.T) {
	w, other := clienttest.New(t, 3), clienttest.New(t, 3)
	facts, err := admin.FactsOf(w.Genesis, w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := admin.FactsOf(other.Genesis, other.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	policy := func() *protocol.RegistryPolicy {
		return facts.Policy(w.Trust().Attestation, []protocol.ChaincodePolicy{})
	}
	if facts.LifecycleMajority != 2 {
		t.Errorf("of three organisations: got a majority of %d, want 2", facts.LifecycleMajority)
	}
	if err := facts.Check(policy()); err != nil {
		t.Errorf("the channel's own policy: %v", err)
	}
	for field, edit := range map[string]func(*protocol.RegistryPolicy){
		"channel_hash":       func(p *protocol.RegistryPolicy) { p.ChannelHash = foreign.ChannelHash },
		"msp_ids":            func(p *protocol.RegistryPolicy) { p.MSPIDs = p.MSPIDs[:2] },
		"lifecycle_majority": func(p *protocol.RegistryPolicy) { p.LifecycleMajority = 1 },
		"msp_roots_hash":     func(p *protocol.RegistryPolicy) { p.MSPRootsHash = foreign.MSPRootsHash },
	} {
		t.Run(field, func(t *testing.T) {
			p := policy()
			edit(p)
			err := facts.Check(p)
			if got := protocol.CodeOf(err); got != protocol.CodeWrongPolicy || !strings.Contains(err.Error(), field) {
				t.Errorf("got %v, want code %s and the field's name", err, protocol.CodeWrongPolicy)
			}
		})
	}
}
