// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/ecdsa"
	"errors"
)

// Signer signs in the name of an identity.
type Signer interface {
	// Creator returns the serialized identity, as it stands in signature headers.
	Creator() []byte
	// Sign returns a low-S ECDSA signature (ASN.1) over the SHA-256 of message.
	Sign(message []byte) ([]byte, error)
}

// NewSigner returns a signer for a PEM certificate and its P-256 key; the key
// must be the certificate's.
func NewSigner(mspID string, certPEM []byte, key *ecdsa.PrivateKey) (Signer, error) {
	return nil, errors.New("msp: not implemented")
}

// Serialize returns the serialized identity of an MSP id and a PEM certificate.
func Serialize(mspID string, certPEM []byte) []byte { return nil }

// ParseSerialized splits a serialized identity into MSP id and PEM certificate,
// checking only its form.
func ParseSerialized(serialized []byte) (mspID string, certPEM []byte, err error) {
	return "", nil, errors.New("msp: not implemented")
}

// LowS returns signature with S replaced by N-S where that is smaller. Fabric
// refuses any other signature.
func LowS(key *ecdsa.PublicKey, signature []byte) ([]byte, error) {
	return nil, errors.New("msp: not implemented")
}

// CertifiersIdentifier is the SHA-256 over a CA chain's DER, issuing CA first and
// root last, each certificate low-S normalised (fabric-surface.md, lesson 3). A
// chain of one root is that root alone. It is what an ORGANIZATION_UNIT principal
// names; an empty one never matches.
func CertifiersIdentifier(chainPEM ...[]byte) ([]byte, error) {
	return nil, errors.New("msp: not implemented")
}
