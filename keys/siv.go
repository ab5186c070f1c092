// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// sivKeySize is the size of an AES-SIV key with AES-256 (RFC 5297).
const sivKeySize = subtle.AESSIVKeySize

// siv is AES-SIV under the key derived from a secret for one purpose.
type siv struct{ aead *subtle.AESSIV }

func (s *secret) siv(label Label) (*siv, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	key, err := derive(s.reveal(), Encode(label), sivKeySize)
	if err != nil {
		return nil, err
	}
	aead, err := subtle.NewAESSIV(key)
	if err != nil {
		return nil, fmt.Errorf("keys: AES-SIV: %w", err)
	}
	return &siv{aead}, nil
}

func (s *siv) seal(aad, plaintext []byte) ([]byte, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	sealed, err := s.aead.EncryptDeterministically(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("keys: seal: %w", err)
	}
	return sealed, nil
}

func (s *siv) open(aad, sealed []byte) ([]byte, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	plaintext, err := s.aead.DecryptDeterministically(sealed, aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
