// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// code returns the code of an msp.Error, or what else the error is.
func code(err error) string {
	var e *msp.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "no msp.Error: " + err.Error()
	}
	return ""
}

// TestRefusals: each reason to refuse an identity has its code.
func TestRefusals(t *testing.T) {
	o, other := fpctest.NewOrg(t, "Org1MSP", fpctest.WithIntermediate()), fpctest.NewOrg(t, "Org2MSP")
	revoked := o.Client("revoked")
	o.Revoke(revoked)
	m := o.MSP()
	for _, c := range []struct {
		name       string
		serialized []byte
		want       string
	}{
		{"good", o.Client().Creator(), ""},
		{"not a message", []byte{0xff}, msp.CodeMalformed},
		{"no certificate", msp.Serialize("Org1MSP", []byte("x")), msp.CodeMalformed},
		{"empty", nil, msp.CodeUnknownMSP},
		{"other MSP", other.Client().Creator(), msp.CodeUnknownMSP},
		{"name of another", msp.Serialize("Org1MSP", other.Client().CertPEM), msp.CodeChain},
		{"by the root", o.Issue(fpctest.Template{Name: "x", OUs: []string{"client"}, Issuer: o.Root}).Creator(), msp.CodeChain},
		{"CA", msp.Serialize("Org1MSP", o.CA.CertPEM), msp.CodeCA},
		{"self-made CA", msp.Serialize("Org1MSP", other.Root.CertPEM), msp.CodeCA},
		{"revoked", revoked.Creator(), msp.CodeRevoked},
		{"no role", o.Issue(fpctest.Template{Name: "x"}).Creator(), msp.CodeOU},
		{"Ed25519", msp.Serialize("Org1MSP", ed25519Cert(t)), msp.CodeKeyType},
	} {
		id, err := m.Identity(c.serialized)
		if got := code(err); got != c.want {
			t.Errorf("%s: got code %q (%v), want %q", c.name, got, err, c.want)
		}
		if (id == nil) != (err != nil) {
			t.Errorf("%s: got identity %v beside error %v", c.name, id, err)
		}
	}
}

func ed25519Cert(t *testing.T) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := fpctest.NewCA(t, "x")
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: ca.Cert.NotBefore, NotAfter: ca.Cert.NotAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestNormalisation: a certificate and its high-S twin are one identity, and the
// identity serializes in the normalised form.
func TestNormalisation(t *testing.T) {
	o := fpctest.NewOrg(t, "Org1MSP")
	high := o.Issue(fpctest.Template{Name: "x", OUs: []string{"peer"}, HighS: true})
	m := o.MSP()
	first, err := m.Identity(high.Creator())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Certificate().Raw, high.Cert.Raw) {
		t.Error("the certificate kept its high-S signature")
	}
	second, err := m.Identity(first.Serialized())
	if err != nil {
		t.Fatal(err)
	}
	if first.ID() != second.ID() || !bytes.Equal(first.Serialized(), second.Serialized()) {
		t.Errorf("two identities: %s and %s", first.ID(), second.ID())
	}
	for _, serialized := range [][]byte{high.Creator(), first.Serialized()} {
		if err := first.Satisfies(msp.IdentityPrincipal(serialized)); err != nil {
			t.Error(err)
		}
	}
}

// TestCertifiersIdentifier: the function agrees with what a member's own OUs say,
// also for a root whose certificate is high-S.
func TestCertifiersIdentifier(t *testing.T) {
	for name, o := range map[string]*fpctest.Org{
		"root":         fpctest.NewOrg(t, "Org1MSP"),
		"intermediate": fpctest.NewOrg(t, "Org1MSP", fpctest.WithIntermediate()),
		"high-S":       highSOrg(t),
	} {
		id, err := o.MSP().Identity(o.Client().Creator())
		if err != nil {
			t.Fatal(err)
		}
		want := id.OUs()[0].CertifiersIdentifier
		if got, err := msp.CertifiersIdentifier(o.CA.Chain...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %x (%v), want %x", name, got, err, want)
		}
		if issuers := o.MSP().Issuers(); len(issuers) != 1 || !bytes.Equal(issuers[0].CertifiersIdentifier, want) {
			t.Errorf("%s: got issuers %v, want the one that certified the member", name, issuers)
		}
		if got, err := msp.CertifiersIdentifier(o.Client().CertPEM, o.TLS.CertPEM); err == nil {
			t.Errorf("%s: got %x for certificates that are no chain", name, got)
		}
	}
	if got, err := msp.CertifiersIdentifier(); err == nil {
		t.Errorf("got %x for no certificate", got)
	}
}

func highSOrg(t *testing.T) *fpctest.Org {
	t.Helper()
	o := fpctest.NewOrg(t, "Org1MSP")
	o.Root = fpctest.NewHighSCA(t, "high")
	o.CA = o.Root
	return o
}

func TestManager(t *testing.T) {
	one, two := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	m := fpctest.NewManager(t, two, one)
	if got := m.IDs(); !slices.Equal(got, []string{"Org1MSP", "Org2MSP"}) {
		t.Errorf("got MSPs %q", got)
	}
	id, err := m.Identity(two.Peer().Creator())
	if err != nil || id.MSPID() != "Org2MSP" {
		t.Errorf("got %v, %v, want an identity of Org2MSP", id, err)
	}
	if _, err := m.Identity(fpctest.NewOrg(t, "Org3MSP").Peer().Creator()); code(err) != msp.CodeUnknownMSP {
		t.Errorf("got %v, want code %q", err, msp.CodeUnknownMSP)
	}
	if _, err := msp.NewManager(one.MSP(), one.MSP()); code(err) != msp.CodeBadConfig {
		t.Errorf("two MSPs of one name: got %v, want code %q", err, msp.CodeBadConfig)
	}
}

func TestParse(t *testing.T) {
	o := fpctest.NewOrg(t, "Org1MSP")
	for name, c := range map[string]struct {
		config *msppb.MSPConfig
		want   string
	}{
		"good":   {o.MSPConfig(), ""},
		"idemix": {&msppb.MSPConfig{Type: 1, Config: o.MSPConfig().GetConfig()}, msp.CodeBadConfig},
		"broken": {&msppb.MSPConfig{Config: []byte{0xff}}, msp.CodeBadConfig},
		"empty":  {&msppb.MSPConfig{}, msp.CodeBadConfig},
	} {
		raw, err := proto.Marshal(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := msp.Parse(raw); code(err) != c.want {
			t.Errorf("%s: got %v, want code %q", name, err, c.want)
		}
	}
}

// TestCache: a cache answers as its manager does, keeps no more than its size,
// and is safe to share.
func TestCache(t *testing.T) {
	o := fpctest.NewOrg(t, "Org1MSP")
	bad := o.Issue(fpctest.Template{Name: "no role"})
	cache := msp.NewCache(fpctest.NewManager(t, o), 2)
	first, err := cache.Present(o.Client().Creator())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := cache.Present(o.Client().Creator()); err != nil || again != first {
		t.Errorf("got another identity (%v) for the same bytes", err)
	}
	members := []*fpctest.Member{o.Client(), o.Peer(), o.Admin()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				for _, m := range members {
					if _, err := cache.Identity(m.Creator()); err != nil {
						t.Error(err)
					}
				}
				if _, err := cache.Identity(bad.Creator()); code(err) != msp.CodeOU {
					t.Errorf("got %v, want code %q", err, msp.CodeOU)
				}
			}
		})
	}
	wg.Wait()
	if again, err := cache.Present(o.Client("new").Creator()); err != nil || again == first {
		t.Errorf("got %v, %v", again, err)
	}
}
