// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// blindKeySize is the size of the key that blinds state keys, and of a blinded
// key before it is written in hex.
const blindKeySize = sha256.Size

// KeyBinding is where a state key stands.
type KeyBinding struct {
	ChannelHash []byte // Channel_hash, 32 bytes
	ChaincodeID string
	Generation  uint64 // of the key set
	Key         string // in clear
}

// BlindKey returns what stands on the ledger in place of a state key: 64
// lower-case hex digits, a pseudorandom function of the binding. Nobody without
// the state key can compute it, test a guess, or tell the length or the order of
// what is blinded. Equal keys have equal blinded keys, as a state needs it.
//
// The function is HKDF-Expand (RFC 5869 section 2.3) for one block, which is one
// HMAC-SHA-256, under a key derived for nothing else.
func (k StateKey) BlindKey(b KeyBinding) (string, error) {
	if k.blind == nil {
		return "", ErrNoKey
	}
	info := Encode(LabelBlindedKey, b.ChannelHash, []byte(b.ChaincodeID),
		binary.BigEndian.AppendUint64(nil, b.Generation), []byte(b.Key))
	blinded, err := hkdf.Expand(sha256.New, k.blind.reveal(), string(info), blindKeySize)
	if err != nil {
		return "", fmt.Errorf("keys: blind: %w", err)
	}
	return hex.EncodeToString(blinded), nil
}

// blindingKey derives the key that blinds state keys.
func (s *secret) blindingKey() (*secret, error) {
	if s == nil {
		return nil, ErrNoKey
	}
	key, err := derive(s.reveal(), Encode(LabelBlindedKey), blindKeySize)
	if err != nil {
		return nil, err
	}
	return newSecret(key), nil
}
