// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
)

var (
	oidSubjectKeyID    = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidAuthorityKeyID  = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// parsePEM parses the first PEM block as a certificate, whatever its type says,
// as Fabric does.
func parsePEM(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}

// normalised returns cert with its ECDSA signature in low-S form, as the
// issuer's key (any key of its curve) defines it. Signatures of other kinds stay.
// A certificate and its high-S twin thus are one identity.
func normalised(cert *x509.Certificate, issuer any) (*x509.Certificate, error) {
	if !signedWithECDSA(cert) {
		return cert, nil
	}
	key, ok := issuer.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the issuer's key is no ECDSA key, the certificate's signature is ECDSA")
	}
	signature, err := LowS(key, cert.Signature)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(signature, cert.Signature) {
		return cert, nil
	}
	var parts struct { // RFC 5280 section 4.1
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.Raw, &parts); err != nil {
		return nil, err
	}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	der, err := asn1.Marshal(parts)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func signedWithECDSA(cert *x509.Certificate) bool {
	switch cert.SignatureAlgorithm {
	case x509.ECDSAWithSHA1, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	default:
		return false
	}
}

// subjectKeyID returns the subject key identifier, which every CA must have.
func subjectKeyID(cert *x509.Certificate) ([]byte, error) {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(oidSubjectKeyID) {
			var id []byte
			if _, err := asn1.Unmarshal(ext.Value, &id); err != nil {
				return nil, errors.New("malformed subject key identifier")
			}
			return id, nil
		}
	}
	return nil, errors.New("no subject key identifier")
}

func hasExtension(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(oid) {
			return true
		}
	}
	return false
}
