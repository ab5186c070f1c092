// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/hpke"
	"fmt"
)

// Suite names an HPKE suite (RFC 9180): the KEM by its name here, always with
// HKDF-SHA-256 and AES-256-GCM. It travels in every public key.
type Suite string

// The suites.
const (
	// SuiteMLKEM768X25519 is the default: hybrid post-quantum, since a ledger
	// keeps ciphertexts for ever.
	SuiteMLKEM768X25519 Suite = "mlkem768-x25519"
	// SuiteMLKEM768P256 is the hybrid for FIPS 140-3 builds.
	SuiteMLKEM768P256 Suite = "mlkem768-p256"
	// SuiteX25519 is classical; refused in FIPS 140-3 mode.
	SuiteX25519 Suite = "x25519"
	// DefaultSuite is used where none is named.
	DefaultSuite = SuiteMLKEM768X25519
)

// Suites lists every suite that this package knows, best first.
func Suites() []Suite {
	return []Suite{SuiteMLKEM768X25519, SuiteMLKEM768P256, SuiteX25519}
}

// ParseSuite reads a suite's name; empty means [DefaultSuite]. It returns
// [ErrSuite] for an unknown name and for one that this build refuses.
func ParseSuite(name string) (Suite, error) {
	s := Suite(name)
	if name == "" {
		s = DefaultSuite
	}
	if _, err := s.kem(); err != nil {
		return "", err
	}
	return s, nil
}

func (s Suite) kem() (hpke.KEM, error) {
	switch s {
	case SuiteMLKEM768X25519:
		return hpke.MLKEM768X25519(), nil
	case SuiteMLKEM768P256:
		return hpke.MLKEM768P256(), nil
	case SuiteX25519:
		if fips140.Enabled() {
			return nil, fmt.Errorf("%w: %s is not approved in FIPS 140-3 mode, use %s", ErrSuite, s, SuiteMLKEM768P256)
		}
		return hpke.DHKEM(ecdh.X25519()), nil
	}
	return nil, fmt.Errorf("%w: unknown suite %q", ErrSuite, string(s))
}

// encryptionKey is the public half of a key-transport key of either role.
type encryptionKey struct {
	suite Suite
	key   hpke.PublicKey
	id    [32]byte
}

// decryptionKey is the private half.
type decryptionKey struct {
	key hpke.PrivateKey
	pub encryptionKey
}

func generateDecryptionKey(label Label, suite Suite) (*decryptionKey, error) {
	kem, err := suite.kem()
	if err != nil {
		return nil, err
	}
	key, err := kem.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("keys: generate %s key: %w", suite, err)
	}
	return newDecryptionKey(label, suite, key), nil
}

func parseDecryptionKey(label Label, suite Suite, b []byte) (*decryptionKey, error) {
	kem, err := suite.kem()
	if err != nil {
		return nil, err
	}
	key, err := kem.NewPrivateKey(b)
	if err != nil {
		// The parser's error could quote the key, so it is not passed on.
		return nil, fmt.Errorf("%w: %s private key", ErrMalformed, suite)
	}
	return newDecryptionKey(label, suite, key), nil
}

func newDecryptionKey(label Label, suite Suite, key hpke.PrivateKey) *decryptionKey {
	return &decryptionKey{key, newEncryptionKey(label, suite, key.PublicKey())}
}

func parseEncryptionKey(label Label, suite string, b []byte) (*encryptionKey, error) {
	s := Suite(suite) // a public key names its suite: empty is not the default here
	kem, err := s.kem()
	if err != nil {
		return nil, err
	}
	key, err := kem.NewPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s public key", ErrMalformed, s)
	}
	ek := newEncryptionKey(label, s, key)
	return &ek, nil
}

func newEncryptionKey(label Label, suite Suite, key hpke.PublicKey) encryptionKey {
	return encryptionKey{suite, key, Digest(label, []byte(suite), key.Bytes())}
}

// seal encrypts to the key. Both the purpose (HPKE's info) and what the message
// belongs to (its associated data) must be the same at open.
func (k *encryptionKey) seal(info, aad, plaintext []byte) ([]byte, error) {
	if k == nil {
		return nil, ErrNoKey
	}
	enc, sender, err := hpke.NewSender(k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, fmt.Errorf("keys: encapsulate: %w", err)
	}
	ct, err := sender.Seal(aad, plaintext)
	if err != nil {
		return nil, fmt.Errorf("keys: seal: %w", err)
	}
	return append(enc, ct...), nil
}

func (k *decryptionKey) open(info, aad, sealed []byte) ([]byte, error) {
	if k == nil {
		return nil, ErrNoKey
	}
	n := encapsulatedSize(k.pub.suite)
	if len(sealed) < n {
		return nil, ErrOpen
	}
	recipient, err := hpke.NewRecipient(sealed[:n], k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, ErrOpen
	}
	plaintext, err := recipient.Open(aad, sealed[n:])
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// encapsulatedSize is the length of the suite's encapsulated key (RFC 9180
// section 7.1, draft-ietf-hpke-pq section 3).
func encapsulatedSize(s Suite) int {
	const mlkem768, x25519, p256 = 1088, 32, 65
	switch s {
	case SuiteMLKEM768X25519:
		return mlkem768 + x25519
	case SuiteMLKEM768P256:
		return mlkem768 + p256
	default:
		return x25519
	}
}
