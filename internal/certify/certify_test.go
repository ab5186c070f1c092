// SPDX-License-Identifier: Apache-2.0

package certify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Signatures are high or low by chance: of twenty, some would be high.
func TestCertificatesAreAsFabricKeepsThem(t *testing.T) {
	ca, holder := newKey(t), newKey(t)
	root := &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, PublicKey: &ca.PublicKey}
	point, err := holder.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(point)
	serials := make(map[string]bool)
	for range 20 {
		der, err := Certificate(&x509.Certificate{
			Subject: pkix.Name{CommonName: "member"}, NotBefore: time.Unix(1_700_000_000, 0), NotAfter: time.Unix(1_800_000_000, 0),
		}, root, &holder.PublicKey, ca)
		if err != nil {
			t.Fatal(err)
		}
		block, rest := pem.Decode(PEM(der))
		if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
			t.Fatalf("got PEM %q, want one certificate", PEM(der))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if low, err := msp.LowS(&ca.PublicKey, cert.Signature); err != nil || !bytes.Equal(low, cert.Signature) {
			t.Errorf("got signature %x, want its low form %x (error %v)", cert.Signature, low, err)
		}
		if !bytes.Equal(cert.SubjectKeyId, id[:]) {
			t.Errorf("got key id %x, want %x", cert.SubjectKeyId, id)
		}
		serials[cert.SerialNumber.String()] = true
	}
	if len(serials) != 20 {
		t.Errorf("got %d serial numbers of 20 certificates", len(serials))
	}
}

func TestRequestedKey(t *testing.T) {
	key := newKey(t)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request := func(key crypto.Signer) []byte {
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	good := request(key)
	if got, err := RequestedKey(good); err != nil || !got.Equal(&key.PublicKey) {
		t.Errorf("got %v and error %v, want the key of the request", got, err)
	}
	altered := bytes.Clone(good)
	altered[len(altered)-1] ^= 1
	for name, der := range map[string][]byte{
		"nothing": nil, "cut short": good[:len(good)-1], "without possession of the key": altered, "another kind of key": request(other),
	} {
		if got, err := RequestedKey(der); err == nil {
			t.Errorf("%s: got key %v and no error", name, got)
		}
	}
}
