// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

func TestMACHead(t *testing.T) {
	key, other := keys.NewResponseKey(), keys.NewResponseKey()
	head, signature := []byte("a head"), []byte("signature")
	mac, err := key.MACHead(head, signature)
	if err != nil || len(mac) != 32 {
		t.Fatalf("got %x, error %v, want 32 bytes", mac, err)
	}
	if err := key.VerifyHead(head, signature, mac); err != nil {
		t.Errorf("its own: got %v, want none", err)
	}
	altered := bytes.Clone(mac)
	altered[31] ^= 1
	for name, got := range map[string]error{
		"another head":        key.VerifyHead([]byte("A head"), signature, mac),
		"another endorsement": key.VerifyHead(head, []byte("Signature"), mac),
		"parted elsewhere":    key.VerifyHead([]byte("a headsig"), []byte("nature"), mac),
		"another key":         other.VerifyHead(head, signature, mac),
		"an altered MAC":      key.VerifyHead(head, signature, altered),
		"a shortened MAC":     key.VerifyHead(head, signature, mac[:31]),
		"no MAC":              key.VerifyHead(head, signature, nil),
	} {
		if !errors.Is(got, keys.ErrOpen) {
			t.Errorf("%s: got %v, want %v", name, got, keys.ErrOpen)
		}
	}
	if _, err := (keys.ResponseKey{}).MACHead(head, signature); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: got %v, want %v", err, keys.ErrNoKey)
	}
}
