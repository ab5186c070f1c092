// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// forger is somebody to whom an organisation's CA gave the enclaves' unit.
func (w *privateWorld) forger(org int) msp.Signer {
	return w.Orgs[org-1].Issue(fpctest.Template{
		Name: "forger", OUs: []string{fpctest.RoleClient, protocol.EnclaveOU(w.Hash(), private, "fpc-1")},
	})
}

// setPolicy is a transaction of these endorsers that gives keys an endorsement
// policy of their own.
func (w *privateWorld) setPolicy(application []byte, endorsers []msp.Signer, keys ...string) []byte {
	w.t.Helper()
	parsed := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(application, parsed); err != nil {
		w.t.Fatal(err)
	}
	ns := rwset.Namespace{Name: private}
	for _, key := range keys {
		ns.Metadata = append(ns.Metadata, rwset.MetadataWrite{Key: key, Entries: []rwset.Entry{
			{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: devtest.Marshal(w.t, parsed.GetSignaturePolicy())},
		}})
	}
	raw, _ := w.Tx(ledgertest.Tx{Chaincode: private, Namespaces: []rwset.Namespace{ns}, Endorsers: endorsers})
	return raw
}

// A key's own policy counts where enclaves set it. Where others did, the key is
// no longer the enclaves', until they write it again as the definition asks.
func TestAttack23PolicyOfOthers(t *testing.T) {
	w := newPrivateWorld(t)
	first, second := w.enclaves[0], w.enclaves[1]
	enclaves, forgers := []msp.Signer{first, second}, []msp.Signer{w.forger(1), w.forger(2)}
	one := w.EnclaveRule("OR('Org1MSP.enclave')", private, "fpc-1")
	w.mustTake(w.Block(w.write("a", "1", enclaves...), w.write("b", "1", enclaves...)))

	w.mustTake(w.Block(w.setPolicy(one, enclaves, "a")))
	w.wantBy("a policy that enclaves set", "a", "1", true)
	w.mustTake(w.Block(w.write("a", "2", first)))
	w.wantBy("written by the enclave that the key's policy asks for", "a", "2", true)
	w.mustTake(w.Block(w.write("a", "3", w.forger(1))))
	w.wantBy("written by a forger under the key's policy", "a", "3", false)

	w.mustTake(w.Block(w.setPolicy(one, forgers, "b")))
	w.wantBy("a policy that others set", "b", "1", false)
	w.mustTake(w.Block(w.write("b", "2", first)))
	w.wantBy("one enclave under that policy", "b", "2", false)
	w.mustTake(w.Block(w.write("b", "3", enclaves...)))
	w.wantBy("as many as the definition asks for", "b", "3", true)

	w.mustTake(w.Block(w.write("c", "1", enclaves...), w.setPolicy(one, forgers, "c")))
	w.wantBy("a policy that others set in the same block", "c", "1", false)

	peers := ledgertest.Rule(t, "OR('Org1MSP.member')")
	w.mustTake(w.Block(w.write("d", "1", enclaves...)))
	w.mustTake(w.Block(w.setPolicy(peers, enclaves, "d")))
	w.mustTake(w.Block(w.write("d", "2", first)))
	w.wantBy("a policy that is not of enclaves alone", "d", "2", false)
}

// While a definition lets peers endorse, what they do to the enclaves' keys is
// remembered.
func TestAttack23DefinitionOfAnotherKind(t *testing.T) {
	w := newPrivateWorld(t)
	enclaves, other := []msp.Signer{w.enclaves[0], w.enclaves[1]}, []msp.Signer{w.Peer(3)}
	w.mustTake(w.Block(w.write("a", "1", enclaves...), w.write("b", "1", enclaves...), w.write("c", "1", enclaves...)))
	plain := ledgertest.Rule(t, anyMember)
	w.mustTake(w.Block(w.Define(lifecycle.Definition{Name: private, Version: "fpc-1", ValidationParameter: plain})))
	w.mustTake(w.Block(w.write("a", "", other...), w.write("b", "2", other...), w.setPolicy(plain, other, "c"), w.write("x", "1", other...)))
	w.mustTake(w.Block(w.write("b", "", other...), w.write("x", "", other...)))
	if info := w.key(0, private, "a"); !info.GetRemoved() {
		t.Errorf("removed: got %v, want it removed by others", info)
	}
	w.mustTake(w.Block(w.write("a", "2", other...)))
	w.define("fpc-1")
	w.wantBy("removed and written", "a", "2", false)
	if info := w.key(0, private, "b"); !info.GetRemoved() {
		t.Errorf("written and removed: got %v, want it removed by others", info)
	}
	w.wantBy("with another policy", "c", "1", false)
	if info := w.key(0, private, "x"); info.GetRemoved() {
		t.Errorf("a key that was never the enclaves': got %v, want it absent", info)
	}
	w.mustTake(w.Block(w.write("a", "3", enclaves...)))
	w.wantBy("written again", "a", "3", true)
}

// A CA that certifies an enclave of old code under the new version's unit too
// does not make one of the new version of it.
func TestAttack23EnclaveOfTwoVersions(t *testing.T) {
	w := newPrivateWorld(t)
	both := func(e *ledgertest.Enclave, org int) msp.Signer {
		return w.Orgs[org-1].Issue(fpctest.Template{Name: "both", Key: e.Key, OUs: []string{
			fpctest.RoleClient, protocol.EnclaveOU(w.Hash(), private, "fpc-1"), protocol.EnclaveOU(w.Hash(), private, "fpc-2"),
		}})
	}
	first, second := both(w.enclaves[0], 1), both(w.enclaves[1], 2)
	w.define("fpc-2")
	w.mustTake(w.Block(w.write("a", "1", first, second)))
	w.wantBy("enclaves registered for the old version", "a", "1", false)
}

// An enclave with two certificates is one enclave.
func TestAttack23OneEnclaveTwice(t *testing.T) {
	w := newPrivateWorld(t)
	e := w.enclaves[0]
	again := w.Orgs[0].Issue(fpctest.Template{Name: "again", Key: e.Key, OUs: []string{
		fpctest.RoleClient, protocol.EnclaveOU(w.Hash(), private, "fpc-1"),
	}})
	w.mustTake(w.Block(w.Define(lifecycle.Definition{
		Name: private, Version: "fpc-1",
		ValidationParameter: w.EnclaveRule("OutOf(2,'Org1MSP.enclave','Org1MSP.enclave')", private, "fpc-1"),
	})))
	w.mustTake(w.Block(w.write("a", "1", e, again)))
	w.wantBy("one enclave under two certificates", "a", "1", false)
	other := w.Chain.Enclave(1, private, "fpc-1")
	w.mustTake(w.Block(w.Register(other), w.Provision(other)))
	w.mustTake(w.Block(w.write("a", "2", e, other)))
	w.wantBy("two enclaves of the organisation", "a", "2", true)
}
