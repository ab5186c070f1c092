// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// troubled is a network with an initialised auction, in which a1 stands.
type troubled struct {
	*auction
	n              *Network
	seller, bidder user
}

func newTroubled(t *testing.T) (context.Context, *troubled) {
	t.Helper()
	ctx, n := startNetwork(t)
	w := &troubled{n: n, seller: user{n: n, org: 0, name: "User1"}, bidder: user{n: n, org: 1, name: "User1"}}
	w.auction = deployAuction(ctx, t, n)
	// The registry runs, but knows no enclave yet.
	w.seller.refused(ctx, t, exitNotAttested, "INV-5 [not_registered]", query(`["status","a1"]`)...)
	if _, err := n.InitEnclave(ctx, "auction", w.manifest, func(string, string) {}); err != nil {
		t.Fatal(err)
	}
	w.seller.must(ctx, t, invoke(`["create","a1","a painting"]`)...)
	return ctx, w
}

// stillWorks: what was there is there, and something new can be added.
func (w *troubled) stillWorks(ctx context.Context, t *testing.T, after string) {
	t.Helper()
	w.bidder.must(ctx, t, query(`["status","a1"]`)...)
	w.seller.must(ctx, t, create("after "+after)...)
}

// TestWrongSetUp: each thing that a user can get wrong has an error that names
// it, and an exit code of its kind.
func TestWrongSetUp(t *testing.T) {
	ctx, w := newTroubled(t)
	n := w.n
	late := filepath.Join(t.TempDir(), "late")
	n.writeExpired(t, 0, late)
	status := query(`["status","a1"]`)
	with := func(env ...string) user { return user{n: n, org: 0, name: "User1", env: env} }

	t.Run("wrong TLS CA", func(t *testing.T) {
		u := with("CORE_PEER_TLS_ROOTCERT_FILE=" + n.ordererOrg.TLSRoot())
		a := u.run(ctx, t, append(status, "--peerAddresses", n.Orgs[0].Peer.Address, "--tlsRootCertFiles", n.ordererOrg.TLSRoot())...)
		if a.code != exitUnreachable || !strings.Contains(a.stderr, "certificate signed by unknown authority") {
			t.Errorf("got exit code %d, %q, want %d and that the authority is unknown", a.code, a.stderr, exitUnreachable)
		}
	})
	t.Run("wrong MSP", func(t *testing.T) {
		with("CORE_PEER_LOCALMSPID=Org2MSP").refused(ctx, t, exitRejected, "creator org", status...)
	})
	t.Run("unknown MSP", func(t *testing.T) {
		with("CORE_PEER_LOCALMSPID=NobodyMSP").refused(ctx, t, exitRejected, "creator org unknown", status...)
	})
	t.Run("expired client certificate", func(t *testing.T) {
		with("CORE_PEER_MSPCONFIGPATH="+late).refused(ctx, t, exitRejected, "expired", status...)
	})
	t.Run("chaincode not committed", func(t *testing.T) {
		w.seller.refused(ctx, t, exitRejected, `INV-5 [no_definition] no committed chaincode definition of "nothing"`, "chaincode", "query", "-n", "nothing", "-c", `{"Args":["f"]}`)
	})
	t.Run("unknown channel", func(t *testing.T) {
		a := w.seller.run(ctx, t, append(append(status, n.peerFlags()...), "-C", "elsewhere")...)
		if a.code != exitUsage || !strings.Contains(a.stderr, "is of channel mychannel, not of elsewhere") {
			t.Errorf("got exit code %d, %q, want %d and that another channel is pinned", a.code, a.stderr, exitUsage)
		}
	})
	t.Run("too few peers", func(t *testing.T) {
		a := w.seller.run(ctx, t, append(create("one peer"), "--peerAddresses", n.Orgs[0].Peer.Address, "--tlsRootCertFiles", n.orgs[0].TLSRoot())...)
		if a.code != exitNotAttested || !strings.Contains(a.stderr, "INV-5 [too_few_answers]") {
			t.Errorf("an invocation at one peer only: got exit code %d, %q, want %d and too_few_answers", a.code, a.stderr, exitNotAttested)
		}
	})
	t.Run("policy that nobody can satisfy", func(t *testing.T) {
		parameter, err := deploy.PolicyParameter("AND('Org1MSP.peer','Org4MSP.peer')")
		if err != nil {
			t.Fatal(err)
		}
		d := lifecycle.Definition{Name: "auction", Version: w.version(ctx, t), Sequence: 2, ValidationParameter: parameter}
		if err := n.Define(ctx, d, w.stubs.Packages); err != nil {
			t.Fatal(err)
		}
		w.seller.refused(ctx, t, exitOther, "too_few_endorsements", create("a2")...)
		d.ValidationParameter, d.Sequence = nil, 3
		if err := n.Define(ctx, d, w.stubs.Packages); err != nil {
			t.Fatal(err)
		}
		w.stillWorks(ctx, t, "a policy that nobody can satisfy")
	})
}

