// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	private    = "auction"
	twoOfThree = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"
)

// privateWorld has a private chaincode of Full mode, three enclaves of which the
// first two are registered and provisioned, and the third registered.
type privateWorld struct {
	*world
	enclaves [3]*ledgertest.Enclave
}

func newPrivateWorld(t testing.TB) *privateWorld {
	t.Helper()
	w := &privateWorld{world: newWorld(t)}
	w.define("fpc-1")
	for i := range w.enclaves {
		w.enclaves[i] = w.Chain.Enclave(i+1, private, "fpc-1")
	}
	w.mustTake(w.Block(w.Register(w.enclaves[:]...)))
	w.mustTake(w.Block(w.Provision(w.enclaves[:2]...)))
	return w
}

func (w *privateWorld) define(version string) {
	w.t.Helper()
	w.mustTake(w.Block(w.Define(lifecycle.Definition{
		Name: private, Version: version, ValidationParameter: w.EnclaveRule(twoOfThree, private, version),
	})))
}

// write is a transaction of these endorsers that writes one key.
func (w *privateWorld) write(key, value string, endorsers ...msp.Signer) []byte {
	w.t.Helper()
	raw, _ := w.Tx(ledgertest.Tx{Chaincode: private, Namespaces: writing(private, key, value), Endorsers: endorsers})
	return raw
}

func (w *privateWorld) wantBy(what, key, value string, want bool) {
	w.t.Helper()
	info := w.key(0, private, key)
	if string(info.GetValueHash()) != hashOf(value) || info.GetByEnclaves() != want {
		w.t.Errorf("%s: got %v, want value %q, by enclaves: %t", what, info, value, want)
	}
}

func TestAttack22UnprovisionedEnclave(t *testing.T) {
	w := newPrivateWorld(t)
	first, second, third := w.enclaves[0], w.enclaves[1], w.enclaves[2]
	w.mustTake(w.Block(w.write("a", "1", first, second)))
	w.wantBy("registered and provisioned enclaves", "a", "1", true)
	w.mustTake(w.Block(w.write("a", "2", first, third)))
	w.wantBy("one of them is not provisioned", "a", "2", false)
	w.mustTake(w.Block(w.write("a", "3", third, first, second)))
	w.wantBy("enough of them are provisioned", "a", "3", true)
	w.mustTake(w.Block(w.Provision(third), w.write("a", "4", first, third)))
	w.wantBy("provisioned in the same block only", "a", "4", false)
	w.mustTake(w.Block(w.write("a", "5", first, third)))
	w.wantBy("provisioned", "a", "5", true)
	w.mustTake(w.Block(w.Revoke(third)))
	w.wantBy("revoked since", "a", "5", true)
	w.mustTake(w.Block(w.write("a", "6", first, third)))
	w.wantBy("revoked", "a", "6", false)
}

