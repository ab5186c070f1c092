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
	head := []byte("a head")
	mac, err := key.MACHead(head)
	if err != nil || len(mac) != 32 {
		t.Fatalf("got %x, error %v, want 32 bytes", mac, err)
	}
	if err := key.VerifyHead(head, mac); err != nil {
		t.Errorf("its own: got %v, want none", err)
	}
	altered := bytes.Clone(mac)
	altered[31] ^= 1
	for name, got := range map[string]error{
		"another head":    key.VerifyHead([]byte("A head"), mac),
		"another key":     other.VerifyHead(head, mac),
		"an altered MAC":  key.VerifyHead(head, altered),
		"a shortened MAC": key.VerifyHead(head, mac[:31]),
		"no MAC":          key.VerifyHead(head, nil),
	} {
		if !errors.Is(got, keys.ErrOpen) {
			t.Errorf("%s: got %v, want %v", name, got, keys.ErrOpen)
		}
	}
	if _, err := (keys.ResponseKey{}).MACHead(head); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: got %v, want %v", err, keys.ErrNoKey)
	}
}
