// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"testing"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// suites are those that this build allows.
func suites(t testing.TB) []keys.Suite {
	t.Helper()
	var allowed []keys.Suite
	for _, s := range keys.Suites() {
		if _, err := keys.ParseSuite(string(s)); err == nil {
			allowed = append(allowed, s)
		}
	}
	return allowed
}

func newChaincodeKeys(t testing.TB, s keys.Suite) (keys.ChaincodeDK, keys.ChaincodeEK) {
	t.Helper()
	dk, err := keys.GenerateChaincodeDK(s)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	return dk, ek
}

var request = keys.RequestBinding{ChannelHash: bytes.Repeat([]byte{1}, 32), ChaincodeID: "auction", Creator: []byte("alice")}

func TestRequestOpensOnlyUnderItsBinding(t *testing.T) {
	plaintext := []byte("bid 100")
	for _, suite := range suites(t) {
		t.Run(string(suite), func(t *testing.T) {
			dk, ek := newChaincodeKeys(t, suite)
			otherDK, _ := newChaincodeKeys(t, suite)
			sealed, err := ek.SealRequest(request, keys.PadPadme, plaintext)
			if err != nil {
				t.Fatal(err)
			}
			flipped := bytes.Clone(sealed)
			flipped[len(flipped)-1] ^= 1
			otherEnc := bytes.Clone(sealed)
			otherEnc[0] ^= 1
			edit := func(f func(*keys.RequestBinding)) keys.RequestBinding { b := request; f(&b); return b }
			tests := []struct {
				name    string
				dk      keys.ChaincodeDK
				binding keys.RequestBinding
				sealed  []byte
				want    error
			}{
				{"good", dk, request, sealed, nil},
				{"other channel", dk, edit(func(b *keys.RequestBinding) { b.ChannelHash = bytes.Repeat([]byte{2}, 32) }), sealed, keys.ErrOpen},
				{"other chaincode", dk, edit(func(b *keys.RequestBinding) { b.ChaincodeID = "auctions" }), sealed, keys.ErrOpen},
				{"other creator", dk, edit(func(b *keys.RequestBinding) { b.Creator = []byte("mallory") }), sealed, keys.ErrOpen},
				{"field boundary moved", dk, edit(func(b *keys.RequestBinding) { b.ChaincodeID, b.Creator = "auctiona", []byte("lice") }), sealed, keys.ErrOpen},
				{"other key", otherDK, request, sealed, keys.ErrOpen},
				{"flipped bit", dk, request, flipped, keys.ErrOpen},
				{"flipped encapsulation", dk, request, otherEnc, keys.ErrOpen},
				{"truncated", dk, request, sealed[:40], keys.ErrOpen},
				{"encapsulation only", dk, request, sealed[:len(sealed)-len(plaintext)-8-16], keys.ErrOpen},
				{"empty", dk, request, nil, keys.ErrOpen},
				{"no key", keys.ChaincodeDK{}, request, sealed, keys.ErrNoKey},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					got, err := test.dk.OpenRequest(test.binding, test.sealed)
					if !errors.Is(err, test.want) {
						t.Fatalf("error = %v, want %v", err, test.want)
					}
					if test.want == nil && !bytes.Equal(got, plaintext) {
						t.Errorf("plaintext = %q, want %q", got, plaintext)
					}
				})
			}
		})
	}
}

func TestKeysSurviveEncoding(t *testing.T) {
	for _, suite := range suites(t) {
		t.Run(string(suite), func(t *testing.T) {
			dk, ek := newChaincodeKeys(t, suite)
			b, err := dk.MarshalSecret()
			if err != nil {
				t.Fatal(err)
			}
			dk2, err := keys.ParseChaincodeDK(suite, b)
			if err != nil {
				t.Fatal(err)
			}
			ek2, err := keys.ChaincodeEKFromPB(ek.PB())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ek2.ID(), ek.ID()) || ek2.Suite() != suite {
				t.Errorf("key %x of suite %q, want %x of %q", ek2.ID(), ek2.Suite(), ek.ID(), suite)
			}
			sealed, err := ek2.SealRequest(request, keys.PadNone, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := dk2.OpenRequest(request, sealed); err != nil || string(got) != "x" {
				t.Errorf("OpenRequest = %q, %v, want \"x\"", got, err)
			}
		})
	}
}

