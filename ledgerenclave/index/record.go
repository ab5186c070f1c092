// SPDX-License-Identifier: Apache-2.0

package index

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// record is what is kept of a key: 44 bytes without a pointer. Transactions are
// named by their number on the chain, from which block and position follow.
type record struct {
	hash     [sha256.Size]byte // of the value; in collections, as the transaction gave it
	metadata uint32            // number in the view's metadata; 0: none
	version  uint32            // transaction that wrote value or metadata last
	writer   uint32            // transaction that wrote the value, and byEnclaves
}

// byEnclaves is a bit of record.writer.
const byEnclaves = 1 << 31

// maxTransactions is how many transactions the index can number.
const maxTransactions = byEnclaves - 1

// packMetadata encodes metadata: names and values, each with its length before
// it.
func packMetadata(entries []rwset.Entry) string {
	var b []byte
	put := func(field []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	for _, e := range entries {
		put([]byte(e.Name))
		put(e.Value)
	}
	return string(b)
}

// unpackMetadata decodes what packMetadata made.
func unpackMetadata(encoded string) []rwset.Entry {
	var entries []rwset.Entry
	next := func() string {
		if len(encoded) < 4 {
			encoded = ""
			return ""
		}
		size := min(int(binary.BigEndian.Uint32([]byte(encoded[:4]))), len(encoded)-4)
		field := encoded[4 : 4+size]
		encoded = encoded[4+size:]
		return field
	}
	for encoded != "" {
		name := next()
		entries = append(entries, rwset.Entry{Name: name, Value: []byte(next())})
	}
	return entries
}

// policyOf returns the key-level endorsement policy in a key's metadata.
func policyOf(entries []rwset.Entry) []byte {
	var policy []byte
	for _, e := range entries { // of two entries of one name the last counts
		if e.Name == peer.MetaDataKeys_VALIDATION_PARAMETER.String() {
			policy = e.Value
		}
	}
	return policy
}
