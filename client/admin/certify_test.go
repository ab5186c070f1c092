// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package admin_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// certification is the first enclave's request in a world of Full mode.
func certification(t *testing.T) (*clienttest.World, admin.Certification) {
	t.Helper()
	w := clienttest.NewFull(t)
	facts, err := admin.RegistrationFacts(w.View, "", w.View.GetCodeManifest(), w.Trust().Verifiers, clienttest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := w.Enclaves[0].SK.CertificateRequest(pkix.Name{CommonName: "whatever", OrganizationalUnit: []string{"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	return w, admin.Certification{Facts: facts, Credentials: w.View.Credentials[0], CSR: csr, Roots: roots(t, w)}
}

// roots are the organisations' roots, as an administrator reads them from a block.
func roots(t *testing.T, w *clienttest.World) []byte {
	t.Helper()
	var serialized [][]byte
	for _, org := range w.Orgs {
		b, err := proto.Marshal(org.MSPConfig())
		if err != nil {
			t.Fatal(err)
		}
		serialized = append(serialized, b)
	}
	configs, err := protocol.NewMSPConfigurations(serialized, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := protocol.CertificateRoots(configs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fileCA(t *testing.T, org *fpctest.Org) *admin.FileCA {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(org.CA.Key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := admin.NewFileCA(org.CA.CertPEM, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// The certificate is for the attested key and says what its chaincode's policy
// asks for, whatever the request says of itself.
func TestCertify(t *testing.T) {
	w, c := certification(t)
	text, err := c.Certify(t.Context(), fileCA(t, w.Orgs[0]))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"client", w.Enclaves[0].Unit()}
	if got := cert.Subject.OrganizationalUnit; len(got) != 2 || got[0] != want[0] || got[1] != want[1] || cert.Subject.CommonName != w.Enclaves[0].VK.ID() {
		t.Errorf("subject: got %v, want units %v and the enclave's id", cert.Subject, want)
	}
	if cert.NotBefore.Before(w.Orgs[0].CA.Cert.NotBefore) {
		t.Errorf("valid from %v, before its CA's %v: peers would not count it", cert.NotBefore, w.Orgs[0].CA.Cert.NotBefore)
	}
}

// TestAttack12Certification: nothing is certified but what the registry would
// register.
func TestAttack12Certification(t *testing.T) {
	for name, test := range map[string]struct {
		lie  func(t *testing.T, w *clienttest.World, c *admin.Certification)
		want protocol.Code
	}{
		"evidence below the policy": {func(_ *testing.T, _ *clienttest.World, c *admin.Certification) {
			c.Facts.Policy.Attestation = attest.Policy{Platforms: map[string]attest.PlatformPolicy{"sim": {MinTCB: 9}}}
		}, attest.CodeTCB},
		"evidence expired": {func(_ *testing.T, _ *clienttest.World, c *admin.Certification) {
			c.Facts.At = clienttest.Noon.Add(2 * time.Hour)
		}, attest.CodeExpired},
		"code of another version": {func(_ *testing.T, _ *clienttest.World, c *admin.Certification) {
			c.Facts.Manifest = []byte("sim:" + strings.Repeat("0", 64) + "\n")
		}, protocol.CodeWrongVersion},
		"ledger enclave not approved": {func(_ *testing.T, _ *clienttest.World, c *admin.Certification) {
			c.Facts.Policy.LedgerCodeIDs = nil
		}, protocol.CodeWrongLedger},
		"definition of Lite mode": {func(t *testing.T, _ *clienttest.World, c *admin.Certification) {
			var err error
			if c.Facts.DefinitionPolicy, err = proto.Marshal(&peer.ApplicationPolicy{}); err != nil {
				t.Fatal(err)
			}
		}, protocol.CodeWrongMode},
		"another enclave's key": {func(t *testing.T, w *clienttest.World, c *admin.Certification) {
			var err error
			if c.CSR, err = w.Enclaves[1].SK.CertificateRequest(pkix.Name{}); err != nil {
				t.Fatal(err)
			}
		}, protocol.CodeWrongEnclave},
		"request that does not decode": {func(_ *testing.T, _ *clienttest.World, c *admin.Certification) {
			c.CSR = []byte("x")
		}, protocol.CodeWrongEnclave},
	} {
		t.Run(name, func(t *testing.T) {
			w, c := certification(t)
			test.lie(t, w, &c)
			_, err := c.Certify(t.Context(), never{t})
			if got := protocol.CodeOf(err); got != test.want {
				t.Errorf("got %v, want code %s", err, test.want)
			}
		})
	}
}

// never is a CA that must not be asked.
type never struct{ t *testing.T }

func (n never) Issue(context.Context, []byte, string, []string) ([]byte, error) {
	n.t.Error("the CA was asked to issue")
	return nil, nil
}

// lyingCA issues what a test wants.
type lyingCA func(csr []byte, name string, units []string) ([]byte, error)

func (l lyingCA) Issue(_ context.Context, csr []byte, name string, units []string) ([]byte, error) {
	return l(csr, name, units)
}

// What a CA issues is verified before anybody uses it.
func TestCertificateThatTheCAShouldNotHaveIssued(t *testing.T) {
	for name, issue := range map[string]func(w *clienttest.World) lyingCA{
		"of another organisation": func(w *clienttest.World) lyingCA {
			return func(csr []byte, name string, units []string) ([]byte, error) {
				return fileCA(t, w.Orgs[1]).Issue(t.Context(), csr, name, units)
			}
		},
		"as a peer": func(w *clienttest.World) lyingCA {
			return func(csr []byte, name string, units []string) ([]byte, error) {
				return fileCA(t, w.Orgs[0]).Issue(t.Context(), csr, name, []string{"peer", units[1]})
			}
		},
		"without the unit": func(w *clienttest.World) lyingCA {
			return func(csr []byte, name string, _ []string) ([]byte, error) {
				return fileCA(t, w.Orgs[0]).Issue(t.Context(), csr, name, []string{"client"})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, c := certification(t)
			_, err := c.Certify(t.Context(), issue(w))
			if got := protocol.CodeOf(err); got != protocol.CodeWrongCertificate {
				t.Errorf("got %v, want code %s", err, protocol.CodeWrongCertificate)
			}
		})
	}
}

func TestFileCARefuses(t *testing.T) {
	org, other := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	sec1, err := x509.MarshalECPrivateKey(org.CA.Key)
	if err != nil {
		t.Fatal(err)
	}
	good := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})
	if _, err := admin.NewFileCA(org.CA.CertPEM, good); err != nil {
		t.Errorf("a SEC 1 key: %v", err)
	}
	for name, test := range map[string]struct{ cert, key []byte }{
		"no certificate":          {nil, good},
		"certificate of a member": {org.Client().CertPEM, org.Client().KeyPEM()},
		"another CA's key":        {other.CA.CertPEM, good},
		"no key":                  {org.CA.CertPEM, nil},
		"a key that is none":      {org.CA.CertPEM, org.CA.CertPEM},
	} {
		if _, err := admin.NewFileCA(test.cert, test.key); err == nil {
			t.Errorf("%s: got a CA, want an error", name)
		}
	}
	ca, err := admin.NewFileCA(org.CA.CertPEM, good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Issue(t.Context(), []byte("x"), "n", nil); err == nil {
		t.Error("a request that does not decode: got a certificate, want an error")
	}
}

// Policies of enclaves name the organisations' CAs, and pinned ones exactly the
// registered certificates.
func TestEnclavePolicies(t *testing.T) {
	w := clienttest.NewFull(t)
	policies, err := admin.EnclavePoliciesOf(w.Genesis, w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	version := w.View.GetDefinition().GetVersion()
	got, err := policies.Compile(clienttest.EndorsementPolicy, clienttest.Chaincode, version)
	if err != nil || string(got) != string(w.View.GetDefinitionPolicy()) {
		t.Errorf("compiled: got %x, %v, want the policy that the enclaves' certificates satisfy", got, err)
	}
	if _, err := policies.Compile("OR('Org9MSP.enclave')", clienttest.Chaincode, version); protocol.CodeOf(err) != protocol.CodeBadEnclavePolicy {
		t.Errorf("an organisation that is not there: got %v, want code %s", err, protocol.CodeBadEnclavePolicy)
	}
	pinned, err := policies.Pin(clienttest.EndorsementPolicy, clienttest.Chaincode, version, w.View)
	if err != nil {
		t.Fatal(err)
	}
	if mode, envelope, err := protocol.EnclavePolicy("LC-3", pinned, w.Pins.ChannelHash(), clienttest.Chaincode, version); mode != protocol.ModeFull || len(envelope.GetIdentities()) != 3 {
		t.Errorf("pinned: got mode %q with %d certificates, %v, want full with 3", mode, len(envelope.GetIdentities()), err)
	}
	w.View.Revoked = []string{w.Enclaves[1].VK.ID()}
	if _, err := policies.Pin(clienttest.EndorsementPolicy, clienttest.Chaincode, version, w.View); protocol.CodeOf(err) != protocol.CodeBadEnclavePolicy {
		t.Errorf("a revoked enclave: got %v, want code %s", err, protocol.CodeBadEnclavePolicy)
	}
}
