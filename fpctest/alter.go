// SPDX-License-Identifier: Apache-2.0

package fpctest

import (
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
	"testing"
)

// OtherHex is s, a lower-case hexadecimal string, with its first digit changed:
// well-formed, as long, and never equal to s.
func OtherHex(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

// HighS is the other signature that ECDSA accepts and Fabric refuses: a low-S one's
// high-S twin.
func HighS(t testing.TB, signature []byte) []byte {
	t.Helper()
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &s); err != nil {
		t.Fatal(err)
	}
	s.S.Sub(elliptic.P256().Params().N, s.S)
	twin, err := asn1.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return twin
}
