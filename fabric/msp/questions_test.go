// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// questions makes organisations of every kind and asks each about members of
// every kind, good and bad, and about principals of every kind.
func questions(t *testing.T) []fpctest.Question {
	kinds := []struct {
		name    string
		options []fpctest.Option
		change  func(o *fpctest.Org)
	}{
		{name: "root with NodeOUs"},
		{name: "intermediate", options: []fpctest.Option{fpctest.WithIntermediate()}},
		{name: "bound NodeOUs", options: []fpctest.Option{fpctest.WithIntermediate(), fpctest.WithBoundOUs()}},
		{name: "no NodeOUs", options: []fpctest.Option{fpctest.WithoutNodeOUs()}},
		{name: "high-S root", change: func(o *fpctest.Org) { o.Root = fpctest.NewHighSCA(t, "high"); o.CA = o.Root }},
		{name: "required OU", change: func(o *fpctest.Org) { o.RequireOU("sales") }},
		{name: "listed admin", change: func(o *fpctest.Org) { o.ListAdmin(o.Client()) }},
	}
	var all []fpctest.Question
	for _, kind := range kinds {
		o := fpctest.NewOrg(t, "Org1MSP", kind.options...)
		if kind.change != nil {
			kind.change(o)
		}
		all = append(all, question(t, kind.name, o, o.Config(), members(t, o)))
	}
	all = append(all, revocations(t)...)
	return append(all, configurations(t)...)
}

