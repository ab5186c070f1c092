// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// ResponseKey is r_key: a client makes it for one request, and the enclave
// seals the answer under it (INV-3, INV-15).
type ResponseKey struct{ s *secret }

// ResponseBinding is what an encrypted response belongs to.
type ResponseBinding struct {
	ChannelHash []byte // Channel_hash, 32 bytes
	ChaincodeID string
	TxID        TxID
	RequestHash [32]byte
	Exec        Exec
}

func (b ResponseBinding) aad() []byte {
	return Encode(LabelEncryptedResponse, b.ChannelHash, []byte(b.ChaincodeID), b.TxID[:], b.RequestHash[:], b.Exec[:])
}

// NewResponseKey generates a key (INV-3).
func NewResponseKey() ResponseKey { return ResponseKey{randomSecret(sivKeySize)} }

// ParseResponseKey reads what [ResponseKey.MarshalSecret] wrote.
func ParseResponseKey(b []byte) (ResponseKey, error) {
	s, err := parseSecret(b, sivKeySize, "r_key")
	return ResponseKey{s}, err
}

// MarshalSecret returns the key's 64 bytes, to travel inside a sealed request.
func (k ResponseKey) MarshalSecret() ([]byte, error) { return k.s.bytes() }

// Format implements fmt.Formatter: no verb prints the key.
func (k ResponseKey) Format(f fmt.State, _ rune) { redact(f, "keys.ResponseKey") }

// SealResponse pads and encrypts a response.
func (k ResponseKey) SealResponse(b ResponseBinding, p Padding, plaintext []byte) ([]byte, error) {
	siv, err := k.s.siv(LabelEncryptedResponse)
	if err != nil {
		return nil, err
	}
	return siv.seal(b.aad(), p.Pad(plaintext))
}

// OpenResponse decrypts a response. It returns [ErrOpen] for one that was
// altered, or that belongs to another request or execution.
func (k ResponseKey) OpenResponse(b ResponseBinding, sealed []byte) ([]byte, error) {
	siv, err := k.s.siv(LabelEncryptedResponse)
	if err != nil {
		return nil, err
	}
	padded, err := siv.open(b.aad(), sealed)
	if err != nil {
		return nil, err
	}
	return Unpad(padded)
}

// MACHead authenticates a serialised HeadUsed beside an endorsement's signature for
// the client (INV-17): HMAC-SHA-256, 32 bytes. Whoever holds the request's key can
// make it, so it stands for an enclave of the chaincode, not for one of them.
//
// r_key is random and as long as a block of SHA-256, so it is HMAC's key itself. The
// keys that are derived from it come of HKDF, in which it is no key but the message.
func (k ResponseKey) MACHead(head, signature []byte) ([]byte, error) {
	if k.s == nil {
		return nil, ErrNoKey
	}
	h := hmac.New(sha256.New, k.s.reveal())
	Write(h, LabelHeadUsed, head, signature)
	return h.Sum(nil), nil
}

// VerifyHead checks what [ResponseKey.MACHead] made. It returns [ErrOpen] for a head
// that was altered, or that belongs to another request or endorsement.
func (k ResponseKey) VerifyHead(head, signature, mac []byte) error {
	want, err := k.MACHead(head, signature)
	if err != nil {
		return err
	}
	if !hmac.Equal(mac, want) {
		return ErrOpen
	}
	return nil
}
