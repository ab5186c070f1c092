// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Label separates the domains of hashes, signatures, derivations and associated
// data. Two uses never share a label.
type Label string

// The labels in use. Each changes when the encoding below it changes.
const (
	// LabelStatement hashes AttestedData into the attested statement (REG-6).
	LabelStatement Label = "fpc/v1/attested-statement"
	// LabelKeyRegistration signs a KeyRegistration (KEY-2).
	LabelKeyRegistration Label = "fpc/v1/key-registration"
	// LabelResponse signs an EnclaveResponse of kind RESULT (INV-16).
	LabelResponse Label = "fpc/v1/response"
	// LabelError signs an EnclaveResponse of kind ERROR (INV-16).
	LabelError Label = "fpc/v1/error"

	// LabelRequest binds an encrypted request (INV-4).
	LabelRequest Label = "fpc/v1/request"
	// LabelRequestHash hashes ccreq_msg.
	LabelRequestHash Label = "fpc/v1/request-hash"
	// LabelDecorations hashes what a peer's decorators added.
	LabelDecorations Label = "fpc/v1/decorations"
	// LabelExec hashes the inputs of one execution.
	LabelExec Label = "fpc/v1/exec"
	// LabelKeyExport signs a KeyExport (KEY-5).
	LabelKeyExport Label = "fpc/v1/key-export"
	// LabelExportedKeys binds the chaincode keys in a KeyExport (KEY-5).
	LabelExportedKeys Label = "fpc/v1/exported-keys"
	// LabelHeadUsed authenticates the head that an execution in Full mode read at
	// (INV-17).
	LabelHeadUsed Label = "fpc/v1/head-used"
	// LabelEnclaveOU names the organisation unit of an enclave's certificate.
	LabelEnclaveOU Label = "fpc/v1/enclave-ou"

	// LabelStateValue derives the key for state values, and binds them (EX-2).
	LabelStateValue Label = "fpc/v1/state-value"
	// LabelBlindedKey derives the key that blinds state keys, and binds them (EX-2).
	LabelBlindedKey Label = "fpc/v1/blinded-key"
	// LabelEvent derives the key for event payloads, and binds them (INV-15).
	LabelEvent Label = "fpc/v1/event"
	// LabelEncryptedResponse derives the key for responses, and binds them (INV-15).
	LabelEncryptedResponse Label = "fpc/v1/encrypted-response"

	// LabelChaincodeEK names a Chaincode_EK by hash.
	LabelChaincodeEK Label = "fpc/v1/chaincode-ek"
	// LabelEnclaveEK names an Enclave_EK by hash.
	LabelEnclaveEK Label = "fpc/v1/enclave-ek"
	// LabelSealingKey derives a sealing key from a platform secret (REG-7).
	LabelSealingKey Label = "fpc/v1/sealing-key"
	// LabelSealedState binds an enclave's sealed state (REG-7).
	LabelSealedState Label = "fpc/v1/sealed-state"

	// LabelSession binds what evidence covers in a session between enclaves
	// (INV-9).
	LabelSession Label = "fpc/v1/session"
	// LabelSessionID hashes a session's handshake.
	LabelSessionID Label = "fpc/v1/session-id"
	// LabelSessionRequest derives the key of a session's requests, and binds them.
	LabelSessionRequest Label = "fpc/v1/session-request"
	// LabelSessionAnswer derives the key of a session's answers, and binds them.
	LabelSessionAnswer Label = "fpc/v1/session-answer"

	// LabelLedgerCheckpoint binds the parts of a ledger enclave's sealed checkpoint.
	LabelLedgerCheckpoint Label = "fpc/v1/ledger-checkpoint"

	// LabelMSPRoots hashes the root certificates of the application MSPs (REG-6).
	LabelMSPRoots Label = "fpc/v1/msp-roots"
	// LabelMSPConfig hashes the whole MSP configurations (REG-6).
	LabelMSPConfig Label = "fpc/v1/msp-config"
)

// Encode returns the label and the fields, each with its length before it as
// eight bytes, big-endian. It is injective: two different lists never encode to
// the same bytes.
func Encode(label Label, fields ...[]byte) []byte {
	n := 8 + len(label)
	for _, f := range fields {
		n += 8 + len(f)
	}
	b := make([]byte, 0, n)
	b = binary.BigEndian.AppendUint64(b, uint64(len(label)))
	b = append(b, label...)
	for _, f := range fields {
		b = binary.BigEndian.AppendUint64(b, uint64(len(f)))
		b = append(b, f...)
	}
	return b
}

// Write writes what [Encode] returns to a hash, without making it.
func Write(h hash.Hash, label Label, fields ...[]byte) {
	var n [8]byte
	write := func(field []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(field)))
		h.Write(n[:])
		h.Write(field)
	}
	write([]byte(label))
	for _, f := range fields {
		write(f)
	}
}

// Digest returns the SHA-256 of [Encode] of the same arguments.
func Digest(label Label, fields ...[]byte) [32]byte {
	h := sha256.New()
	Write(h, label, fields...)
	return [32]byte(h.Sum(nil))
}
