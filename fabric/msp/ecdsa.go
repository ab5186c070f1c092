// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"math/big"
)

// ecdsaSignature is the ASN.1 form of a signature. As Fabric does, bytes after
// it are ignored: refusing them would judge transactions differently from peers.
type ecdsaSignature struct {
	R, S *big.Int
}

var errSignatureForm = errors.New("not an ECDSA signature in ASN.1, with R and S in range")

func parseSignature(signature []byte) (ecdsaSignature, error) {
	var s ecdsaSignature
	if _, err := asn1.Unmarshal(signature, &s); err != nil {
		return s, errSignatureForm
	}
	if s.R == nil || s.S == nil || s.R.Sign() != 1 || s.S.Sign() != 1 {
		return s, errSignatureForm
	}
	return s, nil
}

// isLowS tells whether S is in the lower half of the group order.
func (s ecdsaSignature) isLowS(key *ecdsa.PublicKey) bool {
	half := new(big.Int).Rsh(key.Params().N, 1)
	return s.S.Cmp(half) <= 0
}

// LowS returns the signature, canonically encoded, with S replaced by N-S where
// that is smaller. Fabric's MSP refuses signatures in any other form.
func LowS(key *ecdsa.PublicKey, signature []byte) ([]byte, error) {
	s, err := parseSignature(signature)
	if err != nil {
		return nil, err
	}
	if s.S.Cmp(key.Params().N) >= 0 {
		return nil, errSignatureForm
	}
	if !s.isLowS(key) {
		s.S.Sub(key.Params().N, s.S)
	}
	return asn1.Marshal(s)
}

// verifyDigest checks a low-S signature over a digest.
func verifyDigest(key *ecdsa.PublicKey, digest, signature []byte) error {
	s, err := parseSignature(signature)
	if err != nil {
		return err
	}
	if !s.isLowS(key) {
		return errors.New("the value S is not in the lower half of the group order")
	}
	canonical, err := asn1.Marshal(s)
	if err != nil {
		return errSignatureForm
	}
	if !ecdsa.VerifyASN1(key, digest, canonical) {
		return errors.New("the signature does not verify with the certificate's key")
	}
	return nil
}
