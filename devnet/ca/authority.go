// SPDX-License-Identifier: Apache-2.0

// Package ca is untrusted: it holds the certificate authorities of the embedded
// network's organisations and writes their material the way Fabric's cryptogen
// lays it out, so that Fabric's own tools read it. An organisation's CA can
// issue any identity of that organisation, and none of another.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/privatechaincode/fpc/internal/certify"
)

// validity is how long certificates live, counted from their authority's birth.
const validity = 10 * 365 * 24 * time.Hour

// Organizational units that give a certificate its role (NodeOUs).
const (
	RoleClient  = "client"
	RolePeer    = "peer"
	RoleAdmin   = "admin"
	RoleOrderer = "orderer"
)

// Authority is a root CA with an ECDSA P-256 key. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	pem  []byte
	key  *ecdsa.PrivateKey
}

// NewAuthority makes a root valid from a little before now.
func NewAuthority(commonName, organization string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("ca: key of %s: %w", commonName, err)
	}
	// Five minutes back, as cryptogen has it: clocks of one machine's tools differ.
	from := now.Add(-5 * time.Minute).UTC().Truncate(time.Minute)
	template := &x509.Certificate{
		Subject:               pkix.Name{Country: []string{"US"}, Organization: []string{organization}, CommonName: commonName},
		NotBefore:             from,
		NotAfter:              from.Add(validity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	return sign(template, template, &key.PublicKey, key)
}

// sign makes an authority's own certificate.
func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*Authority, error) {
	der, err := certify.Certificate(template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	return &Authority{cert: cert, pem: certify.PEM(der), key: key}, nil
}

// Certificate returns the root certificate. Callers must not change it.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// PEM returns the root certificate as PEM.
func (a *Authority) PEM() []byte { return a.pem }

// Request says what a certificate shall certify.
type Request struct {
	CommonName string
	// OUs are the organizational units; exactly one of them is a role.
	OUs []string
	// Hosts are DNS names and IP addresses; with any, it is a TLS certificate.
	Hosts []string
	// TLS makes a TLS certificate also where there are no hosts (a client's).
	TLS bool
	// NotAfter ends validity early; zero: with the authority.
	NotAfter time.Time
}

// Issue certifies a new key.
func (a *Authority) Issue(r Request) (certPEM []byte, key *ecdsa.PrivateKey, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, fmt.Errorf("ca: key of %s: %w", r.CommonName, err)
	}
	certPEM, err = a.Certify(&key.PublicKey, r)
	return certPEM, key, err
}

// Certify certifies a public key that somebody else holds. NotBefore is the
// authority's own: an earlier one would fail Fabric's validation silently.
func (a *Authority) Certify(public *ecdsa.PublicKey, r Request) ([]byte, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{Country: []string{"US"}, OrganizationalUnit: r.OUs, CommonName: r.CommonName},
		NotBefore:             a.cert.NotBefore,
		NotAfter:              a.cert.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if !r.NotAfter.IsZero() {
		template.NotAfter = r.NotAfter
	}
	if r.TLS || len(r.Hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	for _, h := range r.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := certify.Certificate(template, a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	return certify.PEM(der), nil
}

// CertifyRequest certifies the key of a PKCS #10 request that proves possession
// of it (REG-9). The subject comes from r alone: what the request says of
// itself counts for nothing.
func (a *Authority) CertifyRequest(der []byte, r Request) ([]byte, error) {
	public, err := certify.RequestedKey(der)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	if public.Curve != elliptic.P256() {
		return nil, errors.New("ca: certificate request: the key is not of curve P-256")
	}
	return a.Certify(public, r)
}

// Revoke issues a revocation list that names the certificates (PEM), as PEM.
// number grows with each list; the list is for an MSP's configuration, which
// replaces the former one as a whole.
func (a *Authority) Revoke(number int64, now time.Time, certs ...[]byte) ([]byte, error) {
	list := &x509.RevocationList{
		Number:     big.NewInt(number),
		ThisUpdate: now,
		NextUpdate: a.cert.NotAfter,
	}
	for _, raw := range certs {
		cert, err := parseCertificate(raw)
		if err != nil {
			return nil, err
		}
		if err := cert.CheckSignatureFrom(a.cert); err != nil {
			return nil, fmt.Errorf("ca: certificate of %q is not of this authority: %w", cert.Subject.CommonName, err)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: now})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, certify.LowS(a.key))
	if err != nil {
		return nil, fmt.Errorf("ca: revocation list: %w", err)
	}
	return encode("X509 CRL", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func parseCertificate(raw []byte) (*x509.Certificate, error) {
	b, _ := pem.Decode(raw)
	if b == nil || b.Type != "CERTIFICATE" {
		return nil, errors.New("ca: no PEM certificate")
	}
	cert, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return nil, fmt.Errorf("ca: certificate: %w", err)
	}
	return cert, nil
}
