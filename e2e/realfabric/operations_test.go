// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/devnet/ca"
)

// TestOperations takes a private chaincode through what happens in a network's
// life, with the fpc commands that a user types on either network: a new
// sequence that changes the policy only, a revocation by a configuration update,
// a refresh, and restarts of stub with enclave, registry, peer and orderer. What
// was sealed at the beginning is read after each.
func TestOperations(t *testing.T) {
	ctx, n := startNetwork(t)
	a := deployAuction(ctx, t, n)
	n.newMember(t, 1, "doomed", ca.RoleClient)
	admins := []user{{n: n, org: 0, name: "Admin"}, {n: n, org: 1, name: "Admin"}, {n: n, org: 2, name: "Admin"}}
	seller, bidder, doomed := user{n: n, org: 0, name: "User1"}, user{n: n, org: 1, name: "User1"}, user{n: n, org: 1, name: "doomed"}
	file, version := n.pack(ctx, t)

	admins[0].must(ctx, t, "lifecycle", "chaincode", "initenclave", "-n", "auction", "--package", file)
	// At once: gossip has not spread the new chaincode yet.
	seller.must(ctx, t, invoke(`["create","a1","a painting"]`)...)
	bidder.must(ctx, t, invoke(`["bid","a1","42"]`)...)
	doomed.must(ctx, t, invoke(`["bid","a1","41"]`)...)
	remembers := func(after string) {
		t.Helper()
		if got := bidder.must(ctx, t, query(`["mybid","a1"]`)...); !strings.Contains(got, `"amount":42`) {
			t.Fatalf("the bid after %s: got %s, want amount 42", after, got)
		}
		seller.must(ctx, t, create("after "+after)...)
	}

	t.Run("no peers named", func(t *testing.T) {
		// The channel's configuration tells the other organisations' anchor peers.
		name := "by anchor peers"
		if a := seller.run(ctx, t, create(name)...); a.code != 0 {
			t.Errorf("invoke: got exit code %d, %s, want success", a.code, a.stderr)
		}
		if a := bidder.run(ctx, t, query(`["status","`+auctionID(name)+`"]`)...); a.code != 0 {
			t.Errorf("query: got exit code %d, %s, want success", a.code, a.stderr)
		}
	})
	t.Run("policy-only sequence", func(t *testing.T) {
		for i, admin := range admins {
			if a := admin.run(ctx, t, "lifecycle", "chaincode", "approveformyorg", "-n", "auction", "-v", version, "--sequence", "2",
				"--package-id", a.stubs.Packages[i], "--signature-policy", "OutOf(3,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')"); a.code != 0 {
				t.Fatalf("approve: %s", a.stderr)
			}
		}
		admins[0].must(ctx, t, "lifecycle", "chaincode", "commit", "-n", "auction", "-v", version, "--sequence", "2",
			"--signature-policy", "OutOf(3,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")
		remembers("the policy-only sequence")
	})
	t.Run("revocation by a configuration update", func(t *testing.T) {
		crl, update := filepath.Join(n.dir, "revoked.pem"), filepath.Join(n.dir, "update.pb")
		if err := os.WriteFile(crl, n.revocation(t, 1, "doomed"), 0o644); err != nil {
			t.Fatal(err)
		}
		admins[1].must(ctx, t, "channel", "propose", "crl", update, crl, "--msp", "Org2MSP")
		admins[0].refused(ctx, t, exitRejected, "refused with status 400", "channel", "update", "-f", update)
		admins[1].must(ctx, t, "channel", "update", "-f", update)
		doomed.refused(ctx, t, exitRejected, "creator org [Org2MSP]", query(`["mybid","a1"]`)...)
		remembers("the revocation")
		admins[0].must(ctx, t, "enclave", "refresh", "-n", "auction", "--package", file)
		remembers("the refresh")
	})
	t.Run("policy of the channel", func(t *testing.T) {
		update := filepath.Join(n.dir, "policy.pb")
		admins[0].must(ctx, t, "channel", "propose", "policy", update, "/Channel/Application/Endorsement", "ANY Endorsement")
		admins[0].must(ctx, t, "channel", "signconfigtx", "-f", update)
		admins[1].must(ctx, t, "channel", "update", "-f", update)
		remembers("the new policy of the channel")
	})
	for org, mspID := range []string{"Org1MSP", "Org2MSP", "Org3MSP"} {
		t.Run("restart of the programs of "+mspID, func(t *testing.T) {
			if err := a.stubs.Restart(ctx, org); err != nil { // and its enclave, where it has one
				t.Fatal(err)
			}
			if err := a.ercc.Restart(ctx, org); err != nil {
				t.Fatal(err)
			}
			remembers("the restart of stub and registry of " + mspID)
			n.peers[org].stop()
			if err := n.peers[org].restart(ctx); err != nil {
				t.Fatal(err)
			}
			remembers("the restart of the peer of " + mspID)
		})
	}
	t.Run("restart of the orderer", func(t *testing.T) {
		n.orderers[0].stop()
		if err := n.orderers[0].restart(ctx); err != nil {
			t.Fatal(err)
		}
		if err := n.untilOrdering(ctx); err != nil {
			t.Fatal(err)
		}
		remembers("the restart of the orderer")
	})
}
