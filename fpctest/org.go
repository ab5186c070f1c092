// SPDX-License-Identifier: Apache-2.0

// Package fpctest is untrusted: it makes what tests need, organisations with
// their certificates among it. No product code imports it.
package fpctest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// Roles of NodeOUs, as they stand in certificates.
const (
	RoleClient  = "client"
	RolePeer    = "peer"
	RoleAdmin   = "admin"
	RoleOrderer = "orderer"
)

// Org is a test organisation: its CAs, its rules, its members. It is not safe
// for concurrent use; what it issues is.
type Org struct {
	MSPID string
	Root  *CA // identity root
	CA    *CA // issues members: the intermediate where there is one, else Root
	TLS   *CA // issues TLS certificates

	t            testing.TB
	nodeOUs      bool
	boundOUs     bool
	adminCerts   [][]byte
	crls         [][]byte
	revoked      map[*CA][]x509.RevocationListEntry
	ous          []*msppb.FabricOUIdentifier
	intermediate bool
	named        map[string]*Member
}

// Option changes what kind of organisation NewOrg makes.
type Option func(*Org)

// WithIntermediate puts an intermediate CA between the root and the members.
func WithIntermediate() Option { return func(o *Org) { o.intermediate = true } }

// WithoutNodeOUs makes an organisation whose certificates do not tell roles
// apart; its admins are listed by certificate.
func WithoutNodeOUs() Option { return func(o *Org) { o.nodeOUs = false } }

// WithBoundOUs makes NodeOUs that name the CA that must certify them.
func WithBoundOUs() Option { return func(o *Org) { o.boundOUs = true } }

// NewOrg makes an organisation with NodeOUs and one root CA.
func NewOrg(t testing.TB, mspID string, options ...Option) *Org {
	t.Helper()
	o := &Org{MSPID: mspID, t: t, nodeOUs: true, revoked: make(map[*CA][]x509.RevocationListEntry), named: make(map[string]*Member)}
	for _, option := range options {
		option(o)
	}
	o.Root = NewCA(t, "ca."+mspID)
	o.TLS = NewCA(t, "tlsca."+mspID)
	o.CA = o.Root
	if o.intermediate {
		o.CA = o.Root.Intermediate(t, "ica."+mspID)
	}
	if !o.nodeOUs {
		o.ListAdmin(o.Admin())
	}
	return o
}

// Member is an identity with its key.
type Member struct {
	msp.Signer
	MSPID   string
	Cert    *x509.Certificate
	CertPEM []byte
	Key     *ecdsa.PrivateKey

	issuer *CA
}

// KeyPEM returns the private key in PKCS #8, as Fabric's tools write it.
func (m *Member) KeyPEM() []byte { return keyPEM(m.Key) }

// Template says what certificate Issue makes.
type Template struct {
	Name      string   // common name
	OUs       []string // organizational units, roles included
	NotBefore time.Time
	NotAfter  time.Time
	Issuer    *CA               // default: the organisation's CA
	Key       *ecdsa.PrivateKey // default: a fresh one
	HighS     bool              // sign the certificate with a high-S signature
	IsCA      bool
	KeyUsages []x509.ExtKeyUsage // extended key usages
}

// Issue makes a member from a template.
func (o *Org) Issue(template Template) *Member {
	o.t.Helper()
	ca := template.Issuer
	if ca == nil {
		ca = o.CA
	}
	cert, key := ca.issue(o.t, template)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	signer, err := msp.NewSigner(o.MSPID, certPEM, key)
	if err != nil {
		o.t.Fatalf("fpctest: signer of %s: %v", template.Name, err)
	}
	return &Member{Signer: signer, MSPID: o.MSPID, Cert: cert, CertPEM: certPEM, Key: key, issuer: ca}
}

