// SPDX-License-Identifier: Apache-2.0

package cid_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/shim/cid"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

func TestCaller(t *testing.T) {
	creator := shimtest.Client(t, "Org1MSP", "alice", shimtest.ClientOptions{
		Units: []string{"client", "sales"}, Attributes: map[string]string{"role": "auctioneer"},
	})
	channel := shimtest.NewChannel("c")
	caller, err := cid.New(channel.Deploy("cc", nil).NewStub(shimtest.Tx{Creator: creator}))
	if err != nil {
		t.Fatal(err)
	}
	if caller.MSPID() != "Org1MSP" || caller.CommonName() != "alice" || caller.Certificate() == nil {
		t.Errorf("caller = %s of %s, want alice of Org1MSP", caller.CommonName(), caller.MSPID())
	}
	const text = "x509::CN=alice,OU=sales+OU=client,O=Org1MSP::CN=alice,OU=sales+OU=client,O=Org1MSP"
	if want := base64.StdEncoding.EncodeToString([]byte(text)); caller.ID() != want {
		got, _ := base64.StdEncoding.DecodeString(caller.ID())
		t.Errorf("ID = base64(%s), want base64(%s)", got, text)
	}
	if v, ok := caller.Attribute("role"); !ok || v != "auctioneer" {
		t.Errorf("attribute role = %q, %v, want auctioneer", v, ok)
	}
	if err := caller.AssertAttribute("role", "auctioneer"); err != nil {
		t.Errorf("AssertAttribute of the value it has: %v", err)
	}
	for _, wrong := range [][2]string{{"role", "bidder"}, {"missing", ""}} {
		if err := caller.AssertAttribute(wrong[0], wrong[1]); err == nil {
			t.Errorf("AssertAttribute(%q, %q): no error", wrong[0], wrong[1])
		}
	}
	if !caller.HasOU("sales") || caller.HasOU("admin") {
		t.Errorf("units of %v: sales %v, admin %v, want true, false", caller.Certificate().Subject, caller.HasOU("sales"), caller.HasOU("admin"))
	}
}

// TestUniqueTellsOrganisationsApart: an organisation whose CA copies the names
// of another's must not pass for the other's client.
func TestUniqueTellsOrganisationsApart(t *testing.T) {
	creator := shimtest.Client(t, "Org1MSP", "alice")
	id := &msp.SerializedIdentity{}
	if err := proto.Unmarshal(creator, id); err != nil {
		t.Fatal(err)
	}
	id.Mspid = "Org2MSP"
	copied, err := proto.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	alice, mallory := parse(t, creator), parse(t, copied)
	if alice.ID() != mallory.ID() {
		t.Errorf("ids %s and %s differ, want Fabric's id, which is the same", alice.ID(), mallory.ID())
	}
	if alice.Unique() == mallory.Unique() {
		t.Errorf("both callers are %s, want two different", alice.Unique())
	}
}

func TestParseRefuses(t *testing.T) {
	marshal := func(id *msp.SerializedIdentity) []byte {
		b, err := proto.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, creator := range map[string][]byte{
		"empty":           nil,
		"not a message":   {0xff},
		"no MSP id":       marshal(&msp.SerializedIdentity{IdBytes: []byte("x")}),
		"no certificate":  marshal(&msp.SerializedIdentity{Mspid: "Org1MSP"}),
		"bad certificate": marshal(&msp.SerializedIdentity{Mspid: "Org1MSP", IdBytes: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})}),
	} {
		t.Run(name, func(t *testing.T) {
			var parseError *cid.ParseError
			if caller, err := cid.Parse(creator); !errors.As(err, &parseError) {
				t.Errorf("Parse = %v, error %v, want a *ParseError", caller, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(shimtest.Client(f, "Org1MSP", "alice", shimtest.ClientOptions{Attributes: map[string]string{"a": "b"}}))
	f.Add([]byte("\x0a\x07Org1MSP"))
	f.Fuzz(func(t *testing.T, creator []byte) {
		caller, err := cid.Parse(creator)
		var parseError *cid.ParseError
		if err != nil {
			if !errors.As(err, &parseError) {
				t.Errorf("error %v is a %T, want *ParseError", err, err)
			}
			return
		}
		if caller.MSPID() == "" || caller.Certificate() == nil || len(caller.Unique()) != 64 {
			t.Errorf("parsed caller %q with %d hex digits", caller.MSPID(), len(caller.Unique()))
		}
	})
}

func parse(t *testing.T, creator []byte) *cid.Caller {
	t.Helper()
	caller, err := cid.Parse(creator)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}
