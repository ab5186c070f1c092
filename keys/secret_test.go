// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

type secretKey interface{ MarshalSecret() ([]byte, error) }

func TestKeysNeverPrint(t *testing.T) {
	sk, _ := newPair(t)
	chaincode, _ := newChaincodeKeys(t, keys.SuiteMLKEM768P256)
	enclave, err := keys.GenerateEnclaveDK(keys.SuiteMLKEM768P256)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []secretKey{sk, chaincode, enclave, newStateKey(t), keys.NewResponseKey()} {
		secret, err := key.MarshalSecret()
		if err != nil {
			t.Fatal(err)
		}
		checkHidden(t, key, secret)
	}
	platform := bytes.Repeat([]byte{0x5a}, 32)
	sealing, err := keys.NewSealingKey(platform, "code")
	if err != nil {
		t.Fatal(err)
	}
	checkHidden(t, sealing, platform)
}

// checkHidden prints a key alone and inside other values, with every verb and
// encoder that a careless program could use.
func checkHidden(t *testing.T, key any, secret []byte) {
	t.Helper()
	inside := struct {
		Exported any
		hidden   any
	}{key, key}
	var printed strings.Builder
	for _, v := range []any{key, &key, inside, &inside, []any{key}, map[string]any{"k": key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		encoded, _ := json.Marshal(v)
		printed.Write(encoded)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("m", "v", v)
	}
	out := printed.String()
	part := secret[:8]
	decimal := strings.Trim(fmt.Sprint(part), "[]")
	for _, form := range []string{string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)), base64.StdEncoding.EncodeToString(part)[:10], decimal, fmt.Sprintf("%#v", part[:4])[7:20]} {
		if strings.Contains(out, form) {
			t.Errorf("%T prints its secret (as %q)", key, form)
		}
	}
	if !strings.Contains(out, "(redacted)") {
		t.Errorf("%T: printed without \"(redacted)\"", key)
	}
}

func TestSealedStateOpensOnlyForSameCodeAndPlatform(t *testing.T) {
	newKey := func(secret byte, code string) keys.SealingKey {
		k, err := keys.NewSealingKey(bytes.Repeat([]byte{secret}, 32), code)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := newKey(1, "code")
	sealed, err := k.Seal(keys.LabelSealedState, []byte("aad"), []byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := newKey(1, "code").Open(keys.LabelSealedState, []byte("aad"), sealed); err != nil || string(got) != "state" {
		t.Fatalf("Open = %q, %v, want \"state\"", got, err)
	}
	tests := []struct {
		name   string
		key    keys.SealingKey
		label  keys.Label
		aad    string
		sealed []byte
		want   error
	}{
		{"other host", newKey(2, "code"), keys.LabelSealedState, "aad", sealed, keys.ErrOpen},
		{"other code", newKey(1, "edoc"), keys.LabelSealedState, "aad", sealed, keys.ErrOpen},
		{"other label", k, keys.LabelKeyExport, "aad", sealed, keys.ErrOpen},
		{"other aad", k, keys.LabelSealedState, "daa", sealed, keys.ErrOpen},
		{"truncated", k, keys.LabelSealedState, "aad", sealed[:len(sealed)-1], keys.ErrOpen},
		{"empty", k, keys.LabelSealedState, "aad", nil, keys.ErrOpen},
		{"no key", keys.SealingKey{}, keys.LabelSealedState, "aad", sealed, keys.ErrNoKey},
	}
	for _, test := range tests {
		if _, err := test.key.Open(test.label, []byte(test.aad), test.sealed); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	again, err := k.Seal(keys.LabelSealedState, []byte("aad"), []byte("state"))
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice: equal = %v, error %v, want different nonces", bytes.Equal(again, sealed), err)
	}
	if _, err := keys.NewSealingKey(make([]byte, 31), "code"); err == nil {
		t.Error("a platform secret of 31 bytes was accepted")
	}
}