// Certificate authorities that collude can certify keys of their own with the
// right organisation unit: peers call what those endorse valid. Whoever reads it
// is told that no enclave wrote it.
func TestAttack23ForeignWriter(t *testing.T) {
	w := newPrivateWorld(t)
	first, second := w.enclaves[0], w.enclaves[1]
	w.mustTake(w.Block(w.write("a", "old", first, second)))
	w.mustTake(w.Block(w.write("a", "new", first, second)))
	forger := func(org int) msp.Signer {
		return w.Orgs[org-1].Issue(fpctest.Template{
			Name: "forger", OUs: []string{fpctest.RoleClient, protocol.EnclaveOU(w.Hash(), private, "fpc-1")},
		})
	}
	raw := w.write("a", "old", forger(1), forger(2))
	resp, err := w.take(w.Block(raw))
	if err != nil || resp.GetValid() != 1 {
		t.Fatalf("got %v, %v, want a transaction that peers call valid", resp, err)
	}
	w.wantBy("forgers", "a", "old", false)
	w.mustTake(w.Block(w.write("a", "old", forger(2), first)))
	w.wantBy("a forger and an enclave", "a", "old", false)
	w.mustTake(w.Block(w.write("a", "newer", first, second)))
	w.wantBy("enclaves again", "a", "newer", true)
	w.mustTake(w.Block(w.write("a", "", forger(1), forger(2)), w.write("c", "1", first, second)))
	wantRemoved := func(what string, want ...string) {
		t.Helper()
		var got []string
		for _, row := range w.rows(0, &fpc.RangeAsk{Namespace: private}).GetRows() {
			if info := row.GetInfo(); info.GetRemoved() && info.GetTxId() != "" && !info.GetPresent() {
				got = append(got, row.GetKey())
			}
			if key := w.key(0, private, row.GetKey()); !proto.Equal(key, row.GetInfo()) {
				t.Errorf("%s: got %v for the key, %v in the range", what, key, row.GetInfo())
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q as removed by others, want %q", what, got, want)
		}
	}
	wantRemoved("removed by forgers", "a")
	w.mustTake(w.Block(w.write("z", "", forger(1), forger(2))))
	wantRemoved("one that was never there, too", "a", "z")
	checkpoint := parts(t, w.Enclave)
	w.Enclave = newEnclave(t, "ledger")
	if _, err := resume(t, w.Enclave, checkpoint); err != nil {
		t.Fatal(err)
	}
	wantRemoved("after a checkpoint", "a", "z")
	w.mustTake(w.Block(w.write("a", "back", first, second), w.write("z", "", first, second)))
	wantRemoved("enclaves wrote one and removed the other")
	w.wantBy("written again", "a", "back", true)
	w.mustTake(w.Block(w.write("a", "", first, second)))
	wantRemoved("removed by enclaves")
	// A write by enclaves to a chaincode of Lite mode is not by enclaves.
	lite, _ := w.Tx(ledgertest.Tx{Chaincode: "kv", Namespaces: writing("kv", "a", "1"), Endorsers: []msp.Signer{first, second}})
	w.mustTake(w.Block(lite))
	if info := w.key(0, "kv", "a"); !info.GetPresent() || info.GetByEnclaves() {
		t.Errorf("a key of a Lite chaincode: got %v, want it there and not by enclaves", info)
	}
}

// After an upgrade enclaves of the old version satisfy nothing any more, and the
// values that they wrote stay theirs.
func TestUpgrade(t *testing.T) {
	w := newPrivateWorld(t)
	first, second := w.enclaves[0], w.enclaves[1]
	w.mustTake(w.Block(w.write("a", "1", first, second)))
	w.define("fpc-2")
	resp, err := w.take(w.Block(w.write("a", "2", first, second)))
	if err != nil || resp.GetValid() != 0 {
		t.Errorf("enclaves of the old version: got %v, %v, want an invalid transaction", resp, err)
	}
	w.wantBy("written before", "a", "1", true)
	wantFailure(t, "an enclave of the old version", w.endorser(0, private, first.ID).GetRefused(), protocol.CodeWrongVersion)
}

func (w *world) endorser(at uint64, chaincode, enclave string) *fpc.EndorserReply {
	w.t.Helper()
	return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Endorser{Endorser: &fpc.EndorserAsk{ChaincodeId: chaincode, EnclaveId: enclave}}}).GetEndorser()
}

// The policy by which a receiver of keys is judged is the stored one, where ERCC's
// definition approves it, at the head that is asked about.
func TestPolicyInForce(t *testing.T) {
	w := newWorld(t)
	ask := func(at uint64) *fpc.PolicyReply {
		t.Helper()
		return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Policy{Policy: &fpc.PolicyAsk{}}}).GetPolicy()
	}
	store := func(policy string) { w.put(protocol.ERCCName, protocol.PolicyKey, policy) }
	wantFailure(t, "none", ask(0).GetRefused(), protocol.CodeNoPolicy)
	store(string(protocol.StoredPolicy([]byte("first"))))
	wantFailure(t, "that no definition approves", ask(0).GetRefused(), protocol.CodeWrongPolicy)
	approve := func(policy string) {
		w.mustTake(w.Block(w.Define(lifecycle.Definition{
			Name: protocol.ERCCName, Version: protocol.PolicyVersion([]byte(policy)), ValidationParameter: ledgertest.Rule(t, anyMember),
		})))
	}
	approve("first")
	at := w.Height()
	approve("second")
	wantFailure(t, "approved before", ask(0).GetRefused(), protocol.CodeWrongPolicy)
	if got := ask(at); got.GetRefused() != nil || string(got.GetPolicy()) != "first" {
		t.Errorf("at the head before: got %v, want the first one", got)
	}
	store("second")
	wantFailure(t, "stored by no registry", ask(0).GetRefused(), protocol.CodeInternal)
}

