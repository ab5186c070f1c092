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
		args := [][]byte{[]byte(function), first, second}[:max(0, min(n, 3))]
		result := r.cc.Evaluate(r.tx(admin, args))
		if result.OK() {
			return
		}
		message := result.Response.GetMessage()
		if _, named := protocol.ParseError(message); !named || strings.Contains(message, "panic") {
			t.Fatalf("refusal without step and code: %q", message)
		}
	})
}