// TestServersDown: with one server down, queries and invocations work or say
// what is down; when it is back all works again, and nothing is lost.
func TestServersDown(t *testing.T) {
	ctx, w := newTroubled(t)
	n := w.n
	for i, org := range n.Orgs {
		t.Run("peer of "+org.MSPID, func(t *testing.T) {
			n.peers[i].stop()
			begun := time.Now()
			a := w.seller.fpc(ctx, t, create(fmt.Sprintf("while %d is down", i))...)
			t.Logf("exit code %d after %s: %s", a.code, time.Since(begun).Round(time.Millisecond), a.stderr)
			if a.code != 0 && (a.code != exitUnreachable && a.code != exitNotCommitted || !strings.Contains(a.stderr, org.Peer.Address)) {
				t.Errorf("got exit code %d, %q, want that it worked, or that the peer at %s cannot be reached", a.code, a.stderr, org.Peer.Address)
			}
			if err := n.peers[i].restart(ctx); err != nil {
				t.Fatal(err)
			}
			w.stillWorks(ctx, t, "the peer of "+org.MSPID+" was down")
			w.retrySafe(ctx, t, fmt.Sprintf("while %d is down", i))
		})
	}
	t.Run("orderer", func(t *testing.T) {
		n.orderers[0].stop()
		w.bidder.must(ctx, t, query(`["status","a1"]`)...) // queries need none
		w.seller.refused(ctx, t, exitUnreachable, "orderer "+n.Orderer.Address+" cannot be reached", create("no orderer")...)
		if err := n.orderers[0].restart(ctx); err != nil {
			t.Fatal(err)
		}
		if err := n.untilOrdering(ctx); err != nil {
			t.Fatal(err)
		}
		w.retrySafe(ctx, t, "no orderer")
		w.stillWorks(ctx, t, "the orderer was down")
	})
}

// retrySafe repeats an invocation that may have been committed: it succeeds, or
// what it should make is there.
func (w *troubled) retrySafe(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	a := w.seller.fpc(ctx, t, create(name)...)
	if a.code != 0 && !strings.Contains(a.stderr, "exists already") {
		t.Errorf("retry of %q: got exit code %d, %q, want success, or that it exists already", name, a.code, a.stderr)
	}
	w.bidder.must(ctx, t, query(`["status","`+auctionID(name)+`"]`)...)
}

// TestKilledMidInvoke kills stub or peer at different moments of an invocation.
// Whatever the invocation answers, it can be repeated, and the state is whole.
func TestKilledMidInvoke(t *testing.T) {
	ctx, w := newTroubled(t)
	n := w.n
	for _, k := range []struct {
		name string
		kill func() error // and start again
	}{
		{"stub with enclave", func() error { return w.stubs.Restart(ctx, 0) }},
		{"stub that validates", func() error { return w.stubs.Restart(ctx, 2) }},
		{"peer of the enclave", func() error { n.peers[0].stop(); return n.peers[0].restart(ctx) }},
		{"peer that validates", func() error { n.peers[1].stop(); return n.peers[1].restart(ctx) }},
	} {
		t.Run(k.name, func(t *testing.T) {
			for round := range 3 {
				name := fmt.Sprintf("%s %d", k.name, round)
				done := make(chan answer, 1)
				go func() { done <- w.seller.fpc(ctx, t, create(name)...) }()
				moment := time.NewTimer(time.Duration(60+80*round) * time.Millisecond) // not awaited: any moment will do
				<-moment.C
				if err := k.kill(); err != nil {
					t.Fatal(err)
				}
				a := <-done
				t.Logf("%s: exit code %d, %s", name, a.code, strings.TrimSpace(a.stderr))
				if !a.clear(n) {
					t.Errorf("%s: got exit code %d, %q, want 0, or %d, %d or %d with the address of a server or a code", name, a.code, a.stderr, exitUnreachable, exitRejected, exitNotCommitted)
				}
				w.untilBack(ctx, t)
				w.retrySafe(ctx, t, name)
			}
			w.stillWorks(ctx, t, k.name)
		})
	}
}

