// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// TestVerdicts holds our membership rules against those of Fabric's own code, as
// recorded in testdata/verdicts.jsonl.
func TestVerdicts(t *testing.T) {
	for _, c := range fpctest.Verdicts(t, "testdata/verdicts.jsonl", func() []fpctest.Question { return questions(t) }) {
		t.Run(c.Question.Name, func(t *testing.T) { compare(t, c) })
	}
}

func compare(t *testing.T, c fpctest.Case) {
	config := &msppb.FabricMSPConfig{}
	if err := proto.Unmarshal(c.Question.Configs[0], config); err != nil {
		t.Fatal(err)
	}
	m, err := msp.New(config)
	if got, want := err == nil, c.Verdict.Setup[0]; got != want {
		t.Fatalf("configuration accepted: %v (%v), Fabric says %v", got, err, want)
	}
	if err != nil {
		return
	}
	for i, claim := range c.Question.Identities {
		want := c.Verdict.Identities[i]
		got := fpctest.IdentityVerdict{}
		var reasons []error
		if p, err := m.Present(claim.Serialized); err == nil {
			got, reasons = judge(t, p, claim, c.Question.Principals)
		} else {
			reasons = append(reasons, err)
		}
		if got.Presents != want.Presents || got.ID != want.ID || got.Valid != want.Valid || got.Verifies != want.Verifies ||
			!slices.Equal(got.OUs, want.OUs) || !slices.Equal(got.Satisfies, want.Satisfies) {
			t.Errorf("%s:\n got %+v\nwant %+v\nreasons: %v", claim.Name, got, want, reasons)
		}
	}
}

func judge(t *testing.T, p *msp.Presented, claim fpctest.Claim, principals [][]byte) (fpctest.IdentityVerdict, []error) {
	t.Helper()
	_, invalid := p.Validate()
	unverified := p.Verify(claim.Message, claim.Signature)
	v := fpctest.IdentityVerdict{Presents: true, ID: p.ID(), Valid: invalid == nil, Verifies: unverified == nil}
	reasons := []error{invalid, unverified}
	for _, ou := range p.OUs() {
		v.OUs = append(v.OUs, ou.Name+" "+hex.EncodeToString(ou.CertifiersIdentifier))
	}
	for _, raw := range principals {
		principal := &common.MSPPrincipal{}
		if err := proto.Unmarshal(raw, principal); err != nil {
			t.Fatal(err)
		}
		err := p.Satisfies(principal)
		v.Satisfies = append(v.Satisfies, err == nil)
		reasons = append(reasons, err)
	}
	return v, reasons
}

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
		change("high-S signature", func(c *fpctest.Claim) { c.Signature = highS(t, good.Signature) }),
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

// highS turns a low-S signature into its high-S twin.
func highS(t *testing.T, signature []byte) []byte {
	t.Helper()
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &s); err != nil {
		t.Fatal(err)
	}
	s.S.Sub(elliptic.P256().Params().N, s.S)
	twin, err := asn1.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return twin
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

// revocations are configurations with revocation lists.
func revocations(t *testing.T) []fpctest.Question {
	var all []fpctest.Question
	ask := func(name string, o *fpctest.Org, config *msppb.FabricMSPConfig, claims ...fpctest.Claim) {
		all = append(all, question(t, name, o, config, claims))
	}
	o := fpctest.NewOrg(t, "Org1MSP", fpctest.WithIntermediate())
	o.ListAdmin(o.Client("listed"))
	gone, stays := claim(t, "revoked", o.Client()), claim(t, "not revoked", o.Peer())
	o.Revoke(o.Client(), o.Client("listed"))
	ask("revoked client and listed admin", o, o.Config(), gone, stays, claim(t, "revoked listed admin", o.Client("listed")))

	o = fpctest.NewOrg(t, "Org1MSP")
	entry := []x509.RevocationListEntry{{SerialNumber: o.Client().Cert.SerialNumber, RevocationTime: time.Now()}}
	config := o.Config()
	config.RevocationList = [][]byte{fpctest.NewCA(t, "liar").CRL(t, entry)}
	ask("list of a foreign CA", o, config, claim(t, "client", o.Client()))

	impostor := fpctest.NewCA(t, "impostor")
	impostor.Cert.SubjectKeyId = o.Root.Cert.SubjectKeyId
	config = o.Config()
	config.RevocationList = [][]byte{impostor.CRL(t, entry)}
	ask("list under a stolen key identifier", o, config, claim(t, "client", o.Client()))

	block, _ := pem.Decode(o.Root.CRL(t, entry))
	config = o.Config()
	config.RevocationList = [][]byte{block.Bytes}
	ask("list in DER", o, config, claim(t, "client", o.Client()), claim(t, "peer", o.Peer()))

	config = o.Config()
	config.RevocationList = [][]byte{withoutAuthority(t, o.Root, entry)}
	ask("list without authority key identifier", o, config, claim(t, "client", o.Client()), claim(t, "peer", o.Peer()))

	o = fpctest.NewOrg(t, "Org1MSP", fpctest.WithIntermediate())
	config = o.Config()
	config.RevocationList = [][]byte{o.Root.CRL(t, []x509.RevocationListEntry{{SerialNumber: o.CA.Cert.SerialNumber, RevocationTime: time.Now()}})}
	ask("revoked intermediate", o, config, claim(t, "client", o.Client()))
	return all
}