// Certify makes a certificate (PEM) over a key whose private half it is not
// given: an enclave's.
func (o *Org) Certify(key *ecdsa.PublicKey, template Template) []byte {
	o.t.Helper()
	ca := template.Issuer
	if ca == nil {
		ca = o.CA
	}
	cert := ca.certify(o.t, template, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// member issues a named member with a role once, and returns the same one later.
func (o *Org) member(role string, name []string) *Member {
	o.t.Helper()
	cn := role + "0"
	if len(name) > 0 {
		cn = name[0]
	}
	if m, ok := o.named[role+"/"+cn]; ok {
		return m
	}
	template := Template{Name: cn + "." + o.MSPID}
	if o.nodeOUs {
		template.OUs = []string{role}
	}
	m := o.Issue(template)
	o.named[role+"/"+cn] = m
	return m
}

// Client returns a client of the organisation; each name has one certificate.
func (o *Org) Client(name ...string) *Member { o.t.Helper(); return o.member(RoleClient, name) }

// Peer returns a peer of the organisation.
func (o *Org) Peer(name ...string) *Member { o.t.Helper(); return o.member(RolePeer, name) }

// Admin returns an admin of the organisation.
func (o *Org) Admin(name ...string) *Member { o.t.Helper(); return o.member(RoleAdmin, name) }

// Orderer returns an orderer node of the organisation.
func (o *Org) Orderer(name ...string) *Member { o.t.Helper(); return o.member(RoleOrderer, name) }

// ListAdmin lists a certificate as an admin's in the configuration.
func (o *Org) ListAdmin(m *Member) { o.adminCerts = append(o.adminCerts, m.CertPEM) }

// RequireOU makes the configuration ask every identity for one of the required
// OUs, certified by the organisation's CA.
func (o *Org) RequireOU(name string) {
	o.ous = append(o.ous, &msppb.FabricOUIdentifier{Certificate: o.CA.CertPEM, OrganizationalUnitIdentifier: name})
}

// Revoke puts members on a revocation list, signed by the CA that issued them.
// It takes effect in what Config returns from then on.
func (o *Org) Revoke(members ...*Member) {
	o.t.Helper()
	o.crls = nil
	for _, m := range members {
		o.revoked[m.issuer] = append(o.revoked[m.issuer], x509.RevocationListEntry{
			SerialNumber: m.Cert.SerialNumber, RevocationTime: m.Cert.NotBefore,
		})
	}
	for ca, entries := range o.revoked {
		o.crls = append(o.crls, ca.CRL(o.t, entries))
	}
}

// Config returns the organisation's MSP configuration.
func (o *Org) Config() *msppb.FabricMSPConfig {
	config := &msppb.FabricMSPConfig{
		Name:                          o.MSPID,
		RootCerts:                     [][]byte{o.Root.CertPEM},
		Admins:                        slices.Clone(o.adminCerts),
		RevocationList:                slices.Clone(o.crls),
		OrganizationalUnitIdentifiers: slices.Clone(o.ous),
		TlsRootCerts:                  [][]byte{o.TLS.CertPEM},
		CryptoConfig:                  &msppb.FabricCryptoConfig{SignatureHashFamily: "SHA2", IdentityIdentifierHashFunction: "SHA256"},
	}
	if o.CA != o.Root {
		config.IntermediateCerts = [][]byte{o.CA.CertPEM}
	}
	if o.nodeOUs {
		ou := func(role string) *msppb.FabricOUIdentifier {
			id := &msppb.FabricOUIdentifier{OrganizationalUnitIdentifier: role}
			if o.boundOUs {
				id.Certificate = o.CA.CertPEM
			}
			return id
		}
		config.FabricNodeOus = &msppb.FabricNodeOUs{
			Enable: true, ClientOuIdentifier: ou(RoleClient), PeerOuIdentifier: ou(RolePeer),
			AdminOuIdentifier: ou(RoleAdmin), OrdererOuIdentifier: ou(RoleOrderer),
		}
	}
	return config
}

// MSPConfig returns the configuration as the channel configuration carries it.
func (o *Org) MSPConfig() *msppb.MSPConfig {
	o.t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(o.Config())
	if err != nil {
		o.t.Fatalf("fpctest: MSP configuration of %s: %v", o.MSPID, err)
	}
	return &msppb.MSPConfig{Config: b}
}

// MSP compiles the organisation's configuration.
func (o *Org) MSP() *msp.MSP {
	o.t.Helper()
	m, err := msp.New(o.Config())
	if err != nil {
		o.t.Fatalf("fpctest: MSP of %s: %v", o.MSPID, err)
	}
	return m
}

// NewManager compiles the configurations of several organisations.
func NewManager(t testing.TB, orgs ...*Org) *msp.Manager {
	t.Helper()
	msps := make([]*msp.MSP, len(orgs))
	for i, o := range orgs {
		msps[i] = o.MSP()
	}
	manager, err := msp.NewManager(msps...)
	if err != nil {
		t.Fatalf("fpctest: %v", err)
	}
	return manager
}

// Principal is the principal "has this role in this organisation".
func (o *Org) Principal(role common.MSPRole_MSPRoleType) *common.MSPPrincipal {
	return msp.RolePrincipal(o.MSPID, role)
}
