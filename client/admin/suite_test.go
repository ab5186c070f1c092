// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"testing"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// A stub could ask its enclave for a key of another suite than its administrator did.
func TestKeyOfAnotherSuite(t *testing.T) {
	sk, err := keys.NewEnclaveSK()
	if err != nil {
		t.Fatal(err)
	}
	made := func(suite keys.Suite) *pb.Signed {
		dk, err := keys.GenerateChaincodeDK(suite)
		if err != nil {
			t.Fatal(err)
		}
		ek, err := dk.Public()
		if err != nil {
			t.Fatal(err)
		}
		registration, err := protocol.SignKeyRegistration(sk, protocol.KeyRegistration{
			CCParams: &pb.CCParameters{ChaincodeId: "auction"}, ChannelHash: bytes.Repeat([]byte{1}, 32), EnclaveID: "e", Generation: 1, ChaincodeEK: ek,
			Lineage: protocol.NewLineage(protocol.Custody{Platform: "sim"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		return registration
	}
	classical := made(keys.SuiteX25519)
	for _, test := range []struct {
		name         string
		registration *pb.Signed
		asked        keys.Suite
		want         protocol.Code
	}{
		{"the suite asked for", made(keys.SuiteMLKEM768P256), keys.SuiteMLKEM768P256, ""},
		{"another suite", classical, keys.DefaultSuite, protocol.CodeWrongSuite},
		{"any suite will do", classical, "", ""},
		{"no registration", &pb.Signed{Message: []byte("nonsense")}, "", protocol.CodeMalformed},
	} {
		if err := checkSuite(test.registration, string(test.asked)); protocol.CodeOf(err) != test.want {
			t.Errorf("%s: got %v, want code %q", test.name, err, test.want)
		}
	}
}
