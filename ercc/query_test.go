// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// threeEnclaves: one provisioned, one only registered, one revoked.
func threeEnclaves(t *testing.T) (r *registry, provisioned, registered, revoked *scene.Enclave) {
	r = withPolicy(t)
	provisioned, registered, revoked = r.provisioned(), r.registered(), r.registered()
	for _, org := range []string{scene.Org1, scene.Org2} {
		scene.Accepted(t, r.revoke(r.admin(org), revoked.ID()))
	}
	return r, provisioned, registered, revoked
}

func ids(t *testing.T, list []*fpc.Credentials) []string {
	t.Helper()
	var all []string
	for _, c := range list {
		parsed, err := protocol.CredentialsFromPB("INV-5", c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parsed.EnclaveID())
	}
	return all
}

func sorted(ids ...string) []string { return slices.Sorted(slices.Values(ids)) }

func TestListsLeaveRevokedEnclavesOut(t *testing.T) {
	r, provisioned, registered, _ := threeEnclaves(t)
	list := &fpc.CredentialsList{}
	query(r, list, protocol.FuncQueryListEnclaveCredentials, scene.Chaincode)
	if got, want := ids(t, list.GetCredentials()), sorted(provisioned.ID(), registered.ID()); !slices.Equal(got, want) {
		t.Errorf("credentials: got %q, want %q", got, want)
	}
	keys := &fpc.ProvisionedList{}
	query(r, keys, protocol.FuncQueryListProvisionedEnclaves, scene.Chaincode)
	if len(keys.GetProvisioned()) != 1 {
		t.Fatalf("provisioned: got %d, want 1", len(keys.GetProvisioned()))
	}
	if _, err := protocol.VerifyKeyRegistration("INV-5", provisioned.VK, keys.GetProvisioned()[0]); err != nil {
		t.Errorf("provisioned enclave's registration: %v", err)
	}
	empty := &fpc.CredentialsList{}
	query(r, empty, protocol.FuncQueryListEnclaveCredentials, "auction2")
	if len(empty.GetCredentials()) != 0 {
		t.Errorf("credentials of another chaincode: got %d, want none", len(empty.GetCredentials()))
	}
}

func TestRegistryViewHoldsAllAClientChecks(t *testing.T) {
	r, provisioned, registered, revoked := threeEnclaves(t)
	view := &fpc.RegistryView{}
	query(r, view, protocol.FuncQueryRegistryView, scene.Chaincode)

	if got, want := view.GetErccVersion(), protocol.PolicyVersion(view.GetPolicy()); got != want {
		t.Errorf("ERCC's version: got %s, the policy's is %s", got, want)
	}
	want := &fpc.CCParameters{ChaincodeId: scene.Chaincode, Version: r.Version(), ChannelId: scene.ChannelID, Sequence: 1}
	if got := view.GetDefinition(); !proto.Equal(got, want) {
		t.Errorf("definition: got %v, want %v", got, want)
	}
	if !bytes.Equal(view.GetCodeManifest(), r.Manifest) {
		t.Errorf("manifest: got %q, want %q", view.GetCodeManifest(), r.Manifest)
	}
	if got, want := ids(t, view.GetCredentials()), sorted(provisioned.ID(), registered.ID(), revoked.ID()); !slices.Equal(got, want) {
		t.Errorf("credentials: got %q, want %q", got, want)
	}
	if got, want := view.GetRevoked(), []string{revoked.ID()}; !slices.Equal(got, want) {
		t.Errorf("revoked: got %q, want %q", got, want)
	}
	if len(view.GetProvisioned()) != 1 || view.GetChaincodeKey().GetGeneration() != 1 {
		t.Errorf("keys: got %d provisioned and generation %d, want 1 and 1", len(view.GetProvisioned()), view.GetChaincodeKey().GetGeneration())
	}
}

func TestViewsAreTheSameBytesAtEveryPeer(t *testing.T) {
	r, provisioned, _, _ := threeEnclaves(t)
	for function, args := range map[string][]string{
		protocol.FuncQueryRegistryView:   {scene.Chaincode},
		protocol.FuncQueryValidationView: {scene.Chaincode, provisioned.ID()},
	} {
		var first []byte
		for _, org := range []string{scene.Org1, scene.Org2, scene.Org3} {
			tx := r.tx(r.Orgs[org].Client().Creator(), append([][]byte{[]byte(function)}, shimtest.Args(args...)...))
			got := scene.Accepted(t, r.cc.Evaluate(tx))
			if first == nil {
				first = got
			}
			if !bytes.Equal(got, first) {
				t.Errorf("%s: peers answer different bytes", function)
			}
		}
	}
}

func TestValidationView(t *testing.T) {
	r, provisioned, registered, revoked := threeEnclaves(t)
	unknown := r.NewEnclave(scene.Org2)
	for _, test := range []struct {
		name                              string
		enclave                           *scene.Enclave
		isKnown, isProvisioned, isRevoked bool
	}{
		{"provisioned", provisioned, true, true, false},
		{"registered", registered, true, false, false},
		{"revoked", revoked, true, false, true},
		{"unknown", unknown, false, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			view := &fpc.ValidationView{}
			query(r, view, protocol.FuncQueryValidationView, scene.Chaincode, test.enclave.ID())
			if got := view.GetCredentials() != nil; got != test.isKnown {
				t.Errorf("known: got %t, want %t", got, test.isKnown)
			}
			if got := view.GetProvisioned() != nil; got != test.isProvisioned {
				t.Errorf("provisioned: got %t, want %t", got, test.isProvisioned)
			}
			if got := view.GetRevoked(); got != test.isRevoked {
				t.Errorf("revoked: got %t, want %t", got, test.isRevoked)
			}
			if view.GetChaincodeKey() == nil || view.GetDefinition().GetVersion() != r.Version() {
				t.Errorf("key and definition: got %v and %v", view.GetChaincodeKey(), view.GetDefinition())
			}
		})
	}
}
