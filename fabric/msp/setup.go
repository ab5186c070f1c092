// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"bytes"
	"crypto/x509"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// setupCAs loads roots and intermediates. They are normalised against the trust
// in the certificates as given, then become the trust themselves.
func (m *MSP) setupCAs(config *msppb.FabricMSPConfig) error {
	if len(config.GetRootCerts()) == 0 {
		return m.fail(CodeBadConfig, nil, "no root certificate")
	}
	given := newTrust()
	roots, err := m.loadCAs("root", config.GetRootCerts(), given.roots)
	if err != nil {
		return err
	}
	intermediates, err := m.loadCAs("intermediate", config.GetIntermediateCerts(), given.intermediates)
	if err != nil {
		return err
	}
	m.trust = newTrust()
	if m.roots, err = m.sanitiseCAs("root", roots, given, m.trust.roots); err != nil {
		return err
	}
	m.intermediates, err = m.sanitiseCAs("intermediate", intermediates, given, m.trust.intermediates)
	return err
}

func (m *MSP) loadCAs(kind string, pems [][]byte, pool *x509.CertPool) ([]*x509.Certificate, error) {
	certs := make([]*x509.Certificate, len(pems))
	for i, text := range pems {
		cert, err := parsePEM(text)
		if err != nil {
			return nil, m.fail(CodeBadConfig, err, "%s certificate %d", kind, i)
		}
		if !supportedKey(cert) {
			return nil, m.fail(CodeBadConfig, nil, "%s certificate %d: key type %s is not supported", kind, i, cert.PublicKeyAlgorithm)
		}
		certs[i] = cert
		pool.AddCert(cert)
	}
	return certs, nil
}

func (m *MSP) sanitiseCAs(kind string, certs []*x509.Certificate, given trust, pool *x509.CertPool) ([]*x509.Certificate, error) {
	out := make([]*x509.Certificate, len(certs))
	for i, cert := range certs {
		sane, err := given.sanitise(cert)
		if err != nil {
			return nil, m.fail(CodeBadConfig, err, "%s certificate %d", kind, i)
		}
		out[i] = sane
		pool.AddCert(sane)
	}
	return out, nil
}

func (m *MSP) setupCRLs(config *msppb.FabricMSPConfig) error {
	for i, raw := range config.GetRevocationList() {
		c, err := parseCRL(raw)
		if err != nil {
			return m.fail(CodeBadConfig, err, "revocation list %d", i)
		}
		m.crls = append(m.crls, c)
	}
	return nil
}

// checkCAs validates the CAs and finds which of them certify others: those may
// not certify members.
func (m *MSP) checkCAs(*msppb.FabricMSPConfig) error {
	for _, cert := range m.roots {
		if err := m.checkCA(cert, m.trust); err != nil {
			return err
		}
	}
	m.internalNodes = make(map[string]bool)
	for _, cert := range m.intermediates {
		if err := m.checkCA(cert, m.trust); err != nil {
			return err
		}
		chain, err := m.trust.chain(cert)
		if err != nil {
			return m.fail(CodeBadConfig, err, "intermediate certificate %q", cert.Subject)
		}
		for _, parent := range chain[1:] {
			m.internalNodes[string(parent.Raw)] = true
		}
	}
	return nil
}

// checkCA validates one CA certificate: a CA by its basic constraints, with a
// subject key identifier, chaining to the trust, not revoked.
func (m *MSP) checkCA(cert *x509.Certificate, t trust) error {
	if !cert.IsCA {
		return m.fail(CodeBadConfig, nil, "certificate %q is no CA certificate", cert.Subject)
	}
	if _, err := subjectKeyID(cert); err != nil {
		return m.fail(CodeBadConfig, err, "CA certificate %q", cert.Subject)
	}
	chain, err := t.chain(cert)
	if err != nil {
		return m.fail(CodeBadConfig, err, "CA certificate %q", cert.Subject)
	}
	if len(chain) == 1 { // a root
		return nil
	}
	if err := m.checkRevocation(cert, chain[1]); err != nil {
		return m.fail(CodeBadConfig, err, "CA certificate %q", cert.Subject)
	}
	return nil
}

func (m *MSP) setupTLSCAs(config *msppb.FabricMSPConfig) error {
	t := newTrust()
	load := func(kind string, pems [][]byte, pool *x509.CertPool) ([]*x509.Certificate, error) {
		var certs []*x509.Certificate
		for i, text := range pems {
			cert, err := parsePEM(text)
			if err != nil {
				return nil, m.fail(CodeBadConfig, err, "TLS %s certificate %d", kind, i)
			}
			certs = append(certs, cert)
			pool.AddCert(cert)
		}
		return certs, nil
	}
	var err error
	if m.tlsRoots, err = load("root", config.GetTlsRootCerts(), t.roots); err != nil {
		return err
	}
	if m.tlsCAs, err = load("intermediate", config.GetTlsIntermediateCerts(), t.intermediates); err != nil {
		return err
	}
	for _, certs := range [][]*x509.Certificate{m.tlsRoots, m.tlsCAs} {
		for _, cert := range certs {
			if err := m.checkCA(cert, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// setupAdmins loads the listed admins. With NodeOUs they must be clients or
// admins by OU; without, they must be valid.
func (m *MSP) setupAdmins(config *msppb.FabricMSPConfig) error {
	for i, text := range config.GetAdmins() {
		admin, err := m.present(text)
		if err != nil {
			return m.fail(CodeBadConfig, err, "admin %d", i)
		}
		m.admins = append(m.admins, admin)
	}
	if len(m.admins) == 0 && (!m.nodeOUs.enforced || m.nodeOUs.admin == nil) {
		return m.fail(CodeBadConfig, nil, "nobody can be an admin: no admin certificate is listed and no admin OU is set")
	}
	for i, admin := range m.admins {
		if m.nodeOUs.enforced {
			if !admin.hasRole(m.nodeOUs.client) && !admin.hasRole(m.nodeOUs.admin) {
				return m.fail(CodeBadConfig, nil, "admin %d carries neither the client nor the admin OU", i)
			}
			continue
		}
		if _, err := admin.Validate(); err != nil {
			return m.fail(CodeBadConfig, err, "admin %d", i)
		}
	}
	return nil
}

// isListedAdmin tells whether the configuration lists this very certificate.
func (m *MSP) isListedAdmin(p *Presented) bool {
	for _, admin := range m.admins {
		if bytes.Equal(admin.cert.Raw, p.cert.Raw) {
			return true
		}
	}
	return false
}
