// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"crypto/sha256"
	"encoding/binary"
)

// Binding computes what GetBinding returns: SHA-256 over nonce, creator and the
// epoch as eight bytes, little-endian.
func Binding(nonce, creator []byte, epoch uint64) []byte {
	h := sha256.New()
	h.Write(nonce)
	h.Write(creator)
	var e [8]byte
	binary.LittleEndian.PutUint64(e[:], epoch)
	h.Write(e[:])
	return h.Sum(nil)
}
