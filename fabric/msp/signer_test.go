// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
)

func TestSigner(t *testing.T) {
	o := fpctest.NewOrg(t, "Org1MSP")
	client := o.Client()
	key, err := msp.ParseKey(client.KeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := msp.NewSigner("Org1MSP", client.CertPEM, key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := o.MSP().Identity(signer.Creator())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // half of plain ECDSA signatures are high-S
		signature, err := signer.Sign([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		if err := id.Verify([]byte("message"), signature); err != nil {
			t.Fatal(err)
		}
		if got := code(id.Verify([]byte("massage"), signature)); got != msp.CodeSignature {
			t.Fatalf("other message: got code %q, want %q", got, msp.CodeSignature)
		}
		if got := code(id.Verify([]byte("message"), fpctest.HighS(t, signature))); got != msp.CodeSignature {
			t.Fatalf("high-S: got code %q, want %q", got, msp.CodeSignature)
		}
	}
	for name, f := range map[string]func() error{
		"another's key":  func() error { _, err := msp.NewSigner("Org1MSP", o.Peer().CertPEM, key); return err },
		"no key":         func() error { _, err := msp.NewSigner("Org1MSP", client.CertPEM, nil); return err },
		"no certificate": func() error { _, err := msp.NewSigner("Org1MSP", []byte("x"), key); return err },
		"no PEM":         func() error { _, err := msp.ParseKey([]byte("x")); return err },
		"no key in PEM":  func() error { _, err := msp.ParseKey(client.CertPEM); return err },
	} {
		if got := code(f()); got != msp.CodeBadSigner {
			t.Errorf("%s: got code %q, want %q", name, got, msp.CodeBadSigner)
		}
	}
}

func TestParseKeySEC1(t *testing.T) {
	key := fpctest.NewCA(t, "x").Key
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := msp.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	if err != nil || !got.Equal(key) {
		t.Errorf("got %v, want the key back", err)
	}
}
