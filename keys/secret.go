// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
)

// secret holds key bytes inside a closure: printed as part of a larger value, a
// function shows as an address, so the bytes stay out of logs even where fmt
// cannot reach the redacting methods of the type that holds it. (A pointer would
// not do: fmt follows it when the verb is wrong.)
type secret struct{ reveal func() []byte }

func newSecret(b []byte) *secret { return &secret{func() []byte { return b }} }

// redact writes the name of the type in place of its content, for every verb.
func redact(f fmt.State, name string) {
	_, _ = io.WriteString(f, name+"(redacted)")
}

func randomSecret(n int) *secret {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	return newSecret(b)
}

// bytes returns a copy, to be sealed.
func (s *secret) bytes() ([]byte, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	return append([]byte(nil), s.reveal()...), nil
}

func parseSecret(b []byte, n int, what string) (*secret, error) {
	if len(b) != n {
		return nil, fmt.Errorf("%w: %s has %d bytes, want %d", ErrMalformed, what, len(b), n)
	}
	return newSecret(append([]byte(nil), b...)), nil
}

// derive expands the secret to n bytes by HKDF-SHA-256 with the label as info.
func derive(key []byte, info []byte, n int) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, key, nil, string(info), n)
	if err != nil {
		return nil, fmt.Errorf("keys: derive: %w", err)
	}
	return out, nil
}
