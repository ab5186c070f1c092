// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

func newChaincodeKeys(t testing.TB) (keys.ChaincodeDK, keys.ChaincodeEK) {
	t.Helper()
	dk, err := keys.GenerateChaincodeDK(keys.SuiteMLKEM768P256)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	return dk, ek
}

func TestRequestOpensForItsCreatorOnly(t *testing.T) {
	dk, ek := newChaincodeKeys(t)
	otherDK, _ := newChaincodeKeys(t)
	binding := keys.RequestBinding{ChannelHash: make([]byte, 32), ChaincodeID: "auction", Creator: []byte("alice")}
	secret, err := keys.NewResponseKey().MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	clear := &pb.ClearRequest{Args: [][]byte{[]byte("bid"), []byte("100")}, Transient: map[string][]byte{"a": {1}, "b": {2}}, ResponseKey: secret}
	sealed, err := protocol.SealRequest(ek, binding, keys.PadPadme, clear)
	if err != nil {
		t.Fatal(err)
	}
	got, key, err := protocol.OpenRequest(dk, binding, sealed)
	if err != nil || !proto.Equal(got, clear) {
		t.Fatalf("OpenRequest = %v, %v, want %v", got, err, clear)
	}
	if b, err := key.MarshalSecret(); err != nil || !bytes.Equal(b, secret) {
		t.Errorf("response key differs from the one sealed (error %v)", err)
	}
	mallory := binding
	mallory.Creator = []byte("mallory")
	_, _, err = protocol.OpenRequest(dk, mallory, sealed)
	wantCode(t, err, protocol.CodeRequestRefused)
	_, _, err = protocol.OpenRequest(otherDK, binding, sealed)
	wantCode(t, err, protocol.CodeUnknownKey)
	_, _, err = protocol.OpenRequest(keys.ChaincodeDK{}, binding, sealed)
	wantCode(t, err, protocol.CodeNotProvisioned)
	for name, bad := range map[string]*pb.ClearRequest{"no response key": {}, "short response key": {ResponseKey: secret[:63]}} {
		sealed, err := protocol.SealRequest(ek, binding, keys.PadPadme, bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = protocol.OpenRequest(dk, binding, sealed); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: got %v, want code %q", name, err, protocol.CodeMalformed)
		}
	}
}

// Not even the length of what was decrypted may show in an error.
func TestOpenErrorsHoldNoClearText(t *testing.T) {
	dk, ek := newChaincodeKeys(t)
	binding := keys.RequestBinding{ChaincodeID: "auction"}
	garbage := []byte("\xffsecret-secret-secret")
	sealed, err := ek.SealRequest(binding, keys.PadNone, garbage)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = protocol.OpenRequest(dk, binding, &pb.Request{ChaincodeEkId: ek.ID(), EncryptedRequest: sealed})
	wantCode(t, err, protocol.CodeMalformed)
	if want := "INV-12 [malformed] request does not decode once opened"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func FuzzParseRequest(f *testing.F) {
	good, err := proto.Marshal(&pb.Request{ChaincodeEkId: make([]byte, 32), EncryptedRequest: []byte{1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(append(good, 0x78, 1)) // an unknown field
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := protocol.ParseRequest(b)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		if len(m.ProtoReflect().GetUnknown()) != 0 || len(m.GetChaincodeEkId()) != 32 {
			t.Fatalf("accepted %v", m)
		}
	})
}
