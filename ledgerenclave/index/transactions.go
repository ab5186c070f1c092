// SPDX-License-Identifier: Apache-2.0

package index

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash/maphash"
	"sort"
)

// chunkSize is how many transactions are stored together.
const chunkSize = 1024

// Transaction is what is kept of every transaction, valid or not.
type Transaction struct {
	// TxID is the id under which the ledger enters it: of an invalid one, a
	// claim. Empty: none.
	TxID string
	// Code is the verdict, a TxValidationCode.
	Code uint8
	// Payload is the SHA-256 of its ProposalResponsePayload, zero if it has none.
	Payload [32]byte
}

// Position is a transaction's place on the chain.
type Position struct {
	Block uint64
	Tx    uint32 // position in the block
}

// transactions is a table of all transactions of a chain, numbered from 0, with
// an index by id: some 73 bytes each. It only grows.
type transactions struct {
	chunks []*chunk
	size   uint32
	starts []uint32          // the number of each block's first transaction
	odd    map[uint32]string // ids that are not 64 lower-case hex digits
	slots  []uint32          // hash table: a transaction's number and 1, or 0
	used   uint32            // slots
	seed   maphash.Seed      // ids of invalid transactions are whatever an attacker likes
}

type chunk struct {
	ids      [chunkSize][32]byte
	payloads [chunkSize][32]byte
	codes    [chunkSize]uint8
}

func newTransactions() *transactions {
	return &transactions{odd: make(map[uint32]string), slots: make([]uint32, 1024), seed: maphash.MakeSeed()}
}

// maxOdd is the longest id that is kept as it is, where it is not the hash that an
// id should be. Such ids are claims of invalid transactions, which may be as long
// as a block: of longer ones a hash is kept, which no id that means anything equals.
const maxOdd = 64

// name is an id in half the space: as the 32 bytes of a hash, or, if it is not
// one in lower-case hex, as it is or as a hash of it.
type name struct {
	id  [32]byte
	odd string
}

func nameOf(txID string) name {
	var n name
	if len(txID) == 2*len(n.id) {
		if _, err := hex.Decode(n.id[:], []byte(txID)); err == nil && hex.EncodeToString(n.id[:]) == txID {
			return n
		}
	}
	if len(txID) > maxOdd {
		sum := sha256.Sum256([]byte(txID))
		txID = "#" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return name{odd: txID}
}

func (n name) String() string {
	if n.odd != "" {
		return n.odd
	}
	return hex.EncodeToString(n.id[:])
}

// addBlock enters a block's transactions.
func (t *transactions) addBlock(txs []Transaction) {
	start := t.size
	t.starts = append(t.starts, start)
	for i := range txs {
		t.add(start, &txs[i])
	}
}

func (t *transactions) add(start uint32, tx *Transaction) {
	n := t.size
	if n%chunkSize == 0 {
		t.chunks = append(t.chunks, &chunk{})
	}
	c, i := t.chunks[n/chunkSize], n%chunkSize
	t.size++
	c.codes[i], c.payloads[i] = tx.Code, tx.Payload
	if tx.TxID == "" {
		t.odd[n] = ""
		return
	}
	id := nameOf(tx.TxID)
	if id.odd != "" {
		t.odd[n] = id.odd
	}
	c.ids[i] = id.id
	if 4*(t.used+1) > 3*uint32(len(t.slots)) {
		t.grow()
	}
	slot := t.find(id)
	switch at := t.slots[slot]; {
	case at == 0:
		t.slots[slot] = n + 1
		t.used++
	case at-1 >= start && t.code(at-1) != 0 && tx.Code == 0:
		t.slots[slot] = n + 1 // of two with one id in a block, the valid one is meant
	}
}

// find returns the slot that an id is in, or belongs in.
func (t *transactions) find(id name) uint32 {
	sum := maphash.Bytes(t.seed, id.id[:])
	if id.odd != "" {
		sum = maphash.String(t.seed, id.odd)
	}
	mask := uint32(len(t.slots) - 1)
	slot := uint32(sum) & mask
	for t.slots[slot] != 0 && t.name(t.slots[slot]-1) != id {
		slot = (slot + 1) & mask
	}
	return slot
}

func (t *transactions) grow() {
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	for _, n := range old {
		if n != 0 {
			t.slots[t.find(t.name(n-1))] = n
		}
	}
}

// name returns a transaction's id; both parts are zero if it has none.
func (t *transactions) name(n uint32) name {
	if len(t.odd) > 0 {
		if odd, ok := t.odd[n]; ok {
			return name{odd: odd}
		}
	}
	return name{id: t.chunks[n/chunkSize].ids[n%chunkSize]}
}

func (t *transactions) id(n uint32) string {
	if odd, ok := t.odd[n]; ok {
		return odd
	}
	return t.name(n).String()
}

func (t *transactions) code(n uint32) uint8 { return t.chunks[n/chunkSize].codes[n%chunkSize] }

func (t *transactions) get(n uint32) Transaction {
	c, i := t.chunks[n/chunkSize], n%chunkSize
	return Transaction{TxID: t.id(n), Code: c.codes[i], Payload: c.payloads[i]}
}

// lookup returns the number of the transaction with an id.
func (t *transactions) lookup(txID string) (n uint32, ok bool) {
	if txID == "" {
		return 0, false
	}
	at := t.slots[t.find(nameOf(txID))]
	return at - 1, at != 0
}

// position returns where a transaction stands.
func (t *transactions) position(n uint32) Position {
	block := sort.Search(len(t.starts), func(i int) bool { return t.starts[i] > n }) - 1
	return Position{Block: uint64(block), Tx: n - t.starts[block]}
}
