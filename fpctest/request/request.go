// SPDX-License-Identifier: Apache-2.0

// Package request is untrusted: it makes what a client of a private chaincode sends,
// part by part, for tests that change the parts.
package request

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Seal seals a clear request, into which it puts a fresh response key (INV-3,
// INV-4). The key opens the answer.
func Seal(t testing.TB, ek keys.ChaincodeEK, b keys.RequestBinding, clear *fpc.ClearRequest) (*fpc.Request, keys.ResponseKey) {
	t.Helper()
	r := keys.NewResponseKey()
	var err error
	if clear.ResponseKey, err = r.MarshalSecret(); err != nil {
		t.Fatal(err)
	}
	sealed, err := protocol.SealRequest(ek, b, keys.PadPadme, clear)
	if err != nil {
		t.Fatal(err)
	}
	return sealed, r
}
