// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

func TestAnyoneStoresTheApprovedPolicy(t *testing.T) {
	r := newRegistry(t)
	client := r.Orgs[scene.Org3].Client().Creator()
	scene.Code(t, r.submit(client, shimtest.Args(protocol.FuncQueryPolicy)), protocol.CodeNoPolicy)

	policy := r.CommitPolicy(r.Policy())
	scene.Accepted(t, r.submit(client, [][]byte{[]byte(protocol.FuncSetPolicy), policy}))
	got := scene.Accepted(t, r.submit(client, shimtest.Args(protocol.FuncQueryPolicy)))
	if !bytes.Equal(got, policy) {
		t.Errorf("stored policy: got %s, want %s", got, policy)
	}
}

func TestAttack12PolicyThatNoDefinitionApproved(t *testing.T) {
	weak := func(r *registry) []byte {
		policy := r.Policy()
		policy.Attestation.Platforms["sim"] = protocol.PlatformPolicy{AllowDebug: true}
		b, err := policy.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	t.Run("stored", func(t *testing.T) {
		r := withPolicy(t)
		before := r.state()
		scene.Code(t, r.submit(r.admin(scene.Org1), [][]byte{[]byte(protocol.FuncSetPolicy), weak(r)}), protocol.CodeWrongPolicy)
		r.unchanged(before)
	})
	t.Run("approved by the definition of a calling chaincode", func(t *testing.T) {
		r := withPolicy(t)
		r.Lifecycle.Commit("evil", protocol.PolicyVersion(weak(r)))
		evil := r.Ledger.Deploy("evil", relay{})
		before := r.state()
		args := [][]byte{[]byte(protocol.FuncSetPolicy), weak(r)}
		scene.Code(t, evil.Submit(r.tx(r.admin(scene.Org1), args)), protocol.CodeNotDirect)
		r.unchanged(before)
		own, through := &fpc.RegistryView{}, &fpc.RegistryView{}
		query(r, own, protocol.FuncQueryRegistryView, scene.Chaincode)
		asked := protocol.ChaincodeArgs(protocol.FuncQueryRegistryView, scene.Chaincode)
		if err := proto.Unmarshal(scene.Accepted(t, evil.Evaluate(r.tx(r.admin(scene.Org1), asked))), through); err != nil {
			t.Fatal(err)
		}
		if got, want := through.GetErccVersion(), own.GetErccVersion(); got != want {
			t.Errorf("the registry's version, asked through that chaincode: got %s, want its own %s", got, want)
		}
	})
	t.Run("approved once, but not by the definition in force", func(t *testing.T) {
		r := withPolicy(t)
		stricter := r.Policy()
		stricter.Attestation.Platforms["sim"] = protocol.PlatformPolicy{MinTCB: 9}
		r.CommitPolicy(stricter)
		before := r.state()
		e := r.NewEnclave(scene.Org1)
		scene.Code(t, r.register(r.admin(scene.Org1), e.Credentials()), protocol.CodeWrongPolicy)
		r.unchanged(before)
	})
	t.Run("no policy at all", func(t *testing.T) {
		r := newRegistry(t)
		e := r.NewEnclave(scene.Org1)
		scene.Code(t, r.register(r.admin(scene.Org1), e.Credentials()), protocol.CodeNoPolicy)
		r.unchanged(map[string]string{})
	})
}

// relay is a chaincode that passes what it is called with to ERCC.
type relay struct{}

func (relay) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (relay) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	return stub.InvokeChaincode(protocol.ERCCName, stub.GetArgs(), "")
}

// Peers that keep their state in CouchDB refuse some keys and values and alter
// others: the registry writes none of either.
func TestStateSurvivesCouchDB(t *testing.T) {
	r := withPolicy(t)
	r.provisioned()
	for key, value := range r.state() {
		if err := validate.CouchRefuses(key, []byte(value)); err != nil {
			t.Error(err)
		}
		if validate.CouchAlters([]byte(value)) {
			t.Errorf("%s: a peer with CouchDB would answer other bytes than %q", key, value)
		}
	}
}
