// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"encoding/binary"
	"fmt"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
)

// EnclaveDK opens key exports addressed to one enclave, Enclave_DK.
type EnclaveDK struct{ k *decryptionKey }

// EnclaveEK seals key exports to one enclave, Enclave_EK.
type EnclaveEK struct{ k *encryptionKey }

// ExportBinding is what a key export belongs to (KEY-5).
type ExportBinding struct {
	ChannelHash []byte // Channel_hash, 32 bytes
	ChaincodeID string
	Version     string // of the chaincode definition
	Generation  uint64
	Sender      string // Enclave_Id
	Receiver    string // Enclave_Id
}

func (b ExportBinding) aad() []byte {
	return Encode(LabelExportedKeys, b.ChannelHash, []byte(b.ChaincodeID), []byte(b.Version),
		binary.BigEndian.AppendUint64(nil, b.Generation), []byte(b.Sender), []byte(b.Receiver))
}

// GenerateEnclaveDK generates a key pair (REG-4). It returns [ErrSuite] for a
// suite that is unknown or refused in this build.
func GenerateEnclaveDK(suite Suite) (EnclaveDK, error) {
	k, err := generateDecryptionKey(LabelEnclaveEK, suite)
	return EnclaveDK{k}, err
}

// ParseEnclaveDK reads what [EnclaveDK.MarshalSecret] wrote.
func ParseEnclaveDK(suite Suite, b []byte) (EnclaveDK, error) {
	k, err := parseDecryptionKey(LabelEnclaveEK, suite, b)
	return EnclaveDK{k}, err
}

// MarshalSecret returns the key as its KEM serialises private keys, to be sealed
// and nothing else.
func (dk EnclaveDK) MarshalSecret() ([]byte, error) {
	if dk.k == nil {
		return nil, ErrNoKey
	}
	return dk.k.key.Bytes()
}

// Public returns the encryption key.
func (dk EnclaveDK) Public() (EnclaveEK, error) {
	if dk.k == nil {
		return EnclaveEK{}, ErrNoKey
	}
	return EnclaveEK{&dk.k.pub}, nil
}

// OpenExport decrypts what [EnclaveEK.SealExport] sealed under the same binding.
func (dk EnclaveDK) OpenExport(b ExportBinding, sealed []byte) ([]byte, error) {
	return dk.k.open(Encode(LabelExportedKeys), b.aad(), sealed)
}

// Format implements fmt.Formatter: no verb prints the key.
func (dk EnclaveDK) Format(f fmt.State, _ rune) { redact(f, "keys.EnclaveDK") }

// EnclaveEKFromPB reads an Enclave_EK from its message. It returns
// [ErrMalformed] or [ErrSuite].
func EnclaveEKFromPB(m *pb.PublicKey) (EnclaveEK, error) {
	k, err := parseEncryptionKey(LabelEnclaveEK, m.GetSuite(), m.GetKey())
	return EnclaveEK{k}, err
}

// PB returns the key as a message; nil if there is no key.
func (ek EnclaveEK) PB() *pb.PublicKey { return ek.k.pb() }

// ID names the key: SHA-256 over its role, suite and bytes; nil if there is no key.
func (ek EnclaveEK) ID() []byte { return ek.k.idBytes() }

// Suite returns the key's suite.
func (ek EnclaveEK) Suite() Suite { return ek.k.suiteName() }

// SealExport encrypts a key export under its binding.
func (ek EnclaveEK) SealExport(b ExportBinding, plaintext []byte) ([]byte, error) {
	return ek.k.seal(Encode(LabelExportedKeys), b.aad(), plaintext)
}
