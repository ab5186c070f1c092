// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

var orgOne = Spec{
	MSPID:  "Org1MSP",
	Domain: "org1.example.com",
	Nodes:  []string{"peer0"},
	Users:  []string{"User1"},
	Hosts:  []string{"localhost", "127.0.0.1"},
}

func create1(t *testing.T) (*Org, string) {
	t.Helper()
	root := t.TempDir()
	org, err := Create(root, orgOne, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return org, root
}

// The list is what cryptogen 2.5.16 writes for such an organisation.
func TestLayoutIsCryptogens(t *testing.T) {
	_, root := create1(t)
	want := []string{
		"ca/ca.org1.example.com-cert.pem",
		"ca/priv_sk",
		"msp/cacerts/ca.org1.example.com-cert.pem",
		"msp/config.yaml",
		"msp/tlscacerts/tlsca.org1.example.com-cert.pem",
		"tlsca/priv_sk",
		"tlsca/tlsca.org1.example.com-cert.pem",
	}
	for _, e := range []struct{ dir, name, kind string }{
		{"peers/peer0.org1.example.com", "peer0.org1.example.com", "server"},
		{"users/Admin@org1.example.com", "Admin@org1.example.com", "client"},
		{"users/User1@org1.example.com", "User1@org1.example.com", "client"},
	} {
		want = append(want,
			e.dir+"/msp/cacerts/ca.org1.example.com-cert.pem",
			e.dir+"/msp/config.yaml",
			e.dir+"/msp/keystore/priv_sk",
			e.dir+"/msp/signcerts/"+e.name+"-cert.pem",
			e.dir+"/msp/tlscacerts/tlsca.org1.example.com-cert.pem",
			e.dir+"/tls/ca.crt",
			e.dir+"/tls/"+e.kind+".crt",
			e.dir+"/tls/"+e.kind+".key",
		)
	}
	base := filepath.Join(root, "peerOrganizations", "org1.example.com")
	var got []string
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(base, path)
		got = append(got, filepath.ToSlash(rel))
		if info, _ := d.Info(); (strings.HasSuffix(path, "_sk") || strings.HasSuffix(path, ".key")) && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, want 0600", rel, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("files: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRolesUnderFabricsMSP(t *testing.T) {
	org, _ := create1(t)
	rules, err := msp.New(org.MSPConfig())
	if err != nil {
		t.Fatal(err)
	}
	admin, err := org.User("Admin")
	if err != nil {
		t.Fatal(err)
	}
	user, err := org.User("User1")
	if err != nil {
		t.Fatal(err)
	}
	node, err := org.Node("peer0")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		signer msp.Signer
		role   common.MSPRole_MSPRoleType
	}{
		{"Admin", admin, common.MSPRole_ADMIN},
		{"User1", user, common.MSPRole_CLIENT},
		{"peer0", node, common.MSPRole_PEER},
	} {
		id, err := rules.Identity(c.signer.Creator())
		if err != nil {
			t.Errorf("%s: got %v, want a valid identity", c.name, err)
			continue
		}
		for _, role := range []common.MSPRole_MSPRoleType{common.MSPRole_ADMIN, common.MSPRole_CLIENT, common.MSPRole_PEER, common.MSPRole_ORDERER} {
			err := id.Satisfies(msp.RolePrincipal("Org1MSP", role))
			if got, want := err == nil, role == c.role; got != want {
				t.Errorf("%s satisfies %v: got %v (%v), want %v", c.name, role, got, err, want)
			}
		}
		sig, err := c.signer.Sign([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		if err := id.Verify([]byte("message"), sig); err != nil {
			t.Errorf("%s: own signature: got %v, want nil", c.name, err)
		}
	}
}

func TestReopenedAuthorityIssuesForTheSameMSP(t *testing.T) {
	org, root := create1(t)
	again, err := Open(root, orgOne)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.AddUser("Late", RoleClient); err != nil {
		t.Fatal(err)
	}
	late, err := again.User("Late")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := msp.New(org.MSPConfig())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Identity(late.Creator()); err != nil {
		t.Errorf("identity issued after reopening: got %v, want valid", err)
	}
}

func TestRevoke(t *testing.T) {
	org, _ := create1(t)
	cert, err := os.ReadFile(filepath.Join(org.UserDir("User1"), "msp", "signcerts", "User1@org1.example.com-cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	crl, err := org.CA.Revoke(1, time.Now(), cert)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := msp.New(org.MSPConfig(crl))
	if err != nil {
		t.Fatal(err)
	}
	user, err := org.User("User1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Identity(user.Creator()); err == nil {
		t.Error("revoked identity: got valid, want an error")
	}
	admin, err := org.User("Admin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Identity(admin.Creator()); err != nil {
		t.Errorf("identity that is not on the list: got %v, want valid", err)
	}
	if _, err := org.TLSCA.Revoke(1, time.Now(), cert); err == nil {
		t.Error("list of another authority: got none, want an error")
	}
}

func TestCertifyRequest(t *testing.T) {
	org, _ := create1(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "root", OrganizationalUnit: []string{RoleAdmin}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := org.CA.CertifyRequest(csr, Request{CommonName: "enclave", OUs: []string{RoleClient, "fpc-0123"}})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := parseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cert.Subject.CommonName, "enclave"; got != want {
		t.Errorf("common name: got %q, want %q", got, want)
	}
	if got, want := cert.Subject.OrganizationalUnit, []string{RoleClient, "fpc-0123"}; !slices.Equal(got, want) {
		t.Errorf("units: got %q, want %q", got, want)
	}
	if cert.NotBefore.Before(org.CA.Certificate().NotBefore) {
		t.Errorf("validity begins %v, want not before the CA's %v", cert.NotBefore, org.CA.Certificate().NotBefore)
	}
	csr[len(csr)-1] ^= 1
	if _, err := org.CA.CertifyRequest(csr, Request{CommonName: "enclave"}); err == nil {
		t.Error("request without possession of its key: got a certificate, want an error")
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := org.CA.CertifyRequest(csr, Request{CommonName: "enclave"}); err == nil {
		t.Error("request with a P-384 key: got a certificate, want an error")
	}
}

func TestServerCertificateNamesItsHosts(t *testing.T) {
	org, _ := create1(t)
	dir := filepath.Join(org.NodeDir("peer0"), "tls")
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(org.TLSCA.Certificate())
	for _, host := range []string{"localhost", "127.0.0.1", "peer0.org1.example.com"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: got %v, want verified", host, err)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "elsewhere"}); err == nil {
		t.Error("elsewhere: got verified, want an error")
	}
}

func TestDamagedMaterialIsAnError(t *testing.T) {
	for _, c := range []struct{ name, file, contents string }{
		{"no certificate", "ca/ca.org1.example.com-cert.pem", "garbage"},
		{"no key", "ca/priv_sk", "garbage"},
		{"another block", "tlsca/priv_sk", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))},
	} {
		t.Run(c.name, func(t *testing.T) {
			org, root := create1(t)
			if err := os.WriteFile(filepath.Join(org.Dir, c.file), []byte(c.contents), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(root, orgOne); err == nil {
				t.Error("got an authority, want an error")
			}
		})
	}
}
