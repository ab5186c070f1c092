// SPDX-License-Identifier: Apache-2.0

package index

import (
	"strings"
	"testing"
)

// Of transactions with one id the first counts, but in one block the valid one:
// the others were found to be its duplicates.
func TestOfTransactionsWithOneID(t *testing.T) {
	id, invalid := strings.Repeat("ab", 32), uint8(9)
	for name, test := range map[string]struct {
		blocks [][]uint8 // verdicts, 0 is VALID
		want   uint32
	}{
		"one":                         {[][]uint8{{0}}, 0},
		"valid after invalid":         {[][]uint8{{invalid, 0}}, 1},
		"valid before invalid":        {[][]uint8{{0, invalid}}, 0},
		"both invalid":                {[][]uint8{{invalid, invalid}}, 0},
		"valid in a later block":      {[][]uint8{{invalid}, {0}}, 0},
		"valid in a later block, too": {[][]uint8{{invalid, 0}, {0}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			txs := newTransactions()
			for _, codes := range test.blocks {
				var block []Transaction
				for _, code := range codes {
					block = append(block, Transaction{TxID: id, Code: code})
				}
				txs.addBlock(block)
			}
			if got, ok := txs.lookup(id); !ok || got != test.want {
				t.Errorf("got transaction %d, %t, want %d", got, ok, test.want)
			}
		})
	}
}

// What an invalid transaction says is its id may be as long as a block, and is
// never forgotten: so little of it is kept. A checkpoint takes what is kept for
// the id.
func TestAttack18LongTransactionIDs(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	txs := newTransactions()
	txs.addBlock([]Transaction{{TxID: "short", Code: 1}, {TxID: long, Code: 2}, {TxID: long + "y", Code: 3}})
	resumed := newTransactions()
	for n := range txs.size {
		if kept := len(txs.odd[n]); kept > maxOdd {
			t.Errorf("transaction %d: %d bytes of its id are kept, want at most %d", n, kept, maxOdd)
		}
		resumed.addBlock([]Transaction{txs.get(n)})
	}
	for what, table := range map[string]*transactions{"as it came": txs, "from a checkpoint": resumed} {
		for n, id := range []string{"short", long, long + "y"} {
			if got, ok := table.lookup(id); !ok || got != uint32(n) {
				t.Errorf("%s: id of %d bytes: got transaction %d, %t, want %d", what, len(id), got, ok, n)
			}
		}
		if got, ok := table.lookup(long + "z"); ok {
			t.Errorf("%s: an id that never came: got transaction %d, want none", what, got)
		}
	}
}
