// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"testing"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fpctest/attack"
)

// Rows 3, 4, 6, 10, 15 and 23 in Full, on a network of which one organisation's hosts
// lie.
func TestAttack030406101523FullLyingHosts(t *testing.T) {
	ctx, n := startNetwork(t)
	var cas []*ca.Authority
	for _, o := range n.Orgs {
		org, ok := n.Devnet.Org(o.MSPID)
		if !ok {
			t.Fatalf("the network has no %s", o.MSPID)
		}
		cas = append(cas, org.CA)
	}
	w := attack.Start(ctx, t, &n.Network, cas)
	t.Run("doctor", func(t *testing.T) { doctorOfLedgers(t, ctx, n, w) })
	w.All(t)
}
