// SPDX-License-Identifier: Apache-2.0

// Package certify is untrusted: it signs certificates in the form that Fabric's
// MSPs keep. Whom an authority certifies, as what and for how long is for its
// owner to say: an organisation's administrator, or the embedded network's CAs.
package certify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/privatechaincode/fpc/fabric/msp"
)

// Certificate signs a template over a public key and returns DER. It sets the
// template's serial number, at random, and its subject key identifier, as Fabric
// derives it: SHA-256 of the uncompressed point, by which key stores look keys up.
func Certificate(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) ([]byte, error) {
	point, err := public.Bytes()
	if err != nil {
		return nil, fmt.Errorf("public key of %q: %w", template.Subject.CommonName, err)
	}
	id := sha256.Sum256(point)
	template.SubjectKeyId = id[:]
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, LowS(key))
	if err != nil {
		return nil, fmt.Errorf("certificate of %q: %w", template.Subject.CommonName, err)
	}
	return der, nil
}

// RequestedKey returns the key of a PKCS #10 request (DER) that proves possession
// of it (REG-9). What the request says of itself counts for nothing.
func RequestedKey(request []byte) (*ecdsa.PublicKey, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	public, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("certificate request: the key is not ECDSA")
	}
	return public, nil
}

// PEM is a certificate's text.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// LowS signs by a key with S in the lower half, the only form that Fabric's MSPs
// keep: certificates then look alike before and after they pass one.
func LowS(key *ecdsa.PrivateKey) crypto.Signer { return lowS{key} }

type lowS struct{ key *ecdsa.PrivateKey }

func (l lowS) Public() crypto.PublicKey { return &l.key.PublicKey }

func (l lowS) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	sig, err := l.key.Sign(random, digest, opts)
	if err != nil {
		return nil, err
	}
	return msp.LowS(&l.key.PublicKey, sig)
}
