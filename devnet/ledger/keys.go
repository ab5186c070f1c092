// SPDX-License-Identifier: Apache-2.0

package ledger

import "encoding/binary"

// Kinds of records under one channel's prefix.
const (
	kindBlock    = 'b' // number → block
	kindHash     = 'h' // header hash → number
	kindHeight   = 'm' // savepoint: number of blocks
	kindTx       = 't' // transaction id → TxStatus
	kindState    = 's' // namespace, key → VersionedValue
	kindHashed   = 'd' // namespace, collection, key hash → VersionedHash
	kindPrivate  = 'p' // namespace, collection, key → VersionedValue
	kindPending  = 'x' // transaction id → private write set, not yet in a block
	kindPendingN = 'y' // height at endorsement, transaction id: for expiry
)

// registryPrefix begins the keys that list the channels of a store.
const registryPrefix = "r"

// keyspace makes the keys of one channel. Strings inside a key are
// length-prefixed, but for the last one: it is what ranges run over.
type keyspace struct{ prefix []byte }

func newKeyspace(channelID string) keyspace {
	return keyspace{prefix: appendString([]byte{'c'}, channelID)}
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (k keyspace) of(kind byte, room int) []byte {
	b := make([]byte, 0, len(k.prefix)+1+room)
	return append(append(b, k.prefix...), kind)
}

func (k keyspace) number(kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(k.of(kind, 8), n)
}

func (k keyspace) text(kind byte, s string) []byte {
	return append(k.of(kind, len(s)), s...)
}

func (k keyspace) state(ns, key string) []byte {
	b := appendString(k.of(kindState, len(ns)+len(key)+2), ns)
	return append(b, key...)
}

func (k keyspace) collection(kind byte, ns, collection, key string) []byte {
	b := appendString(k.of(kind, len(ns)+len(collection)+len(key)+4), ns)
	return append(appendString(b, collection), key...)
}

func (k keyspace) pendingSince(height uint64, txID string) []byte {
	return append(k.number(kindPendingN, height), txID...)
}

// after returns the least key that is greater than every key with the prefix,
// nil if there is none.
func after(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
