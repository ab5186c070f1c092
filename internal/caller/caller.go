// SPDX-License-Identifier: Apache-2.0

// Package caller is untrusted: it reads who called a chaincode. The peer that
// runs the chaincode has verified the caller against the channel's MSPs before;
// a chaincode has no MSP configuration to do it again.
package caller

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/fabric/msp"
)

// AdminOU is the organizational unit that marks an administrator's certificate
// where an organisation uses NodeOUs.
const AdminOU = "admin"

// AdminAttribute is the Fabric CA attribute that marks an administrator's
// certificate ("true") where an organisation does not use NodeOUs.
const AdminAttribute = "fpc.admin"

// attributesOID is the certificate extension in which a Fabric CA writes
// attributes, as JSON.
var attributesOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// ErrSignature says that a caller's signature is not good.
var ErrSignature = errors.New("signature does not verify, or is not low-S ECDSA")

// Caller is who called: an organisation's member.
type Caller struct {
	MSPID       string
	Certificate *x509.Certificate
}

// Parse reads a serialized identity, checking its form only.
func Parse(creator []byte) (*Caller, error) {
	mspID, certPEM, err := msp.ParseSerialized(creator)
	if err != nil {
		return nil, fmt.Errorf("read creator: %w", err)
	}
	block, _ := pem.Decode(certPEM)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("read creator: no PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read creator's certificate: %w", err)
	}
	return &Caller{MSPID: mspID, Certificate: cert}, nil
}

// IsAdmin tells whether the organisation's CA made the caller an administrator,
// by AdminOU or by AdminAttribute.
func (c *Caller) IsAdmin() bool {
	return slices.Contains(c.Certificate.Subject.OrganizationalUnit, AdminOU) ||
		c.attribute(AdminAttribute) == "true"
}

func (c *Caller) attribute(name string) string {
	for _, extension := range c.Certificate.Extensions {
		if !extension.Id.Equal(attributesOID) {
			continue
		}
		var attributes struct {
			Attrs map[string]string `json:"attrs"`
		}
		if json.Unmarshal(extension.Value, &attributes) != nil {
			return ""
		}
		return attributes.Attrs[name]
	}
	return ""
}

// Verify checks the caller's signature over the SHA-256 of message, as Fabric
// does: ECDSA, low-S. The error is ErrSignature.
func (c *Caller) Verify(message, signature []byte) error {
	key, ok := c.Certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return ErrSignature
	}
	low, err := msp.LowS(key, signature)
	if err != nil || !slices.Equal(low, signature) {
		return ErrSignature
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(key, digest[:], signature) {
		return ErrSignature
	}
	return nil
}