func question(t *testing.T, name string, o *fpctest.Org, config *msppb.FabricMSPConfig, claims []fpctest.Claim) fpctest.Question {
	t.Helper()
	if len(config.GetTlsIntermediateCerts()) == 0 && len(config.GetTlsRootCerts()) > 0 && bytes.Equal(config.GetTlsRootCerts()[0], o.TLS.CertPEM) {
		config.TlsRootCerts = nil // asked about elsewhere
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return fpctest.Question{Name: name, Configs: [][]byte{raw}, Identities: claims, Principals: principals(t, o)}
}

// claim signs a message as a member.
func claim(t *testing.T, name string, m *fpctest.Member) fpctest.Claim {
	t.Helper()
	message := []byte("message of " + name)
	signature, err := m.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return fpctest.Claim{Name: name, Serialized: m.Creator(), Message: message, Signature: signature}
}

// members are identities that an organisation's rules must tell apart.
func members(t *testing.T, o *fpctest.Org) []fpctest.Claim {
	other := fpctest.NewOrg(t, "Org2MSP")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	after := o.CA.Cert.NotAfter
	var claims []fpctest.Claim
	add := func(name string, m *fpctest.Member) { claims = append(claims, claim(t, name, m)) }
	add("client", o.Client())
	add("peer", o.Peer())
	add("admin", o.Admin())
	add("orderer", o.Orderer())
	for name, template := range map[string]fpctest.Template{
		"no OU":                {},
		"foreign OU":           {OUs: []string{"sales"}},
		"client and sales":     {OUs: []string{"sales", "client"}},
		"peer and admin":       {OUs: []string{"peer", "admin"}},
		"client twice":         {OUs: []string{"client", "client"}},
		"client with its OU":   {OUs: []string{"client", "fpc-0123"}},
		"high-S certificate":   {OUs: []string{"peer"}, HighS: true},
		"older than its CA":    {OUs: []string{"client"}, NotBefore: o.CA.Cert.NotBefore.Add(-time.Hour)},
		"expired":              {OUs: []string{"client"}, NotAfter: time.Now().Add(-time.Minute)},
		"outlives its CA":      {OUs: []string{"client"}, NotAfter: after.Add(time.Hour)},
		"issued by the root":   {OUs: []string{"client"}, Issuer: o.Root},
		"issued by another CA": {OUs: []string{"client"}, Issuer: other.CA},
		"a CA":                 {OUs: []string{"client"}, IsCA: true},
		"P-384 key":            {OUs: []string{"client"}, Key: p384},
		"client auth only":     {OUs: []string{"client"}, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
		"server auth":          {OUs: []string{"client"}, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
	} {
		template.Name = name
		add(name, o.Issue(template))
	}
	add("other organisation", other.Client())
	client := o.Client()
	add("root CA", withSigner(t, o.MSPID, o.Root.CertPEM, o.Root.Key))
	add("foreign root CA", withSigner(t, o.MSPID, other.Root.CertPEM, other.Root.Key))
	return append(claims, malformed(t, o, client)...)
}

func withSigner(t *testing.T, mspID string, certPEM []byte, key *ecdsa.PrivateKey) *fpctest.Member {
	t.Helper()
	signer, err := msp.NewSigner(mspID, certPEM, key)
	if err != nil {
		t.Fatal(err)
	}
	return &fpctest.Member{Signer: signer}
}

// malformed are good identities with something wrong in their encoding or their
// signature.
func malformed(t *testing.T, o *fpctest.Org, m *fpctest.Member) []fpctest.Claim {
	t.Helper()
	good := claim(t, "", m)
	change := func(name string, f func(c *fpctest.Claim)) fpctest.Claim {
		c := good
		c.Name = name
		f(&c)
		return c
	}
	der := m.Cert.Raw
	return []fpctest.Claim{
		change("high-S signature", func(c *fpctest.Claim) { c.Signature = fpctest.HighS(t, good.Signature) }),
		change("signature with a tail", func(c *fpctest.Claim) { c.Signature = append(slices.Clone(good.Signature), 1, 2, 3) }),
		change("truncated signature", func(c *fpctest.Claim) { c.Signature = good.Signature[:20] }),
		change("empty signature", func(c *fpctest.Claim) { c.Signature = nil }),
		change("other message", func(c *fpctest.Claim) { c.Message = []byte("other") }),
		change("junk before the PEM", func(c *fpctest.Claim) {
			c.Serialized = msp.Serialize(o.MSPID, append([]byte("junk\n"), m.CertPEM...))
		}),
		change("junk after the PEM", func(c *fpctest.Claim) {
			c.Serialized = msp.Serialize(o.MSPID, append(slices.Clone(m.CertPEM), "junk\n"...))
		}),
		change("PEM of another type", func(c *fpctest.Claim) {
			c.Serialized = msp.Serialize(o.MSPID, pem.EncodeToMemory(&pem.Block{Type: "SOMETHING", Bytes: der}))
		}),
		change("DER instead of PEM", func(c *fpctest.Claim) { c.Serialized = msp.Serialize(o.MSPID, der) }),
		change("DER with a tail", func(c *fpctest.Claim) {
			c.Serialized = msp.Serialize(o.MSPID, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(slices.Clone(der), 0)}))
		}),
		change("other MSP id", func(c *fpctest.Claim) { c.Serialized = msp.Serialize("Org9MSP", m.CertPEM) }),
		change("empty", func(c *fpctest.Claim) { c.Serialized = nil }),
		change("garbage", func(c *fpctest.Claim) { c.Serialized = []byte{0xff, 0xff, 1} }),
	}
}

// principals are principals of every kind about an organisation.
func principals(t *testing.T, o *fpctest.Org) [][]byte {
	t.Helper()
	certifiers, err := msp.CertifiersIdentifier(o.CA.Chain...)
	if err != nil {
		t.Fatal(err)
	}
	marshal := func(m proto.Message) []byte {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	of := func(kind common.MSPPrincipal_Classification, m proto.Message) *common.MSPPrincipal {
		return &common.MSPPrincipal{PrincipalClassification: kind, Principal: marshal(m)}
	}
	combined := func(parts ...*common.MSPPrincipal) *common.MSPPrincipal {
		return of(common.MSPPrincipal_COMBINED, &common.CombinedPrincipal{Principals: parts})
	}
	member := o.Principal(common.MSPRole_MEMBER)
	client := o.Principal(common.MSPRole_CLIENT)
	ou := msp.OUPrincipal(o.MSPID, "fpc-0123", certifiers)
	list := []*common.MSPPrincipal{
		member, o.Principal(common.MSPRole_ADMIN), client, o.Principal(common.MSPRole_PEER), o.Principal(common.MSPRole_ORDERER),
		o.Principal(9), msp.RolePrincipal("Org2MSP", common.MSPRole_MEMBER),
		ou, msp.OUPrincipal(o.MSPID, "fpc-0123", nil), msp.OUPrincipal("Org2MSP", "fpc-0123", certifiers), msp.OUPrincipal(o.MSPID, "client", certifiers),
		msp.IdentityPrincipal(o.Client().Creator()), msp.IdentityPrincipal([]byte("nonsense")),
		of(common.MSPPrincipal_ANONYMITY, &common.MSPIdentityAnonymity{AnonymityType: common.MSPIdentityAnonymity_NOMINAL}),
		of(common.MSPPrincipal_ANONYMITY, &common.MSPIdentityAnonymity{AnonymityType: common.MSPIdentityAnonymity_ANONYMOUS}),
		of(common.MSPPrincipal_ANONYMITY, &common.MSPIdentityAnonymity{AnonymityType: 7}),
		combined(client, ou), combined(member, combined(client, combined(member))), combined(), combined(client, combined()),
		combined(client, o.Principal(common.MSPRole_PEER)),
		{PrincipalClassification: 9},
		{PrincipalClassification: common.MSPPrincipal_ROLE, Principal: []byte{0xff}},
	}
	raw := make([][]byte, len(list))
	for i, p := range list {
		raw[i] = marshal(p)
	}
	return raw
}
