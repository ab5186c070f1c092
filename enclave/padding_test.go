// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/shim"
)

// Everything that an enclave seals has a padded length, or its true one where
// the chaincode's author chose so: values, events' payloads, answers, errors.
func TestPaddingOfWhatLeaves(t *testing.T) {
	cc := enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		function, args := stub.GetFunctionAndParameters()
		data := []byte(args[0])
		switch function {
		case "value":
			return answerOf(stub.PutState("k", data))
		case "event":
			return answerOf(stub.SetEvent("e", data))
		case "answer":
			return shim.Success(data)
		case "message":
			return &shim.Response{Status: shim.OK, Message: args[0]}
		default:
			return shim.Error(args[0])
		}
	})
	sealed := map[string]func(*enclavetest.Answer) []byte{
		"value":   func(a *enclavetest.Answer) []byte { return a.Response.GetRwset().GetWrites()[0].GetValue() },
		"event":   func(a *enclavetest.Answer) []byte { return a.Response.GetEvent().GetPayload() },
		"answer":  func(a *enclavetest.Answer) []byte { return a.Response.GetEncryptedResponse() },
		"message": func(a *enclavetest.Answer) []byte { return a.Response.GetEncryptedResponse() },
		"error":   func(a *enclavetest.Answer) []byte { return a.Response.GetEncryptedResponse() },
	}
	padded := enclavetest.New(t).Start(cc)
	exact := enclavetest.New(t).Start(cc, func(c *enclave.Config) { c.Padding = keys.PadNone })
	for what, of := range sealed {
		length := func(w *enclavetest.World, n int) int {
			t.Helper()
			return len(of(w.Ask(w.Org1.Client(), what, strings.Repeat("a", n)).MustSend(enclavetest.NewHost())))
		}
		if short, long := length(padded, 1040), length(padded, 1070); short != long {
			t.Errorf("%s: 1040 and 1070 bytes have %d and %d sealed, want the same", what, short, long)
		}
		if short, long := length(exact, 1040), length(exact, 1070); long != short+30 {
			t.Errorf("%s without padding: 1040 and 1070 bytes have %d and %d sealed, want 30 more", what, short, long)
		}
	}
}