// withoutAuthority signs a revocation list that names no authority key.
func withoutAuthority(t *testing.T, ca *fpctest.CA, revoked []x509.RevocationListEntry) []byte {
	t.Helper()
	block, _ := pem.Decode(ca.CRL(t, revoked))
	var list struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(block.Bytes, &list); err != nil {
		t.Fatal(err)
	}
	// Replace the extension's identifier by an unknown one of the same length; the
	// signature need not hold.
	old, err := asn1.Marshal(asn1.ObjectIdentifier{2, 5, 29, 35})
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(block.Bytes, old)
	if at < 0 {
		t.Fatal("the list has no authority key identifier to remove")
	}
	block.Bytes[at+len(old)-1] = 99
	return block.Bytes
}

// configurations are MSP configurations that are refused, or nearly.
func configurations(t *testing.T) []fpctest.Question {
	base := fpctest.NewOrg(t, "Org1MSP", fpctest.WithIntermediate())
	other := fpctest.NewOrg(t, "Org2MSP", fpctest.WithIntermediate())
	leaf := base.Client()
	var all []fpctest.Question
	ask := func(name string, change func(c *msppb.FabricMSPConfig)) {
		config := base.Config()
		change(config)
		all = append(all, question(t, name, base, config, []fpctest.Claim{claim(t, "client", leaf), claim(t, "admin", base.Admin())}))
	}
	ask("no root", func(c *msppb.FabricMSPConfig) { c.RootCerts = nil })
	ask("garbage root", func(c *msppb.FabricMSPConfig) { c.RootCerts = [][]byte{[]byte("x")} })
	ask("leaf as root", func(c *msppb.FabricMSPConfig) { c.RootCerts = [][]byte{leaf.CertPEM} })
	ask("leaf as intermediate", func(c *msppb.FabricMSPConfig) { c.IntermediateCerts = append(c.IntermediateCerts, leaf.CertPEM) })
	ask("intermediate as root", func(c *msppb.FabricMSPConfig) { c.RootCerts = [][]byte{base.CA.CertPEM} })
	ask("foreign intermediate", func(c *msppb.FabricMSPConfig) { c.IntermediateCerts = [][]byte{other.CA.CertPEM} })
	ask("root twice", func(c *msppb.FabricMSPConfig) { c.RootCerts = append(c.RootCerts, base.Root.CertPEM) })
	ask("two roots", func(c *msppb.FabricMSPConfig) { c.RootCerts = append(c.RootCerts, other.Root.CertPEM) })
	ask("three levels", func(c *msppb.FabricMSPConfig) {
		c.IntermediateCerts = append(c.IntermediateCerts, base.CA.Intermediate(t, "third").CertPEM)
	})
	ask("garbage revocation list", func(c *msppb.FabricMSPConfig) { c.RevocationList = [][]byte{[]byte("x")} })
	ask("garbage admin", func(c *msppb.FabricMSPConfig) { c.Admins = [][]byte{[]byte("x")} })
	ask("foreign admin", func(c *msppb.FabricMSPConfig) { c.Admins = [][]byte{other.Admin().CertPEM} })
	ask("peer as listed admin", func(c *msppb.FabricMSPConfig) { c.Admins = [][]byte{base.Peer().CertPEM} })
	ask("no admin possible", func(c *msppb.FabricMSPConfig) { c.FabricNodeOus.AdminOuIdentifier = nil })
	ask("no orderer OU", func(c *msppb.FabricMSPConfig) { c.FabricNodeOus.OrdererOuIdentifier = nil })
	ask("NodeOUs disabled", func(c *msppb.FabricMSPConfig) {
		c.FabricNodeOus.Enable = false
		c.Admins = [][]byte{leaf.CertPEM}
	})
	ask("NodeOUs empty", func(c *msppb.FabricMSPConfig) {
		c.FabricNodeOus = &msppb.FabricNodeOUs{Enable: true}
		c.Admins = [][]byte{leaf.CertPEM}
	})
	ask("NodeOU of a foreign CA", func(c *msppb.FabricMSPConfig) { c.FabricNodeOus.PeerOuIdentifier.Certificate = other.CA.CertPEM })
	ask("NodeOU of the root", func(c *msppb.FabricMSPConfig) { c.FabricNodeOus.ClientOuIdentifier.Certificate = base.Root.CertPEM })
	ask("one OU for two roles", func(c *msppb.FabricMSPConfig) {
		c.FabricNodeOus.PeerOuIdentifier.OrganizationalUnitIdentifier = "client"
	})
	ask("OU of a foreign CA", func(c *msppb.FabricMSPConfig) {
		c.OrganizationalUnitIdentifiers = []*msppb.FabricOUIdentifier{{Certificate: other.CA.CertPEM, OrganizationalUnitIdentifier: "client"}}
	})
	ask("OU without CA", func(c *msppb.FabricMSPConfig) {
		c.OrganizationalUnitIdentifiers = []*msppb.FabricOUIdentifier{{OrganizationalUnitIdentifier: "client"}}
	})
	ask("leaf as TLS root", func(c *msppb.FabricMSPConfig) { c.TlsRootCerts = [][]byte{leaf.CertPEM} })
	ask("foreign TLS intermediate", func(c *msppb.FabricMSPConfig) { c.TlsIntermediateCerts = [][]byte{other.CA.CertPEM} })
	ask("no crypto configuration", func(c *msppb.FabricMSPConfig) { c.CryptoConfig = nil })
	ask("SHA-3 signatures", func(c *msppb.FabricMSPConfig) { c.CryptoConfig.SignatureHashFamily = "SHA3" })
	ask("unknown signature hash", func(c *msppb.FabricMSPConfig) { c.CryptoConfig.SignatureHashFamily = "MD5" })
	ask("SHA-384 identities", func(c *msppb.FabricMSPConfig) { c.CryptoConfig.IdentityIdentifierHashFunction = "SHA384" })
	ask("unknown identity hash", func(c *msppb.FabricMSPConfig) { c.CryptoConfig.IdentityIdentifierHashFunction = "MD5" })
	return append(all, special(t)...)
}

