// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// FuzzIdentity: no serialized identity, signature or principal makes an MSP
// panic, and what it takes for valid is one of its own certificates.
func FuzzIdentity(f *testing.F) {
	o := fpctest.NewOrg(f, "Org1MSP")
	client := o.Client()
	signature, err := client.Sign([]byte("m"))
	if err != nil {
		f.Fatal(err)
	}
	certifiers, err := msp.CertifiersIdentifier(o.CA.Chain...)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range []*common.MSPPrincipal{o.Principal(common.MSPRole_ADMIN), msp.OUPrincipal("Org1MSP", "client", certifiers), msp.IdentityPrincipal(client.Creator())} {
		f.Add(client.Creator(), signature, int32(p.GetPrincipalClassification()), p.GetPrincipal())
	}
	f.Add([]byte{0xff}, []byte{}, int32(4), []byte{0x0a, 0x02, 0x08, 0x04})
	m := o.MSP()
	f.Fuzz(func(t *testing.T, serialized, signature []byte, kind int32, principal []byte) {
		id, err := m.Identity(serialized)
		if err != nil {
			if code(err) == "" || id != nil {
				t.Fatalf("got %v beside %v", id, err)
			}
			return
		}
		if !bytes.Equal(id.Certificate().Raw, client.Cert.Raw) {
			t.Fatal("a forged certificate is valid")
		}
		_ = id.Verify([]byte("m"), signature)
		_ = id.Satisfies(&common.MSPPrincipal{PrincipalClassification: common.MSPPrincipal_Classification(kind), Principal: principal})
	})
}

// FuzzConfig: no configuration makes New panic; one that is accepted has a root.
func FuzzConfig(f *testing.F) {
	for _, o := range []*fpctest.Org{fpctest.NewOrg(f, "Org1MSP"), fpctest.NewOrg(f, "Org1MSP", fpctest.WithIntermediate(), fpctest.WithBoundOUs())} {
		o.Revoke(o.Client())
		o.ListAdmin(o.Admin())
		raw, err := proto.Marshal(o.MSPConfig())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := msp.Parse(raw)
		if err != nil {
			if code(err) == "" || m != nil {
				t.Fatalf("got %v beside %v", m, err)
			}
			return
		}
		if _, err := m.Identity(msp.Serialize(m.ID(), nil)); err == nil {
			t.Fatal("an identity without a certificate is valid")
		}
	})
}

// FuzzLowS: what LowS returns is stable and verifies like its input.
func FuzzLowS(f *testing.F) {
	key := fpctest.NewCA(f, "x").Key
	digest := make([]byte, 32)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signature)
	f.Fuzz(func(t *testing.T, signature []byte) {
		low, err := msp.LowS(&key.PublicKey, signature)
		if err != nil {
			return
		}
		again, err := msp.LowS(&key.PublicKey, low)
		if err != nil || !bytes.Equal(low, again) {
			t.Fatalf("%x becomes %x, then %x (%v)", signature, low, again, err)
		}
		if ecdsa.VerifyASN1(&key.PublicKey, digest, signature) && !ecdsa.VerifyASN1(&key.PublicKey, digest, low) {
			t.Fatalf("%x verifies, %x does not", signature, low)
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	o := fpctest.NewOrg(b, "Org1MSP")
	creator, manager := o.Client().Creator(), fpctest.NewManager(b, o)
	signature, err := o.Client().Sign([]byte("m"))
	if err != nil {
		b.Fatal(err)
	}
	run := func(identity func([]byte) (*msp.Identity, error)) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				id, err := identity(creator)
				if err != nil {
					b.Fatal(err)
				}
				if err := id.Verify([]byte("m"), signature); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("manager", run(manager.Identity))
	b.Run("cache", run(msp.NewCache(manager, 10).Identity))
}
