// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/sha512"

	"github.com/privatechaincode/fpc/keys"
)

// StatementHash is what an attestation covers as its report data (REG-6):
// SHA-512 over label and the serialised AttestedData, exactly as the credentials
// carry it. Those very bytes travel, so no second encoding can stand for them.
func StatementHash(attestedData []byte) [64]byte {
	return sha512.Sum512(keys.Encode(keys.LabelStatement, attestedData))
}
