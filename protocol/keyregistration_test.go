// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"testing"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

var sim = protocol.Custody{Platform: "sim", TCB: 1}

func registration(t testing.TB, vk keys.EnclaveVK) protocol.KeyRegistration {
	_, ek := newChaincodeKeys(t)
	return protocol.KeyRegistration{
		CCParams: ccParams(), ChannelHash: bytes.Repeat([]byte{1}, 32), EnclaveID: vk.ID(),
		Generation: 1, ChaincodeEK: ek, Lineage: protocol.NewLineage(sim),
	}
}

func TestKeyRegistrationVerifies(t *testing.T) {
	sk, vk := newEnclave(t)
	want := registration(t, vk)
	signed, err := protocol.SignKeyRegistration(sk, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.VerifyKeyRegistration("KEY-3", vk, signed)
	if err != nil {
		t.Fatal(err)
	}
	if got.EnclaveID != want.EnclaveID || got.Generation != 1 || !bytes.Equal(got.ChaincodeEK.ID(), want.ChaincodeEK.ID()) || !got.Lineage.Contains(sim) {
		t.Errorf("got %+v, want %+v", got.KeyRegistration, want)
	}
}

func TestKeyRegistrationIsRefused(t *testing.T) {
	sk, vk := newEnclave(t)
	mallory, malloryVK := newEnclave(t)
	edit := func(f func(*protocol.KeyRegistration)) protocol.KeyRegistration {
		r := registration(t, vk)
		f(&r)
		return r
	}
	tests := []struct {
		name string
		sk   keys.EnclaveSK
		r    protocol.KeyRegistration
		want protocol.Code
	}{
		{"signed by another", mallory, registration(t, vk), protocol.CodeBadSignature},
		{"names another", sk, registration(t, malloryVK), protocol.CodeWrongEnclave},
		{"no generation", sk, edit(func(r *protocol.KeyRegistration) { r.Generation = 0 }), protocol.CodeMalformed},
		{"no parameters", sk, edit(func(r *protocol.KeyRegistration) { r.CCParams = nil }), protocol.CodeMalformed},
		{"no channel", sk, edit(func(r *protocol.KeyRegistration) { r.ChannelHash = nil }), protocol.CodeMalformed},
		{"no key", sk, edit(func(r *protocol.KeyRegistration) { r.ChaincodeEK = keys.ChaincodeEK{} }), protocol.CodeMalformed},
		{"no lineage", sk, edit(func(r *protocol.KeyRegistration) { r.Lineage = protocol.Lineage{} }), protocol.CodeLineage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signed, err := protocol.SignKeyRegistration(test.sk, test.r)
			if err != nil {
				t.Fatal(err)
			}
			_, err = protocol.VerifyKeyRegistration("KEY-3", vk, signed)
			wantCode(t, err, test.want)
		})
	}
	t.Run("signature of another label", func(t *testing.T) {
		signed, err := protocol.SignKeyRegistration(sk, registration(t, vk))
		if err != nil {
			t.Fatal(err)
		}
		if signed.Signature, err = sk.Sign(keys.LabelResponse, signed.Message); err != nil {
			t.Fatal(err)
		}
		_, err = protocol.VerifyKeyRegistration("KEY-3", vk, signed)
		wantCode(t, err, protocol.CodeBadSignature)
	})
}

func FuzzParseKeyRegistration(f *testing.F) {
	sk, vk := newEnclave(f)
	signed, err := protocol.SignKeyRegistration(sk, registration(f, vk))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed.Message)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := protocol.ParseKeyRegistration("KEY-3", &pb.Signed{Message: b})
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		if len(r.ChannelHash) != 32 || r.Generation == 0 || r.ChaincodeEK.ID() == nil {
			t.Fatalf("accepted %+v", r)
		}
	})
}
