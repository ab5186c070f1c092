// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
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

// highS returns the other signature that ECDSA accepts and Fabric refuses.
func highS(t *testing.T, signature []byte) []byte {
	t.Helper()
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &s); err != nil {
		t.Fatal(err)
	}
	s.S.Sub(elliptic.P256().Params().N, s.S)
	b, err := asn1.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
