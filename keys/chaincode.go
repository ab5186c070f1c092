// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"fmt"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
)

// ChaincodeDK opens the requests that clients sealed to a chaincode,
// Chaincode_DK. All enclaves of one key generation hold it.
type ChaincodeDK struct{ k *decryptionKey }

// ChaincodeEK seals requests to a chaincode, Chaincode_EK.
type ChaincodeEK struct{ k *encryptionKey }

// RequestBinding is what a request belongs to. The Chaincode_EK is bound beside
// it, by the key that seals or opens.
type RequestBinding struct {
	ChannelHash []byte // Channel_hash, 32 bytes
	ChaincodeID string
	Creator     []byte // serialised identity of the proposal's creator
}

func (b RequestBinding) aad(ekID []byte) []byte {
	return Encode(LabelRequest, b.ChannelHash, []byte(b.ChaincodeID), b.Creator, ekID)
}

// GenerateChaincodeDK generates a key pair (KEY-1). It returns [ErrSuite] for a
// suite that is unknown or refused in this build.
func GenerateChaincodeDK(suite Suite) (ChaincodeDK, error) {
	k, err := generateDecryptionKey(LabelChaincodeEK, suite)
	return ChaincodeDK{k}, err
}

// ParseChaincodeDK reads what [ChaincodeDK.MarshalSecret] wrote.
func ParseChaincodeDK(suite Suite, b []byte) (ChaincodeDK, error) {
	k, err := parseDecryptionKey(LabelChaincodeEK, suite, b)
	return ChaincodeDK{k}, err
}

// MarshalSecret returns the key as its KEM serialises private keys, to be sealed
// and nothing else.
func (dk ChaincodeDK) MarshalSecret() ([]byte, error) {
	if dk.k == nil {
		return nil, ErrNoKey
	}
	return dk.k.key.Bytes()
}

// Public returns the encryption key.
func (dk ChaincodeDK) Public() (ChaincodeEK, error) {
	if dk.k == nil {
		return ChaincodeEK{}, ErrNoKey
	}
	return ChaincodeEK{&dk.k.pub}, nil
}

// OpenRequest decrypts what [ChaincodeEK.SealRequest] sealed under the same
// binding (INV-12). It returns [ErrOpen] for anything else.
func (dk ChaincodeDK) OpenRequest(b RequestBinding, sealed []byte) ([]byte, error) {
	if dk.k == nil {
		return nil, ErrNoKey
	}
	padded, err := dk.k.open(Encode(LabelRequest), b.aad(dk.k.pub.id[:]), sealed)
	if err != nil {
		return nil, err
	}
	return Unpad(padded)
}

// Format implements fmt.Formatter: no verb prints the key.
func (dk ChaincodeDK) Format(f fmt.State, _ rune) { redact(f, "keys.ChaincodeDK") }

// ChaincodeEKFromPB reads a Chaincode_EK from its message. It returns
// [ErrMalformed] or [ErrSuite].
func ChaincodeEKFromPB(m *pb.PublicKey) (ChaincodeEK, error) {
	k, err := parseEncryptionKey(LabelChaincodeEK, m.GetSuite(), m.GetKey())
	return ChaincodeEK{k}, err
}

// PB returns the key as a message; nil if there is no key.
func (ek ChaincodeEK) PB() *pb.PublicKey { return ek.k.pb() }

// ID names the key: SHA-256 over its role, suite and bytes; nil if there is no key.
func (ek ChaincodeEK) ID() []byte { return ek.k.idBytes() }

// Suite returns the key's suite.
func (ek ChaincodeEK) Suite() Suite { return ek.k.suiteName() }

// SealRequest pads and encrypts a request under its binding (INV-4).
func (ek ChaincodeEK) SealRequest(b RequestBinding, p Padding, plaintext []byte) ([]byte, error) {
	return ek.k.seal(Encode(LabelRequest), b.aad(ek.ID()), p.Pad(plaintext))
}

func (k *encryptionKey) pb() *pb.PublicKey {
	if k == nil {
		return nil
	}
	return &pb.PublicKey{Suite: string(k.suite), Key: k.key.Bytes()}
}

func (k *encryptionKey) idBytes() []byte {
	if k == nil {
		return nil
	}
	return append([]byte(nil), k.id[:]...)
}

func (k *encryptionKey) suiteName() Suite {
	if k == nil {
		return ""
	}
	return k.suite
}
