// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"testing"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

func shimTx(s *stage) shimtest.Tx { return shimtest.Tx{Creator: s.client.Creator()} }

func sign(t *testing.T, signer msp.Signer, message []byte) []byte {
	t.Helper()
	signature, err := signer.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}
