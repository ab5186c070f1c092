// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
)

// Signer signs in the name of an identity.
type Signer interface {
	// Creator returns the serialized identity, as it stands in signature headers.
	Creator() []byte
	// Sign returns a low-S ECDSA signature (ASN.1) over the SHA-256 of message.
	Sign(message []byte) ([]byte, error)
}

// KeySigner is a [Signer] that holds its private key. It is safe for concurrent
// use.
type KeySigner struct {
	creator []byte
	key     *ecdsa.PrivateKey
}

// NewSigner returns a signer for a PEM certificate and its key; the key must be
// the certificate's.
func NewSigner(mspID string, certPEM []byte, key *ecdsa.PrivateKey) (*KeySigner, error) {
	cert, err := parsePEM(certPEM)
	if err != nil {
		return nil, &Error{Code: CodeBadSigner, MSPID: mspID, Reason: "certificate", Err: err}
	}
	if key == nil || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, &Error{Code: CodeBadSigner, MSPID: mspID, Reason: "the private key is not the certificate's"}
	}
	return &KeySigner{creator: Serialize(mspID, certPEM), key: key}, nil
}

// ParseKey reads an ECDSA private key in PEM: PKCS #8, as Fabric's tools write
// it, or SEC 1.
func ParseKey(keyPEM []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, &Error{Code: CodeBadSigner, Reason: "the private key is no PEM block"}
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, &Error{Code: CodeBadSigner, Reason: "the private key is neither PKCS #8 nor SEC 1"}
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, &Error{Code: CodeBadSigner, Reason: "the private key is no ECDSA key"}
	}
	return ec, nil
}

// Creator implements [Signer].
func (s *KeySigner) Creator() []byte { return s.creator }

// Sign implements [Signer].
func (s *KeySigner) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, digest[:])
	if err != nil {
		return nil, &Error{Code: CodeBadSigner, Reason: "signing", Err: err}
	}
	return LowS(&s.key.PublicKey, signature)
}
