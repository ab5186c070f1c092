// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// FuzzArguments: whatever an administrator sends, ERCC answers with a refusal
// that names step and code, or does what the function says; it never panics.
func FuzzArguments(f *testing.F) {
	r := withPolicy(f)
	e := r.registered()
	admin := r.admin(scene.Org1)
	fresh := r.NewEnclave(scene.Org1)
	seed := func(args [][]byte) {
		var three [3][]byte
		copy(three[:], args)
		f.Add(string(three[0]), three[1], three[2], len(args))
	}
	seed(r.registerArgs(fresh.Credentials()))
	keyArgs, err := protocol.RegisterCCKeysArgs(e.KeyRegistration())
	if err != nil {
		f.Fatal(err)
	}
	seed(keyArgs)
	seed([][]byte{[]byte(protocol.FuncSetPolicy), r.CommitPolicy(r.Policy())})
	seed(protocol.EnclaveArgs(protocol.FuncRevokeEnclave, scene.Chaincode, e.ID()))
	seed(protocol.ChaincodeArgs(protocol.FuncQueryRegistryView, scene.Chaincode))
	seed(protocol.EnclaveArgs(protocol.FuncQueryValidationView, scene.Chaincode, e.ID()))
	seed(shimtest.Args("", "", ""))

	f.Fuzz(func(t *testing.T, function string, first, second []byte, n int) {
		r.fuzz(t, admin, [][]byte{[]byte(function), first, second}[:max(0, min(n, 3))])
	})
}

// FuzzFullArguments is FuzzArguments at a registry of Full mode: certificates,
// organisations' roots, key exports.
func FuzzFullArguments(f *testing.F) {
	r := full(f)
	sender, receiver := r.generates(), r.enters(scene.Org2)
	admin := r.admin(scene.Org2)
	exportArgs := r.export(sender.Export(receiver.ID()))
	receiver.Key = sender.Key
	keyArgs, err := protocol.RegisterCCKeysArgs(receiver.KeyRegistration())
	if err != nil {
		f.Fatal(err)
	}
	for _, args := range [][][]byte{
		r.registerArgs(r.NewEnclave(scene.Org2).Full().Credentials()), exportArgs, keyArgs,
		protocol.EnclaveArgs(protocol.FuncGetKeyExport, scene.Chaincode, receiver.ID()),
	} {
		var four [4][]byte
		copy(four[:], args)
		f.Add(string(four[0]), four[1], four[2], four[3], len(args))
	}
	f.Fuzz(func(t *testing.T, function string, first, second, third []byte, n int) {
		r.fuzz(t, admin, [][]byte{[]byte(function), first, second, third}[:max(0, min(n, 4))])
	})
}

func (r *registry) fuzz(t *testing.T, creator []byte, args [][]byte) {
	result := r.cc.Evaluate(r.tx(creator, args))
	if result.OK() {
		return
	}
	message := result.Response.GetMessage()
	if _, named := protocol.ParseError(message); !named || strings.Contains(message, "panic") {
		t.Fatalf("refusal without step and code: %q", message)
	}
}
