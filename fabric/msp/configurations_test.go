// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fpctest"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

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
