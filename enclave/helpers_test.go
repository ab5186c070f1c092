// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// wantCode asserts the code of an error.
func wantCode(t *testing.T, what string, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, want)
	}
}

// wantSealed asserts that an answer is a sealed error with this code, and that
// nothing in it could be replayed.
func wantSealed(t *testing.T, what string, a *enclavetest.Answer, want protocol.Code) {
	t.Helper()
	if a.Result || a.Response.GetRwset() != nil || a.Response.GetEvent() != nil || len(a.Response.GetSignedProposal()) != 0 {
		t.Errorf("%s: the answer is a result (%v), want a sealed error with code %q", what, a.Response, want)
		return
	}
	e, ok := protocol.ParseError(a.Clear.GetMessage())
	if !ok || e.Code != want || a.Clear.GetStatus() < shim.ERRORTHRESHOLD {
		t.Errorf("%s: got status %d, message %q, want code %q", what, a.Clear.GetStatus(), a.Clear.GetMessage(), want)
	}
}

// wantResult asserts that an answer is a result with this payload.
func wantResult(t *testing.T, what string, a *enclavetest.Answer, want string) {
	t.Helper()
	if !a.Result || string(a.Clear.GetPayload()) != want {
		t.Errorf("%s: got result %v, status %d, message %q, payload %q, want payload %q",
			what, a.Result, a.Clear.GetStatus(), a.Clear.GetMessage(), a.Clear.GetPayload(), want)
	}
}

// succeed answers with what f returns, or with its error.
func succeed(f func(shim.ChaincodeStubInterface) (string, error)) enclavetest.Func {
	return func(stub shim.ChaincodeStubInterface) *shim.Response {
		out, err := f(stub)
		if err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success([]byte(out))
	}
}

// keysOf collects the keys and values of an iterator as "key=value …".
func keysOf(it shim.StateQueryIteratorInterface, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer it.Close()
	var out []string
	for it.HasNext() {
		row, err := it.Next()
		if err != nil {
			return "", err
		}
		out = append(out, row.GetKey()+"="+string(row.GetValue()))
	}
	return strings.Join(out, " "), nil
}
