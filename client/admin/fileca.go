// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/internal/certify"
)

// FileCA issues with a CA's certificate and private key, as cryptogen and openssl
// leave them in files. Who holds those files can issue any identity of the
// organisation.
type FileCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// NewFileCA reads a CA's certificate and its ECDSA key, PEM (PKCS #8 or SEC 1).
func NewFileCA(certPEM, keyPEM []byte) (*FileCA, error) {
	certBlock, _ := pem.Decode(certPEM)
	if certBlock == nil || certBlock.Type != "CERTIFICATE" {
		return nil, errors.New("CA certificate: no PEM certificate")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("CA certificate: %w", err)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("CA certificate: %q is no CA", cert.Subject.CommonName)
	}
	key, err := parseECKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("CA key: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("CA key and certificate do not belong together")
	}
	return &FileCA{cert: cert, key: key, now: time.Now}, nil
}

func parseECKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither a PKCS #8 nor a SEC 1 private key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an ECDSA key")
	}
	return key, nil
}

// clockSkew is how far back a certificate's validity begins: clocks differ.
const clockSkew = 5 * time.Minute

// Issue implements [Authority]. The subject comes from the arguments alone: what
// the request says of itself counts for nothing. The certificate is valid as long
// as the CA's, and never from before it: peers would silently not count it.
func (ca *FileCA) Issue(_ context.Context, der []byte, commonName string, units []string) ([]byte, error) {
	public, err := certify.RequestedKey(der)
	if err != nil {
		return nil, err
	}
	from := ca.now().Add(-clockSkew).UTC().Truncate(time.Second)
	if from.Before(ca.cert.NotBefore) {
		from = ca.cert.NotBefore
	}
	cert, err := certify.Certificate(&x509.Certificate{
		Subject:   pkix.Name{OrganizationalUnit: units, CommonName: commonName},
		NotBefore: from, NotAfter: ca.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}, ca.cert, public, ca.key)
	if err != nil {
		return nil, err
	}
	return certify.PEM(cert), nil
}
