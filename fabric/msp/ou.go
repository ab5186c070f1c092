// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// OU is an organizational unit together with the CA chain that certifies it.
type OU struct {
	Name                 string
	CertifiersIdentifier []byte // see [CertifiersIdentifier]
}

// nodeOUs are the OUs that tell roles apart.
type nodeOUs struct {
	enforced                     bool
	client, peer, admin, orderer *OU // nil: not configured
}

// CertifiersIdentifier is the hash over a CA chain's DER, issuing CA first and
// root last, each certificate low-S normalised, as Fabric's peers hash it. For
// members of a root CA the chain is that root alone. It is what an
// ORGANIZATION_UNIT principal names; an empty one never matches. SHA-256 is the
// MSPs' default identity hash; this function knows no other.
func CertifiersIdentifier(chainPEM ...[]byte) ([]byte, error) {
	if len(chainPEM) == 0 {
		return nil, &Error{Code: CodeMalformed, Reason: "a certifiers identifier needs at least one CA certificate"}
	}
	certs := make([]*x509.Certificate, len(chainPEM))
	for i, text := range chainPEM {
		cert, err := parsePEM(text)
		if err != nil {
			return nil, &Error{Code: CodeMalformed, Reason: fmt.Sprintf("CA certificate %d", i), Err: err}
		}
		certs[i] = cert
	}
	h := sha256.New()
	for i, cert := range certs {
		issuer := certs[min(i+1, len(certs)-1)]
		if err := cert.CheckSignatureFrom(issuer); err != nil {
			return nil, &Error{Code: CodeChain, Reason: fmt.Sprintf("CA certificate %d is not signed by the next one (or itself, for the last)", i), Err: err}
		}
		sane, err := normalised(cert, issuer.PublicKey)
		if err != nil {
			return nil, &Error{Code: CodeMalformed, Reason: fmt.Sprintf("CA certificate %d", i), Err: err}
		}
		h.Write(sane.Raw)
	}
	return h.Sum(nil), nil
}

func (m *MSP) hashChain(chain []*x509.Certificate) []byte {
	h := m.hashIdentity()
	for _, cert := range chain {
		h.Write(cert.Raw)
	}
	return h.Sum(nil)
}

// certifiers returns the certifiers identifier of one of the MSP's CAs.
func (m *MSP) certifiers(caPEM []byte) ([]byte, error) {
	cert, err := parsePEM(caPEM)
	if err != nil {
		return nil, err
	}
	if cert, err = m.trust.sanitise(cert); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(m.roots, cert.Equal) {
		return m.hashChain([]*x509.Certificate{cert}), nil
	}
	if !slices.ContainsFunc(m.intermediates, cert.Equal) {
		return nil, fmt.Errorf("certificate %q is none of the MSP's CAs", cert.Subject)
	}
	chain, err := m.trust.chain(cert)
	if err != nil {
		return nil, err
	}
	if len(chain) < 2 || m.internalNodes[string(cert.Raw)] {
		return nil, fmt.Errorf("CA %q certifies other CAs and may not certify members", cert.Subject)
	}
	return m.hashChain(chain), nil
}

// setupOUs reads the OUs of which every identity must carry one, if any.
func (m *MSP) setupOUs(config *msppb.FabricMSPConfig) error {
	m.ous = make(map[string][][]byte)
	for i, ou := range config.GetOrganizationalUnitIdentifiers() {
		id, err := m.certifiers(ou.GetCertificate())
		if err != nil {
			return m.fail(CodeBadConfig, err, "OU identifier %d", i)
		}
		name := ou.GetOrganizationalUnitIdentifier()
		m.ous[name] = append(m.ous[name], id)
	}
	return nil
}

// setupNodeOUs reads the OUs that tell clients, peers, admins and orderers apart.
// Without a certificate any of the MSP's CAs may certify them.
func (m *MSP) setupNodeOUs(config *msppb.FabricMSPConfig) error {
	conf := config.GetFabricNodeOus()
	if conf == nil {
		return nil
	}
	m.nodeOUs.enforced = conf.GetEnable()
	found := false
	for _, role := range []struct {
		name string
		conf *msppb.FabricOUIdentifier
		ou   **OU
	}{
		{"client", conf.GetClientOuIdentifier(), &m.nodeOUs.client},
		{"peer", conf.GetPeerOuIdentifier(), &m.nodeOUs.peer},
		{"admin", conf.GetAdminOuIdentifier(), &m.nodeOUs.admin},
		{"orderer", conf.GetOrdererOuIdentifier(), &m.nodeOUs.orderer},
	} {
		if role.conf == nil {
			continue
		}
		found = true
		ou := &OU{Name: role.conf.GetOrganizationalUnitIdentifier()}
		if len(role.conf.GetCertificate()) != 0 {
			id, err := m.certifiers(role.conf.GetCertificate())
			if err != nil {
				return m.fail(CodeBadConfig, err, "%s OU", role.name)
			}
			ou.CertifiersIdentifier = id
		}
		*role.ou = ou
	}
	if !found {
		m.nodeOUs.enforced = false
	}
	return nil
}

// checkOUs applies the OU rules to an identity's units: one of the configured
// OUs, if any are configured, and with NodeOUs exactly one role.
func (m *MSP) checkOUs(units []OU) error {
	if len(m.ous) > 0 && !slices.ContainsFunc(units, m.accepts) {
		return m.fail(CodeOU, nil, "none of the organizational units %s is one that the MSP asks for", names(units))
	}
	if !m.nodeOUs.enforced {
		return nil
	}
	roles := make(map[string]*OU)
	for _, ou := range []*OU{m.nodeOUs.client, m.nodeOUs.peer, m.nodeOUs.admin, m.nodeOUs.orderer} {
		if ou != nil {
			roles[ou.Name] = ou
		}
	}
	count := 0
	for _, unit := range units {
		role := roles[unit.Name]
		if role == nil {
			continue
		}
		if len(role.CertifiersIdentifier) != 0 && !bytes.Equal(role.CertifiersIdentifier, unit.CertifiersIdentifier) {
			return m.fail(CodeOU, nil, "role %q is certified by another CA than the MSP asks for", unit.Name)
		}
		count++
	}
	if count != 1 {
		return m.fail(CodeOU, nil, "the organizational units %s name %d roles (client, peer, admin, orderer), want exactly one", names(units), count)
	}
	return nil
}

// accepts tells whether the unit is one of the configured OUs.
func (m *MSP) accepts(unit OU) bool {
	return slices.ContainsFunc(m.ous[unit.Name], func(id []byte) bool {
		return bytes.Equal(id, unit.CertifiersIdentifier)
	})
}

func names(units []OU) string {
	list := make([]string, len(units))
	for i, unit := range units {
		list[i] = unit.Name
	}
	return fmt.Sprintf("%q", list)
}

// Issuer is a CA that may certify an MSP's members.
type Issuer struct {
	Certificate *x509.Certificate
	// CertifiersIdentifier names its chain, see [CertifiersIdentifier].
	CertifiersIdentifier []byte
}

// Issuers returns the MSP's CAs that may certify members, roots first: those that
// certify no other CA of the MSP.
func (m *MSP) Issuers() []Issuer {
	var issuers []Issuer
	for _, cert := range slices.Concat(m.roots, m.intermediates) {
		if m.internalNodes[string(cert.Raw)] {
			continue
		}
		chain, err := m.trust.chain(cert)
		if err != nil { // checkCAs built the same chain
			continue
		}
		issuers = append(issuers, Issuer{cert, m.hashChain(chain)})
	}
	return issuers
}