// refusal is a step that refused, with its code, or a verdict of Fabric's.
var refusal = regexp.MustCompile(`\b[A-Z]{2,3}-[0-9]+[a-z]? \[[a-z_]+\]|\b[A-Z]+(_[A-Z]+)+\b`)

// clear tells whether an invocation that something was killed under succeeded, or
// says by exit code and words where it ended.
func (a answer) clear(n *Network) bool {
	named := refusal.MatchString(a.stderr) || strings.Contains(a.stderr, n.Orderer.Address) ||
		slices.ContainsFunc(n.Orgs, func(o deploy.Org) bool { return strings.Contains(a.stderr, o.Peer.Address) })
	switch a.code {
	case 0:
		return true
	case exitUnreachable, exitRejected, exitNotCommitted:
		return named
	}
	return false
}

// What says nothing of where it ended is not clear, whatever its exit code.
func TestClearError(t *testing.T) {
	n := &Network{Network: deploy.Network{Orgs: []deploy.Org{{Peer: fabric.Endpoint{Address: "127.0.0.1:7051"}}}, Orderer: fabric.Endpoint{Address: "127.0.0.1:7050"}}}
	for _, test := range []struct {
		code   int
		stderr string
		want   bool
	}{
		{0, "", true},
		{exitUnreachable, "fpc: peer 127.0.0.1:7051 cannot be reached", true},
		{exitNotCommitted, "fpc: orderer 127.0.0.1:7050: its commit was not seen", true},
		{exitRejected, "fpc: INV-8 [enclave_ended] the enclave's process ended", true},
		{exitNotCommitted, "fpc: MVCC_READ_CONFLICT", true},
		{exitRejected, "", false},
		{exitRejected, "fpc: EOF", false},
		{exitUnreachable, "fpc: context deadline exceeded", false},
		{exitOther, "fpc: peer 127.0.0.1:7051 cannot be reached", false},
		{exitNotAttested, "fpc: INV-5 [too_few_answers]", false},
	} {
		if got := (answer{code: test.code, stderr: test.stderr}).clear(n); got != test.want {
			t.Errorf("exit code %d, %q: got clear %t, want %t", test.code, test.stderr, got, test.want)
		}
	}
}

// untilBack waits until a query is answered again.
func (w *troubled) untilBack(ctx context.Context, t *testing.T) {
	t.Helper()
	err := w.n.peers[0].until(ctx, "answer a query", func() error {
		if a := w.bidder.fpc(ctx, t, query(`["status","a1"]`)...); a.code != 0 {
			return fmt.Errorf("exit code %d: %s", a.code, a.stderr)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// version is the auction's committed version.
func (w *troubled) version(ctx context.Context, t *testing.T) string {
	t.Helper()
	d, err := admin.Lifecycle{Network: w.n.At(0, w.n.Orgs[0].Admin)}.QueryCommitted(ctx, "auction")
	if err != nil {
		t.Fatal(err)
	}
	return d.Version
}

// writeExpired writes an MSP folder of a client whose certificate has ended.
func (n *Network) writeExpired(t *testing.T, org int, dir string) {
	t.Helper()
	certificate, key, err := n.orgs[org].CA.Issue(ca.Request{CommonName: "late", OUs: []string{ca.RoleClient}, NotAfter: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(n.orgs[org].UserDir("User1"), "msp"))); err != nil {
		t.Fatal(err)
	}
	for folder, raw := range map[string][]byte{"signcerts": certificate, "keystore": keyPEM(t, key)} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: got %v, %v, want one file", folder, files, err)
		}
		if err := os.Chmod(files[0], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[0], raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func keyPEM(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
