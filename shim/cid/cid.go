// SPDX-License-Identifier: Apache-2.0

// Package cid is trusted: it reads who called a chaincode, for access control.
//
// It only parses. That the identity is genuine, signed the proposal and may
// write to the channel was checked before the chaincode ran: by the peer for a
// plain chaincode, by the enclave (INV-10) for a private one.
package cid

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/msp"
)

// attributes is the certificate extension in which Fabric CA puts attributes.
var attributesOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// ParseError says why a serialized identity could not be read.
type ParseError struct {
	What string
	Err  error
}

// Error names the part that is wrong, and how.
func (e *ParseError) Error() string { return fmt.Sprintf("creator: %s: %v", e.What, e.Err) }

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }

// Caller is the client that signed a proposal.
type Caller struct {
	mspID      string
	cert       *x509.Certificate
	attributes map[string]string
}

// CreatorStub is the part of a stub that New needs.
type CreatorStub interface {
	GetCreator() ([]byte, error)
}

// New reads the caller of a transaction.
func New(stub CreatorStub) (*Caller, error) {
	creator, err := stub.GetCreator()
	if err != nil {
		return nil, &ParseError{"not available", err}
	}
	return Parse(creator)
}

// Parse reads a serialized identity: an MSP id and a certificate in PEM form.
// Errors are *ParseError.
func Parse(creator []byte) (*Caller, error) {
	id := &msp.SerializedIdentity{}
	if err := proto.Unmarshal(creator, id); err != nil {
		return nil, &ParseError{"serialized identity", err}
	}
	if id.GetMspid() == "" {
		return nil, &ParseError{"serialized identity", errors.New("no MSP id")}
	}
	block, _ := pem.Decode(id.GetIdBytes())
	if block == nil {
		return nil, &ParseError{"certificate", errors.New("not in PEM form")}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, &ParseError{"certificate", err}
	}
	attributes, err := readAttributes(cert)
	if err != nil {
		return nil, &ParseError{"certificate attributes", err}
	}
	return &Caller{mspID: id.GetMspid(), cert: cert, attributes: attributes}, nil
}

// MSPID returns the MSP id of the caller's organisation.
func (c *Caller) MSPID() string { return c.mspID }

// Certificate returns the caller's certificate.
func (c *Caller) Certificate() *x509.Certificate { return c.cert }

// CommonName returns the common name in the caller's certificate. It is a name
// for people: an organisation can give it twice.
func (c *Caller) CommonName() string { return c.cert.Subject.CommonName }

// ID returns the id that Fabric's client identity library computes: base64 of
// "x509::subject::issuer". It stays the same when the certificate is renewed,
// but it is unique only within one organisation: two organisations' CAs can
// carry the same name. To tell callers apart use Unique.
func (c *Caller) ID() string {
	text := fmt.Sprintf("x509::%s::%s", c.cert.Subject.ToRDNSequence(), c.cert.Issuer.ToRDNSequence())
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// Unique returns a string that no other caller of the channel has: hex SHA-256
// over the MSP id and ID, each preceded by its length. It is public wherever
// it is used in a key.
func (c *Caller) Unique() string {
	id := c.ID()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s", len(c.mspID), c.mspID, len(id), id))
	return hex.EncodeToString(sum[:])
}

// Attribute returns an attribute that Fabric CA put into the certificate.
func (c *Caller) Attribute(name string) (value string, found bool) {
	value, found = c.attributes[name]
	return value, found
}

// AssertAttribute returns an error unless the attribute has the value.
func (c *Caller) AssertAttribute(name, value string) error {
	got, found := c.Attribute(name)
	if !found {
		return fmt.Errorf("attribute %q was not found in the caller's certificate", name)
	}
	if got != value {
		return fmt.Errorf("attribute %q of the caller has the value %q, want %q", name, got, value)
	}
	return nil
}

// HasOU tells whether the certificate names the organizational unit.
func (c *Caller) HasOU(unit string) bool {
	return slices.Contains(c.cert.Subject.OrganizationalUnit, unit)
}

func readAttributes(cert *x509.Certificate) (map[string]string, error) {
	for _, extension := range cert.Extensions {
		if !extension.Id.Equal(attributesOID) {
			continue
		}
		var content struct {
			Attributes map[string]string `json:"attrs"`
		}
		if err := json.Unmarshal(extension.Value, &content); err != nil {
			return nil, err
		}
		return content.Attributes, nil
	}
	return nil, nil
}
