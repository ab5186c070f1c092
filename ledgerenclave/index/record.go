// SPDX-License-Identifier: Apache-2.0

package index

import (
	"crypto/sha256"
	"encoding/binary"
	"unique"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// record is what is kept of a key: 48 bytes. Transactions are named by their
// number on the chain, from which block and position follow.
type record struct {
	hash     [sha256.Size]byte       // of the value; in collections, as the transaction gave it
	metadata unique.Handle[metadata] // zero: none
	version  uint32                  // transaction that wrote value or metadata last
	writer   uint32                  // transaction that wrote the value, and byEnclaves
}

// byEnclaves is a bit of record.writer.
const byEnclaves = 1 << 31

// maxTransactions is how many transactions the index can number.
const maxTransactions = byEnclaves - 1

// metadata is a key's metadata, encoded: names and values, each with its length
// before it. Many keys share one policy, so equal ones are kept once.
type metadata struct{ encoded string }

func packMetadata(entries []rwset.Entry) unique.Handle[metadata] {
	if len(entries) == 0 {
		return unique.Handle[metadata]{}
	}
	var b []byte
	put := func(field []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	for _, e := range entries {
		put([]byte(e.Name))
		put(e.Value)
	}
	return unique.Make(metadata{string(b)})
}

func (r record) hasMetadata() bool { return r.metadata != unique.Handle[metadata]{} }

// packed returns the metadata's encoding.
func (r record) packed() string {
	if !r.hasMetadata() {
		return ""
	}
	return r.metadata.Value().encoded
}

// entries returns the metadata, nil if there is none.
func (r record) entries() []rwset.Entry { return unpackMetadata(r.packed()) }

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
