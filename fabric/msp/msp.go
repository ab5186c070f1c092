// SPDX-License-Identifier: Apache-2.0

// Package msp is trusted: it decides who an organisation's members are. It
// applies Fabric's membership rules (MSP versions 1.4.3 and 3.0) to channel
// configurations and serialized identities, with no clock, no network and no
// global state. Not supported: Ed25519 identities, which Fabric 3 accepts on
// channels with the capability V3_0; they are refused by name.
package msp

import (
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/x509"
	"hash"

	"google.golang.org/protobuf/proto"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// MSP is one organisation's membership rules, compiled from its configuration.
// It is immutable and safe for concurrent use.
type MSP struct {
	id            string
	roots         []*x509.Certificate
	intermediates []*x509.Certificate
	trust         trust
	internalNodes map[string]bool // DER of CAs that certify other CAs
	crls          []crl
	tlsRoots      []*x509.Certificate
	tlsCAs        []*x509.Certificate
	admins        []*Presented
	ous           map[string][][]byte // acceptable OUs: name → certifiers identifiers
	nodeOUs       nodeOUs
	hashMessage   func() hash.Hash // nil: the configuration names an unknown family
	hashIdentity  func() hash.Hash
}

// hash functions by the names that MSP configurations use.
var identityHashes = map[string]func() hash.Hash{
	"":         sha256.New,
	"SHA256":   sha256.New,
	"SHA384":   sha512.New384,
	"SHA3_256": func() hash.Hash { return sha3.New256() },
	"SHA3_384": func() hash.Hash { return sha3.New384() },
}

var messageHashes = map[string]func() hash.Hash{
	"":     sha256.New,
	"SHA2": sha256.New,
	"SHA3": func() hash.Hash { return sha3.New256() },
}

// New compiles a configuration. It fails, as Fabric does, when a CA certificate
// is no CA, lacks a subject key identifier or does not chain to a root, when a
// listed admin is not acceptable or there is no way to be an admin, or when an OU
// identifier names an unknown CA. A signing identity in the configuration is
// ignored: it belongs to a node, not to a channel.
func New(config *msppb.FabricMSPConfig) (*MSP, error) {
	if config == nil {
		return nil, &Error{Code: CodeBadConfig, Reason: "no configuration"}
	}
	m := &MSP{id: config.GetName()}
	m.hashMessage = messageHashes[config.GetCryptoConfig().GetSignatureHashFamily()]
	m.hashIdentity = identityHashes[config.GetCryptoConfig().GetIdentityIdentifierHashFunction()]
	if m.hashIdentity == nil {
		return nil, m.fail(CodeBadConfig, nil, "unknown identity hash %q", config.GetCryptoConfig().GetIdentityIdentifierHashFunction())
	}
	steps := []func(*msppb.FabricMSPConfig) error{
		m.setupCAs, m.setupCRLs, m.checkCAs, m.setupTLSCAs, m.setupOUs, m.setupNodeOUs, m.setupAdmins,
	}
	for _, step := range steps {
		if err := step(config); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Parse compiles a serialized MSPConfig, as the channel configuration carries
// it. Types other than 0 (FabricMSPConfig) are refused.
func Parse(config []byte) (*MSP, error) {
	outer := &msppb.MSPConfig{}
	if err := proto.Unmarshal(config, outer); err != nil {
		return nil, &Error{Code: CodeBadConfig, Reason: "not an MSPConfig", Err: err}
	}
	if outer.GetType() != 0 {
		return nil, &Error{Code: CodeBadConfig, Reason: "only Fabric's own MSP type (0) is supported, idemix is not"}
	}
	inner := &msppb.FabricMSPConfig{}
	if err := proto.Unmarshal(outer.GetConfig(), inner); err != nil {
		return nil, &Error{Code: CodeBadConfig, Reason: "not a FabricMSPConfig", Err: err}
	}
	return New(inner)
}

// ID returns the MSP identifier.
func (m *MSP) ID() string { return m.id }

// TLSRoots returns the organisation's TLS root CAs.
func (m *MSP) TLSRoots() []*x509.Certificate { return m.tlsRoots }

// TLSIntermediates returns the organisation's intermediate TLS CAs.
func (m *MSP) TLSIntermediates() []*x509.Certificate { return m.tlsCAs }

// NodeOUs tells whether certificates name their role (client, peer, admin,
// orderer) in an OU.
func (m *MSP) NodeOUs() bool { return m.nodeOUs.enforced }

// Present reads a serialized identity of this MSP.
func (m *MSP) Present(serialized []byte) (*Presented, error) {
	mspID, certPEM, err := ParseSerialized(serialized)
	if err != nil {
		return nil, err
	}
	if mspID != m.id {
		return nil, m.fail(CodeUnknownMSP, nil, "the identity is of MSP %q", mspID)
	}
	return m.present(certPEM)
}

// Identity reads and validates a serialized identity of this MSP.
func (m *MSP) Identity(serialized []byte) (*Identity, error) {
	presented, err := m.Present(serialized)
	if err != nil {
		return nil, err
	}
	return presented.Validate()
}
