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

func newEnclaveDK(t testing.TB) (keys.EnclaveDK, keys.EnclaveEK) {
	t.Helper()
	dk, err := keys.GenerateEnclaveDK(keys.SuiteMLKEM768P256)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	return dk, ek
}

// export is a good export from an enclave, its keys sealed to receiver.
func export(t testing.TB, from keys.EnclaveVK, receiver keys.EnclaveEK) protocol.KeyExport {
	t.Helper()
	_, to := newEnclave(t)
	_, ek := newChaincodeKeys(t)
	x := protocol.KeyExport{
		CCParams: ccParams(), ChannelHash: bytes.Repeat([]byte{1}, 32), Generation: 1, Sender: from.ID(), Receiver: to.ID(),
		ChaincodeEK: ek, Lineage: protocol.NewLineage(sim),
	}
	if err := x.Seal(receiver, &pb.KeySet{Generation: 1, StateKey: []byte("SEK")}); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestKeyExportVerifiesAndOpens(t *testing.T) {
	sk, vk := newEnclave(t)
	dk, ek := newEnclaveDK(t)
	want := export(t, vk, ek)
	signed, err := protocol.SignKeyExport(sk, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.VerifyKeyExport("KEY-7", vk, signed)
	if err != nil {
		t.Fatal(err)
	}
	set, err := got.Open(dk)
	if err != nil || string(set.GetStateKey()) != "SEK" {
		t.Errorf("opened %q, %v, want \"SEK\"", set.GetStateKey(), err)
	}
	if got.Receiver != want.Receiver || !got.Lineage.Contains(sim) {
		t.Errorf("got %+v, want %+v", got.KeyExport, want)
	}
}

func TestKeyExportIsRefused(t *testing.T) {
	sk, vk := newEnclave(t)
	mallory, malloryVK := newEnclave(t)
	_, ek := newEnclaveDK(t)
	tests := []struct {
		name string
		sk   keys.EnclaveSK
		edit func(*protocol.KeyExport)
		want protocol.Code
	}{
		{"signed by another", mallory, func(*protocol.KeyExport) {}, protocol.CodeBadSignature},
		{"names another", sk, func(x *protocol.KeyExport) { x.Sender = malloryVK.ID() }, protocol.CodeWrongEnclave},
		{"to itself", sk, func(x *protocol.KeyExport) { x.Receiver = x.Sender }, protocol.CodeMalformed},
		{"to nobody", sk, func(x *protocol.KeyExport) { x.Receiver = "" }, protocol.CodeMalformed},
		{"no generation", sk, func(x *protocol.KeyExport) { x.Generation = 0 }, protocol.CodeMalformed},
		{"no channel", sk, func(x *protocol.KeyExport) { x.ChannelHash = nil }, protocol.CodeMalformed},
		{"no parameters", sk, func(x *protocol.KeyExport) { x.CCParams = nil }, protocol.CodeMalformed},
		{"no key", sk, func(x *protocol.KeyExport) { x.ChaincodeEK = keys.ChaincodeEK{} }, protocol.CodeMalformed},
		{"no keys inside", sk, func(x *protocol.KeyExport) { x.EncryptedKeys = nil }, protocol.CodeMalformed},
		{"no lineage", sk, func(x *protocol.KeyExport) { x.Lineage = protocol.Lineage{} }, protocol.CodeLineage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := export(t, vk, ek)
			test.edit(&x)
			signed, err := protocol.SignKeyExport(test.sk, x)
			if err != nil {
				t.Fatal(err)
			}
			_, err = protocol.VerifyKeyExport("KEY-6", vk, signed)
			wantCode(t, err, test.want)
		})
	}
}

// Keys open only for the receiver named, and from the sender named.
func TestKeyExportOpensForItsReceiverOnly(t *testing.T) {
	sk, vk := newEnclave(t)
	_, otherVK := newEnclave(t)
	dk, ek := newEnclaveDK(t)
	otherDK, _ := newEnclaveDK(t)
	tests := []struct {
		name string
		dk   keys.EnclaveDK
		edit func(*protocol.KeyExport)
	}{
		{"other receiver's key", otherDK, func(*protocol.KeyExport) {}},
		{"other receiver named", dk, func(x *protocol.KeyExport) { x.Receiver = otherVK.ID() }},
		{"other chaincode", dk, func(x *protocol.KeyExport) { x.CCParams.ChaincodeId = "other" }},
		{"other version", dk, func(x *protocol.KeyExport) { x.CCParams.Version = "fpc-w" }},
		{"other channel", dk, func(x *protocol.KeyExport) { x.ChannelHash = bytes.Repeat([]byte{9}, 32) }},
		{"other generation", dk, func(x *protocol.KeyExport) { x.Generation++ }},
		{"altered", dk, func(x *protocol.KeyExport) { x.EncryptedKeys[len(x.EncryptedKeys)-1] ^= 1 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := export(t, vk, ek)
			test.edit(&x)
			signed, err := protocol.SignKeyExport(sk, x)
			if err != nil {
				t.Fatal(err)
			}
			got, err := protocol.VerifyKeyExport("KEY-7", vk, signed)
			if err != nil {
				t.Fatal(err)
			}
			_, err = got.Open(test.dk)
			wantCode(t, err, protocol.CodeExportRefused)
		})
	}
}

func FuzzParseKeyExport(f *testing.F) {
	sk, vk := newEnclave(f)
	_, ek := newEnclaveDK(f)
	signed, err := protocol.SignKeyExport(sk, export(f, vk, ek))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed.GetMessage())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := protocol.ParseKeyExport("KEY-6", &pb.Signed{Message: b})
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Errorf("error %v has no code", err)
			}
			return
		}
		again, err := protocol.SignKeyExport(sk, x)
		if err != nil {
			t.Fatalf("what was parsed does not encode: %v", err)
		}
		if y, err := protocol.ParseKeyExport("KEY-6", again); err != nil || !proto.Equal(x.Lineage.PB(), y.Lineage.PB()) || x.Receiver != y.Receiver {
			t.Errorf("parsed again: %+v, %v, want %+v", y, err, x)
		}
	})
}
