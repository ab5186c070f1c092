// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

func newPair(t testing.TB) (keys.EnclaveSK, keys.EnclaveVK) {
	t.Helper()
	sk, err := keys.NewEnclaveSK()
	if err != nil {
		t.Fatal(err)
	}
	vk, err := sk.VK()
	if err != nil {
		t.Fatal(err)
	}
	return sk, vk
}

func TestSignature(t *testing.T) {
	sk, vk := newPair(t)
	_, other := newPair(t)
	msg := []byte("message")
	sig, err := sk.Sign(keys.LabelResponse, msg)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), sig...)
	flipped[len(flipped)-1] ^= 1
	tests := []struct {
		name  string
		vk    keys.EnclaveVK
		label keys.Label
		msg   []byte
		sig   []byte
		want  error
	}{
		{"good", vk, keys.LabelResponse, msg, sig, nil},
		{"other label", vk, keys.LabelError, msg, sig, keys.ErrSignature},
		{"other message", vk, keys.LabelResponse, []byte("massage"), sig, keys.ErrSignature},
		{"other key", other, keys.LabelResponse, msg, sig, keys.ErrSignature},
		{"flipped bit", vk, keys.LabelResponse, msg, flipped, keys.ErrSignature},
		{"trailing byte", vk, keys.LabelResponse, msg, append(append([]byte(nil), sig...), 0), keys.ErrSignature},
		{"empty", vk, keys.LabelResponse, msg, nil, keys.ErrSignature},
		{"high S", vk, keys.LabelResponse, msg, highS(t, sig), keys.ErrSignature},
		{"zero key", keys.EnclaveVK{}, keys.LabelResponse, msg, sig, keys.ErrNoKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.vk.Verify(test.label, test.msg, test.sig); !errors.Is(got, test.want) {
				t.Errorf("Verify = %v, want %v", got, test.want)
			}
		})
	}
}

// highS returns the other signature that plain ECDSA would accept.
func highS(t *testing.T, sig []byte) []byte {
	t.Helper()
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(sig, &rs); err != nil {
		t.Fatal(err)
	}
	rs.S.Sub(elliptic.P256().Params().N, rs.S)
	out, err := asn1.Marshal(rs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Half of all ECDSA signatures are high-S: ours never is.
func TestSignaturesAreLowS(t *testing.T) {
	sk, _ := newPair(t)
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	for i := range 64 {
		sig, err := sk.Sign(keys.LabelResponse, []byte{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(sig, &rs); err != nil {
			t.Fatal(err)
		}
		if rs.S.Cmp(half) > 0 {
			t.Fatalf("signature %d: S = %v, want at most %v", i, rs.S, half)
		}
	}
}

func TestEnclaveKeysSurviveEncoding(t *testing.T) {
	sk, vk := newPair(t)
	b, err := sk.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	sk2, err := keys.ParseEnclaveSK(b)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := sk2.Sign(keys.LabelKeyRegistration, b)
	if err != nil {
		t.Fatal(err)
	}
	vk2, err := keys.ParseEnclaveVK(vk.DER())
	if err != nil {
		t.Fatal(err)
	}
	if err := vk2.Verify(keys.LabelKeyRegistration, b, sig); err != nil {
		t.Errorf("signature of the parsed key: %v", err)
	}
	if vk2.ID() != vk.ID() || len(vk.ID()) != 64 {
		t.Errorf("ID = %q, want %q with 64 digits", vk2.ID(), vk.ID())
	}
}

func TestParseEnclaveSKRefuses(t *testing.T) {
	for name, b := range map[string][]byte{"empty": nil, "short": make([]byte, 31), "zero": make([]byte, 32)} {
		if _, err := keys.ParseEnclaveSK(b); !errors.Is(err, keys.ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, keys.ErrMalformed)
		}
	}
}

// A key must have one encoding, or it would have several Enclave_Ids.
func FuzzParseEnclaveVK(f *testing.F) {
	_, vk := newPair(f)
	f.Add(vk.DER())
	f.Add(append(vk.DER(), 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		vk, err := keys.ParseEnclaveVK(der)
		if err != nil {
			if !errors.Is(err, keys.ErrMalformed) {
				t.Fatalf("got %v, want %v", err, keys.ErrMalformed)
			}
			return
		}
		if string(vk.DER()) != string(der) {
			t.Fatalf("DER = %x, want %x", vk.DER(), der)
		}
	})
}
