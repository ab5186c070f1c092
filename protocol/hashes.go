// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/sha256"
	"strings"
)

// ValueHash is Read.value_hash: SHA-256 of the sealed value as it stands on the
// ledger; nil for an absent one.
func ValueHash(sealed []byte) []byte { return hashOrNil(sealed) }

// MetadataHash is MetadataRead.hash: SHA-256 of the key-level endorsement policy
// as the peer returns it, a serialised SignaturePolicyEnvelope; nil for none.
func MetadataHash(policy []byte) []byte { return hashOrNil(policy) }

func hashOrNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// IsReservedKey tells whether a state key is FPC's own (EX-5).
func IsReservedKey(key string) bool { return strings.HasPrefix(key, ReservedPrefix) }
