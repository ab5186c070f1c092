// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// siv returns AES-SIV (RFC 5297) under the key derived for one purpose.
func (s *secret) siv(label Label) (*subtle.AESSIV, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	key, err := derive(s.b, Encode(label), sivKeySize)
	if err != nil {
		return nil, err
	}
	siv, err := subtle.NewAESSIV(key)
	if err != nil {
		return nil, fmt.Errorf("keys: AES-SIV: %w", err)
	}
	return siv, nil
}

func (s *secret) sealSIV(label Label, aad, plaintext []byte) ([]byte, error) {
	siv, err := s.siv(label)
	if err != nil {
		return nil, err
	}
	ct, err := siv.EncryptDeterministically(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("keys: seal: %w", err)
	}
	return ct, nil
}

func (s *secret) openSIV(label Label, aad, sealed []byte) ([]byte, error) {
	siv, err := s.siv(label)
	if err != nil {
		return nil, err
	}
	plaintext, err := siv.DecryptDeterministically(sealed, aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

func (s *secret) bytes() ([]byte, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	return append([]byte(nil), s.b...), nil
}
