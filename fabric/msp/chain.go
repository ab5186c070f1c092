// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// trust is a set of CAs: what chains are built from.
type trust struct {
	roots, intermediates *x509.CertPool
}

func newTrust() trust {
	return trust{roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
}

// chain returns the one chain from cert to a root, cert first. The time is one
// second after the certificate's own NotBefore: validators on all peers must
// agree, so they do not look at a clock, and an issuer that is younger than what
// it issued is refused (Fabric, mspimplvalidate.go).
func (t trust) chain(cert *x509.Certificate) ([]*x509.Certificate, error) {
	at := cert.NotBefore.Add(time.Second)
	if at.IsZero() { // x509 would read the clock
		return nil, errors.New("the certificate's NotBefore is the beginning of time")
	}
	chains, err := cert.Verify(x509.VerifyOptions{Roots: t.roots, Intermediates: t.intermediates, CurrentTime: at})
	if err != nil {
		return nil, err
	}
	if len(chains) != 1 {
		return nil, fmt.Errorf("%d chains to a root, want exactly one", len(chains))
	}
	if err := checkNameConstraints(chains[0]); err != nil {
		return nil, err
	}
	return chains[0], nil
}

// sanitise returns the certificate as an MSP compares it: low-S normalised. An
// ECDSA-signed certificate must chain to the trust for that, or be a self-signed
// CA.
func (t trust) sanitise(cert *x509.Certificate) (*x509.Certificate, error) {
	if !signedWithECDSA(cert) {
		return cert, nil
	}
	if cert.IsCA && cert.CheckSignatureFrom(cert) == nil {
		root, err := normalised(cert, cert.PublicKey)
		if err != nil {
			return nil, err
		}
		self := trust{roots: x509.NewCertPool(), intermediates: t.intermediates}
		self.roots.AddCert(root)
		if _, err := self.chain(root); err != nil {
			return nil, err
		}
		return root, nil
	}
	chain, err := t.chain(cert)
	if err != nil {
		return nil, err
	}
	if len(chain) < 2 {
		return nil, fmt.Errorf("certificate with subject %q is a root and not self-signed", cert.Subject)
	}
	return normalised(cert, chain[1].PublicKey)
}

// checkNameConstraints refuses a leaf whose common name looks like a host name
// and that has no alternative names, under a CA with name constraints. Go dropped
// this rule in 1.15, Fabric kept it.
func checkNameConstraints(chain []*x509.Certificate) error {
	leaf := chain[0]
	if len(chain) < 2 || hasExtension(leaf, oidSubjectAltName) || !looksLikeHost(leaf.Subject.CommonName) {
		return nil
	}
	for _, ca := range chain[1:] {
		if hasExtension(ca, oidNameConstraints) {
			return x509.CertificateInvalidError{Cert: leaf, Reason: x509.NameConstraintsWithoutSANs}
		}
	}
	return nil
}

// looksLikeHost is Go 1.14's lenient idea of a host name: dot-separated labels of
// letters, digits, '_', ':' and inner '-', the first of which may be "*".
func looksLikeHost(name string) bool {
	name = strings.TrimSuffix(name, ".")
	for i, label := range strings.Split(name, ".") {
		if label == "" {
			return false
		}
		if i == 0 && label == "*" {
			continue
		}
		for j, c := range label {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == ':':
			case c == '-' && j != 0:
			default:
				return false
			}
		}
	}
	return true
}
