// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
)

// parseCertificate reads exactly one PEM certificate.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
		return nil, errors.New("not one PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// CheckEnclaveCertificate holds the certificate of REG-9 to its form: over this
// Enclave_VK, and with exactly the organisation unit of this chaincode's enclaves
// among those that FPC names (see [EnclaveOU]). Who issued it is another
// question, of the organisation's MSP.
//
// Codes: malformed, wrong_enclave, wrong_certificate.
func CheckEnclaveCertificate(step string, text []byte, enclaveVK []byte, ou string) (*x509.Certificate, error) {
	cert, err := parseCertificate(text)
	if err != nil {
		return nil, Errorf(step, CodeMalformed, "the enclave's certificate: %w", err)
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, enclaveVK) {
		return nil, Errorf(step, CodeWrongEnclave, "the certificate is over another key than Enclave_VK")
	}
	if !slices.Contains(cert.Subject.OrganizationalUnit, ou) {
		return nil, Errorf(step, CodeWrongCertificate, "the certificate lacks the organisation unit %s of this chaincode's enclaves", ou)
	}
	for _, unit := range cert.Subject.OrganizationalUnit {
		if unit != ou && strings.HasPrefix(unit, enclaveOUPrefix) {
			return nil, Errorf(step, CodeWrongCertificate, "the certificate carries %.64q too: this enclave would pass for one of another version, chaincode or channel", unit)
		}
	}
	return cert, nil
}