// The same bytes in another role or under another suite's name are another key.
func TestKeyIDsNameRoleAndSuite(t *testing.T) {
	dk, ek := newChaincodeKeys(t, keys.DefaultSuite)
	b, err := dk.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	enclave, err := keys.ParseEnclaveDK(keys.DefaultSuite, b)
	if err != nil {
		t.Fatal(err)
	}
	enclaveEK, err := enclave.Public()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(enclaveEK.ID(), ek.ID()) {
		t.Error("a Chaincode_EK and an Enclave_EK have the same id")
	}
}

func TestExportOpensOnlyForItsReceiver(t *testing.T) {
	dk, err := keys.GenerateEnclaveDK(keys.DefaultSuite)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	if ek, err = keys.EnclaveEKFromPB(ek.PB()); err != nil {
		t.Fatal(err)
	}
	good := keys.ExportBinding{ChannelHash: make([]byte, 32), ChaincodeID: "auction", Version: "v", Generation: 1, Sender: "a", Receiver: "b"}
	sealed, err := ek.SealExport(good, []byte("key set"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dk.OpenExport(good, sealed); err != nil || string(got) != "key set" {
		t.Fatalf("OpenExport = %q, %v, want \"key set\"", got, err)
	}
	for name, edit := range map[string]func(*keys.ExportBinding){
		"channel":    func(b *keys.ExportBinding) { b.ChannelHash = []byte{1} },
		"chaincode":  func(b *keys.ExportBinding) { b.ChaincodeID = "other" },
		"version":    func(b *keys.ExportBinding) { b.Version = "w" },
		"generation": func(b *keys.ExportBinding) { b.Generation = 2 },
		"sender":     func(b *keys.ExportBinding) { b.Sender = "c" },
		"receiver":   func(b *keys.ExportBinding) { b.Receiver = "c" },
	} {
		b := good
		edit(&b)
		if _, err := dk.OpenExport(b, sealed); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("other %s: got %v, want %v", name, err, keys.ErrOpen)
		}
	}
}

func TestParseSuite(t *testing.T) {
	if got, err := keys.ParseSuite(""); err != nil || got != keys.SuiteMLKEM768X25519 {
		t.Errorf("ParseSuite(\"\") = %q, %v, want %q", got, err, keys.SuiteMLKEM768X25519)
	}
	if _, err := keys.ParseSuite("rsa"); !errors.Is(err, keys.ErrSuite) {
		t.Errorf("ParseSuite(\"rsa\"): got %v, want %v", err, keys.ErrSuite)
	}
	_, err := keys.ParseSuite(string(keys.SuiteX25519))
	if refused := errors.Is(err, keys.ErrSuite); refused != fips140.Enabled() {
		t.Errorf("plain X25519 refused = %v, want %v (FIPS 140-3 mode)", refused, fips140.Enabled())
	}
	if _, err := keys.ChaincodeEKFromPB(&pb.PublicKey{Key: make([]byte, 32)}); !errors.Is(err, keys.ErrSuite) {
		t.Errorf("key without a suite: got %v, want %v", err, keys.ErrSuite)
	}
}

func FuzzChaincodeEK(f *testing.F) {
	for _, suite := range suites(f) {
		_, ek := newChaincodeKeys(f, suite)
		f.Add(string(suite), ek.PB().Key)
	}
	f.Fuzz(func(t *testing.T, suite string, b []byte) {
		ek, err := keys.ChaincodeEKFromPB(&pb.PublicKey{Suite: suite, Key: b})
		if err != nil {
			if !errors.Is(err, keys.ErrMalformed) && !errors.Is(err, keys.ErrSuite) {
				t.Fatalf("got %v, want %v or %v", err, keys.ErrMalformed, keys.ErrSuite)
			}
			return
		}
		if got := ek.PB(); got.Suite != suite || !bytes.Equal(got.Key, b) {
			t.Fatalf("re-encoded as %v, want suite %q, key %x", got, suite, b)
		}
	})
}

func FuzzOpenRequest(f *testing.F) {
	dk, ek := newChaincodeKeys(f, keys.DefaultSuite)
	sealed, err := ek.SealRequest(request, keys.PadPadme, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed[:100])
	f.Add(append(bytes.Clone(sealed), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := dk.OpenRequest(request, b); !errors.Is(err, keys.ErrOpen) && !bytes.Equal(b, sealed) {
			t.Fatalf("got %v, want %v", err, keys.ErrOpen)
		}
	})
}
