// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/msp"
)

// ClientOptions describe a client's certificate beyond its name.
type ClientOptions struct {
	Units      []string          // organizational units
	Attributes map[string]string // as Fabric CA puts them into certificates
}

// Client makes the serialized identity of a client: a fresh, self-signed
// certificate under an MSP id. It is for chaincodes under test, which do not
// verify it.
func Client(t testing.TB, mspID, commonName string, options ...ClientOptions) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: commonName, Organization: []string{mspID}},
		NotBefore:    time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, o := range options {
		template.Subject.OrganizationalUnit = append(template.Subject.OrganizationalUnit, o.Units...)
		if o.Attributes != nil {
			template.ExtraExtensions = append(template.ExtraExtensions, attributeExtension(t, o.Attributes))
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("generate key: %v", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("create certificate: %v", err)
	}
	identity, err := proto.Marshal(&msp.SerializedIdentity{
		Mspid:   mspID,
		IdBytes: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	})
	if err != nil {
		t.Fatalf("serialize identity: %v", err)
	}
	return identity
}

func attributeExtension(t testing.TB, attributes map[string]string) pkix.Extension {
	t.Helper()
	value, err := json.Marshal(map[string]any{"attrs": attributes})
	if err != nil {
		t.Fatalf("encode attributes: %v", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: value}
}