func TestEndorser(t *testing.T) {
	w := newPrivateWorld(t)
	first, third := w.enclaves[0], w.enclaves[2]
	registered := w.Height()
	key := devtest.Marshal(t, &fpc.ChaincodeKey{Generation: 7})
	w.put(protocol.ERCCName, protocol.ChaincodeKeyKey(private), string(key))
	w.mustTake(w.Block(w.Revoke(first)))
	stranger := w.Chain.Enclave(1, private, "fpc-1")
	for _, c := range []struct {
		name      string
		at        uint64
		chaincode string
		id        string
		refused   protocol.Code
		holds     bool // provisioned
	}{
		{"before its revocation", registered, private, first.ID, "", true},
		{"revoked", 0, private, first.ID, protocol.CodeRevoked, true},
		{"not provisioned", 0, private, third.ID, "", false},
		{"before its registration", registered - 2, private, first.ID, protocol.CodeNotRegistered, false},
		{"never registered", 0, private, stranger.ID, protocol.CodeNotRegistered, false},
		{"for another chaincode", 0, "kv", third.ID, protocol.CodeNotRegistered, false},
		{"a name with a slash", 0, private + "/" + third.ID, third.ID, protocol.CodeMalformed, false},
		{"an id that is none", 0, private, "../" + private + "/" + third.ID, protocol.CodeMalformed, false},
		{"an id in upper case", 0, private, fmt.Sprintf("%064X", 10), protocol.CodeMalformed, false},
	} {
		r := w.endorser(c.at, c.chaincode, c.id)
		wantFailure(t, c.name, r.GetRefused(), c.refused)
		if r.GetProvisioned() != c.holds {
			t.Errorf("%s: got provisioned %t, want %t", c.name, r.GetProvisioned(), c.holds)
		}
	}
	r := w.endorser(0, private, third.ID)
	if string(r.GetCredentials()) != string(third.Credentials) || r.GetGeneration() != 7 || string(r.GetChaincodeKey()) != string(key) {
		t.Errorf("got %v, want the credentials and the key of generation 7", r)
	}
	// Credentials of a chaincode that nobody defined.
	ghost := w.Chain.Enclave(1, "ghost", "fpc-1")
	w.mustTake(w.Block(w.Register(ghost)))
	wantFailure(t, "no definition", w.endorser(0, "ghost", ghost.ID).GetRefused(), protocol.CodeNoDefinition)
}

func TestRegistryValues(t *testing.T) {
	w := newPrivateWorld(t)
	exported := protocol.ExportedKey(private, w.enclaves[2].ID)
	ask := func(at uint64, key string) string {
		return string(w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Registry{Registry: &fpc.RegistryAsk{Key: key}}}).GetRegistry().GetValue())
	}
	w.put(protocol.ERCCName, exported, "one")
	before := w.Height()
	w.put(protocol.ERCCName, exported, "two")
	w.put("kv", exported, "not the registry's")
	for at, want := range map[uint64]string{before - 1: "", before: "one", before + 1: "two", 0: "two"} {
		if got := ask(at, exported); got != want {
			t.Errorf("at %d: got %q, want %q", at, got, want)
		}
	}
	w.put(protocol.ERCCName, exported, "")
	if got := ask(0, exported); got != "" {
		t.Errorf("deleted: got %q, want nothing", got)
	}
	// Values of other namespaces are not kept.
	if info := w.key(0, "kv", exported); !info.GetPresent() {
		t.Errorf("got %v, want the key", info)
	}
}

func TestRevokedCreator(t *testing.T) {
	w := newWorld(t)
	gone := w.Orgs[0].Client("gone")
	before := w.Height()
	w.Orgs[0].Revoke(gone)
	w.mustTake(w.Block(w.Revocations(1)))
	ask := func(at uint64) *fpc.Failure {
		return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{Identity: gone.Creator()}}}).GetIdentity().GetRefused()
	}
	wantFailure(t, "at the head before the revocation", ask(before), "")
	wantFailure(t, "after the revocation", ask(0), protocol.CodeRevokedCreator)
	raw, id := w.Tx(ledgertest.Tx{Chaincode: "kv", Namespaces: writing("kv", "a", "1"), Endorsers: w.Majority(), Creator: gone})
	if _, err := w.take(w.Block(raw)); err != nil {
		t.Fatal(err)
	}
	if got := w.status(0, id).GetCode(); got == 0 {
		t.Errorf("a transaction of a revoked creator: got VALID")
	}
}
