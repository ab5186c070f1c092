// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

var place = keys.KeyBinding{ChannelHash: bytes.Repeat([]byte{1}, 32), ChaincodeID: "auction", Generation: 1, Key: "bid1"}

func blind(t *testing.T, k keys.StateKey, b keys.KeyBinding) string {
	t.Helper()
	s, err := k.BlindKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The function is HMAC-SHA-256 under a key derived with its own label; stated
// here a second time, in the terms of RFC 2104 instead of RFC 5869.
func TestBlindedKeyIsAnHMAC(t *testing.T) {
	k := newStateKey(t)
	secret, err := k.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, string(keys.Encode("fpc/v1/blinded-key")), 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(keys.Encode("fpc/v1/blinded-key", place.ChannelHash, []byte("auction"), []byte{0, 0, 0, 0, 0, 0, 0, 1}, []byte("bid1")))
	mac.Write([]byte{1}) // the counter of the first block
	if got, want := blind(t, k, place), hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBlindedKeyDependsOnItsPlace(t *testing.T) {
	k := newStateKey(t)
	edit := func(f func(*keys.KeyBinding)) keys.KeyBinding { b := place; f(&b); return b }
	first := blind(t, k, place)
	if again := blind(t, k, place); again != first {
		t.Errorf("the same key blinded twice: got %s and %s", first, again)
	}
	seen := map[string]string{first: "the key itself"}
	for name, got := range map[string]string{
		"another key":         blind(t, k, edit(func(b *keys.KeyBinding) { b.Key = "bid2" })),
		"another channel":     blind(t, k, edit(func(b *keys.KeyBinding) { b.ChannelHash = bytes.Repeat([]byte{2}, 32) })),
		"another chaincode":   blind(t, k, edit(func(b *keys.KeyBinding) { b.ChaincodeID = "auctions" })),
		"the next generation": blind(t, k, edit(func(b *keys.KeyBinding) { b.Generation++ })),
		"another SEK":         blind(t, newStateKey(t), place),
		"a long key":          blind(t, k, edit(func(b *keys.KeyBinding) { b.Key = strings.Repeat("k", 1000) })),
	} {
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(got) {
			t.Errorf("%s: got %q, want 64 hex digits", name, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the same blinded key as %s", name, other)
		}
		seen[got] = name
	}
}

func TestBlindedKeySurvivesSealing(t *testing.T) {
	k := newStateKey(t)
	secret, err := k.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	restored, err := keys.ParseStateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := blind(t, restored, place), blind(t, k, place); got != want {
		t.Errorf("after sealing: got %s, want %s", got, want)
	}
	if _, err := (keys.StateKey{}).BlindKey(place); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: got %v, want %v", err, keys.ErrNoKey)
	}
}
