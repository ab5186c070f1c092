// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// SealingKey seals what an enclave keeps on its host's disk: AES-256-GCM with a
// random nonce. Only the same code on the same platform derives the same key.
type SealingKey struct{ s *secret }

// NewSealingKey derives the key from a platform's secret and the code id
// (HKDF-SHA-256). The secret must have at least 32 bytes.
func NewSealingKey(platformSecret []byte, codeID string) (SealingKey, error) {
	if len(platformSecret) < 32 {
		return SealingKey{}, fmt.Errorf("keys: platform secret has %d bytes, want at least 32", len(platformSecret))
	}
	b, err := derive(platformSecret, Encode(LabelSealingKey, []byte(codeID)), 32)
	if err != nil {
		return SealingKey{}, err
	}
	return SealingKey{newSecret(b)}, nil
}

// Format implements fmt.Formatter: no verb prints the key.
func (k SealingKey) Format(f fmt.State, _ rune) { redact(f, "keys.SealingKey") }

// Seal encrypts plaintext; label and aad must be the same at [SealingKey.Open].
func (k SealingKey) Seal(label Label, aad, plaintext []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plaintext, Encode(label, aad)), nil
}

// Open decrypts. It returns [ErrOpen] if the bytes were altered, or sealed under
// another key, label or aad.
func (k SealingKey) Open(label Label, aad, sealed []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, sealed, Encode(label, aad))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

func (k SealingKey) aead() (cipher.AEAD, error) {
	if k.s == nil {
		return nil, ErrNoKey
	}
	block, err := aes.NewCipher(k.s.reveal())
	if err != nil {
		return nil, fmt.Errorf("keys: AES: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
