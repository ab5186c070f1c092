// SPDX-License-Identifier: Apache-2.0

package fpctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// caLifetime is how long test CAs live; members' lifetimes lie inside.
const caLifetime = 10 * 365 * 24 * time.Hour

// CA is a test certificate authority.
type CA struct {
	Cert    *x509.Certificate
	CertPEM []byte
	Key     *ecdsa.PrivateKey
	Chain   [][]byte // PEM, this CA first, the root last

	number int64 // of CRLs issued
}

// NewCA makes a root CA, valid since an hour ago.
func NewCA(t testing.TB, name string) *CA {
	t.Helper()
	return newCA(t, name, nil, false)
}

// NewHighSCA makes a root CA whose own certificate has a high-S signature, as
// about half of all CAs' in the field.
func NewHighSCA(t testing.TB, name string) *CA {
	t.Helper()
	return newCA(t, name, nil, true)
}

// Intermediate makes a CA below this one.
func (ca *CA) Intermediate(t testing.TB, name string) *CA {
	t.Helper()
	return newCA(t, name, ca, false)
}

func newCA(t testing.TB, name string, parent *CA, highS bool) *CA {
	t.Helper()
	key := newKey(t)
	now := time.Now().Truncate(time.Second).Add(-time.Hour)
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"fpctest"}},
		NotBefore:             now,
		NotAfter:              now.Add(caLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId:          keyID(t, &key.PublicKey),
	}
	ca := &CA{Key: key}
	issuer, issuerKey := template, key
	if parent != nil {
		issuer, issuerKey = parent.Cert, parent.Key
	}
	ca.Cert = create(t, template, issuer, &key.PublicKey, issuerKey, highS)
	ca.CertPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	ca.Chain = [][]byte{ca.CertPEM}
	if parent != nil {
		ca.Chain = append(ca.Chain, parent.Chain...)
	}
	return ca
}

// issue makes a member's certificate.
func (ca *CA) issue(t testing.TB, m Template) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := m.Key
	if key == nil {
		key = newKey(t)
	}
	return ca.certify(t, m, &key.PublicKey), key
}

// certify makes a member's certificate over a key.
func (ca *CA) certify(t testing.TB, m Template, key *ecdsa.PublicKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: m.Name, OrganizationalUnit: m.OUs},
		NotBefore:             m.NotBefore,
		NotAfter:              m.NotAfter,
		BasicConstraintsValid: true,
		IsCA:                  m.IsCA,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           m.KeyUsages,
	}
	if m.NotBefore.IsZero() {
		template.NotBefore = ca.Cert.NotBefore.Add(time.Minute)
	}
	if m.NotAfter.IsZero() {
		template.NotAfter = ca.Cert.NotAfter.Add(-time.Minute)
	}
	if m.IsCA {
		template.KeyUsage |= x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		template.SubjectKeyId = keyID(t, key)
	}
	return create(t, template, ca.Cert, key, ca.Key, m.HighS)
}

// CRL signs a revocation list (PEM).
func (ca *CA) CRL(t testing.TB, revoked []x509.RevocationListEntry) []byte {
	t.Helper()
	ca.number++
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number:                    big.NewInt(ca.number),
		ThisUpdate:                ca.Cert.NotBefore,
		NextUpdate:                ca.Cert.NotAfter,
		RevokedCertificateEntries: revoked,
	}, ca.Cert, ca.Key)
	if err != nil {
		t.Fatalf("fpctest: revocation list: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// create signs certificates until the signature is in the half wanted.
func create(t testing.TB, template, issuer *x509.Certificate, key *ecdsa.PublicKey, issuerKey *ecdsa.PrivateKey, highS bool) *x509.Certificate {
	t.Helper()
	for {
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, key, issuerKey)
		if err != nil {
			t.Fatalf("fpctest: certificate of %q: %v", template.Subject, err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("fpctest: certificate of %q: %v", template.Subject, err)
		}
		if isHighS(t, issuerKey, cert.Signature) == highS {
			return cert
		}
	}
}

func isHighS(t testing.TB, key *ecdsa.PrivateKey, signature []byte) bool {
	t.Helper()
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &s); err != nil {
		t.Fatalf("fpctest: signature: %v", err)
	}
	return s.S.Cmp(new(big.Int).Rsh(key.Params().N, 1)) > 0
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("fpctest: key: %v", err)
	}
	return key
}

func keyPEM(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// keyID is the subject key identifier as Fabric's tools compute it: SHA-256 of
// the uncompressed point.
func keyID(t testing.TB, key *ecdsa.PublicKey) []byte {
	t.Helper()
	point, err := key.Bytes()
	if err != nil {
		t.Fatalf("fpctest: public key: %v", err)
	}
	sum := sha256.Sum256(point)
	return sum[:]
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		t.Fatalf("fpctest: serial number: %v", err)
	}
	return n
}
