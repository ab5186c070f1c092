// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Presented is an identity somebody presents: its certificate parsed and chains
// to the MSP, but it may be revoked, or carry no acceptable OU. It can verify
// signatures, and satisfies a principal exactly where Fabric says so. Code that
// asks "is this a member?" wants an [Identity].
type Presented struct {
	msp *MSP
}

// Identity is a valid identity: chain, revocation and OU rules hold. Only
// verification constructs one. Expiry is not judged (validators have no clock).
type Identity struct {
	Presented
}

// Validate applies the chain, revocation and OU rules.
func (p *Presented) Validate() (*Identity, error) { return nil, errors.New("msp: not implemented") }

// MSPID returns the identifier of the MSP that the identity belongs to.
func (p *Presented) MSPID() string { return "" }

// ID identifies the certificate: lower-case hex SHA-256 of its DER, after low-S
// normalisation of the issuer's signature. Two serializations of one certificate
// have one ID.
func (p *Presented) ID() string { return "" }

// Certificate returns the certificate, low-S normalised. Callers must not change it.
func (p *Presented) Certificate() *x509.Certificate { return nil }

// Serialized returns the identity in the form that Fabric's own Serialize gives:
// MSP id and PEM. It may differ from the bytes presented.
func (p *Presented) Serialized() []byte { return nil }

// Expiry returns the certificate's NotAfter. Peers' proposal filters and
// orderers' broadcast filters compare it with their clock, validators never do.
func (p *Presented) Expiry() time.Time { return time.Time{} }

// OUs returns the organizational units that the certificate claims.
func (p *Presented) OUs() []OU { return nil }

// Verify checks an ECDSA signature over the SHA-256 of message; high-S is refused.
func (p *Presented) Verify(message, signature []byte) error {
	return errors.New("msp: not implemented")
}

// Satisfies returns nil if the identity satisfies the principal.
func (p *Presented) Satisfies(principal *common.MSPPrincipal) error {
	return errors.New("msp: not implemented")
}

// OU is an organizational unit together with the CA chain that certifies it.
type OU struct {
	Name                 string
	CertifiersIdentifier []byte // SHA-256 over the issuer chain, issuing CA first, low-S normalised
}
