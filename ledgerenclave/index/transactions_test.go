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