// special are organisations with CAs that fpctest does not make.
func special(t *testing.T) []fpctest.Question {
	var all []fpctest.Question
	for _, kind := range []struct {
		name   string
		change func(ca *x509.Certificate)
		cn     string
	}{
		{"CA with name constraints", func(ca *x509.Certificate) { ca.PermittedDNSDomains = []string{"example.com"} }, "host.other.com"},
		{"CA with name constraints, no host name", func(ca *x509.Certificate) { ca.PermittedDNSDomains = []string{"example.com"} }, "not a host"},
		{"CA that may not sign lists", func(ca *x509.Certificate) { ca.KeyUsage = x509.KeyUsageCertSign }, "client"},
		{"CA with path length 0", func(ca *x509.Certificate) { ca.MaxPathLenZero = true }, "client"},
	} {
		o := fpctest.NewOrg(t, "Org1MSP")
		template := *o.Root.Cert
		kind.change(&template)
		replaceRoot(t, o, &template, &o.Root.Key.PublicKey, o.Root.Key)
		m := o.Issue(fpctest.Template{Name: kind.cn, OUs: []string{"client"}})
		o.Revoke(o.Client("revoked"))
		all = append(all, question(t, kind.name, o, o.Config(), []fpctest.Claim{claim(t, "client", m), claim(t, "revoked", o.Client("revoked"))}))
	}
	return append(all, rsaCA(t))
}

// replaceRoot signs the organisation's root anew from a template.
func replaceRoot(t *testing.T, o *fpctest.Org, template *x509.Certificate, public, private any) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	if o.Root.Cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	o.Root.Cert.KeyUsage |= x509.KeyUsageCRLSign // in memory only: x509 refuses to sign lists without
	o.Root.CertPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	o.Root.Chain = [][]byte{o.Root.CertPEM}
}

// rsaCA is an organisation with an RSA root that issues ECDSA and RSA members.
func rsaCA(t *testing.T) fpctest.Question {
	t.Helper()
	o := fpctest.NewOrg(t, "Org1MSP")
	o.Client() // for the principals, while the root has its ECDSA key
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := *o.Root.Cert
	template.SignatureAlgorithm, template.PublicKeyAlgorithm, template.PublicKey = x509.SHA256WithRSA, x509.RSA, nil
	replaceRoot(t, o, &template, &key.PublicKey, key)
	issue := func(name string, public any) []byte {
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{"client"}},
			NotBefore: template.NotBefore.Add(time.Minute), NotAfter: template.NotAfter, BasicConstraintsValid: true,
		}, o.Root.Cert, public, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	member := withSigner(t, o.MSPID, issue("client", &o.Root.Key.PublicKey), o.Root.Key)
	return question(t, "RSA root", o, o.Config(), []fpctest.Claim{claim(t, "client", member)})
}
