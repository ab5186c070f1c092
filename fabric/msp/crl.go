// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
)

// crl is one revocation list of an MSP.
type crl struct {
	list         *x509.RevocationList
	authority    []byte // key identifier of the CA that issued it
	authorityErr error  // the list names no such key: Fabric then refuses every identity
}

// parseCRL reads a DER or PEM revocation list.
func parseCRL(raw []byte) (crl, error) {
	if block, _ := pem.Decode(raw); block != nil && block.Type == "X509 CRL" {
		raw = block.Bytes
	}
	list, err := x509.ParseRevocationList(raw)
	if err != nil {
		return crl{}, err
	}
	c := crl{list: list}
	c.authority, c.authorityErr = authorityKeyID(list)
	return c, nil
}

// authorityKeyID returns the list's authority key identifier, which is empty if
// the extension names the authority in other ways only.
func authorityKeyID(list *x509.RevocationList) ([]byte, error) {
	for _, ext := range list.Extensions {
		if ext.Id.Equal(oidAuthorityKeyID) {
			var id struct { // RFC 5280 section 4.2.1.1; what follows the key is ignored
				Key []byte `asn1:"optional,tag:0"`
			}
			if _, err := asn1.Unmarshal(ext.Value, &id); err != nil {
				return nil, errors.New("malformed authority key identifier")
			}
			return id.Key, nil
		}
	}
	return nil, errors.New("no authority key identifier")
}

// checkRevocation looks for cert in the lists that its issuer signed. A list
// takes effect with the configuration that carries it; its dates are not read.
func (m *MSP) checkRevocation(cert, issuer *x509.Certificate) error {
	key, err := subjectKeyID(issuer)
	if err != nil {
		return m.fail(CodeChain, err, "issuer of %q", cert.Subject)
	}
	for i, c := range m.crls {
		if c.authorityErr != nil {
			return m.fail(CodeBadCRL, c.authorityErr, "revocation list %d", i)
		}
		if !bytes.Equal(c.authority, key) {
			continue
		}
		for _, revoked := range c.list.RevokedCertificateEntries {
			if revoked.SerialNumber.Cmp(cert.SerialNumber) != 0 {
				continue
			}
			// A list that only claims the issuer's key revokes nothing. The key
			// usage is not asked for, as in Fabric.
			if issuer.CheckSignature(c.list.SignatureAlgorithm, c.list.RawTBSRevocationList, c.list.Signature) == nil {
				return m.fail(CodeRevoked, nil, "certificate %x of %q is revoked", cert.SerialNumber, cert.Subject)
			}
		}
	}
	return nil
}
