// SPDX-License-Identifier: Apache-2.0

package vectors

import (
	"os"
	"testing"

	"google.golang.org/protobuf/proto"
)

// Chains are whole, and what Files writes can be read.
func TestChains(t *testing.T) {
	chains, err := Chains()
	if err != nil || len(chains) < 5 {
		t.Fatalf("got %d chains, %v, want 5 or more", len(chains), err)
	}
	for _, c := range chains {
		if c.Fabric == "" || c.Orderers == "" || c.Recorded == "" {
			t.Errorf("%s: got origin %+v, want all of it", c.Name, c)
		}
		for i, b := range c.Blocks {
			if b.Header.Number != uint64(i) {
				t.Errorf("%s: got block %d, want %d", c.Name, b.Header.Number, i)
			}
		}
		for _, tx := range c.Transactions {
			if tx.Block >= uint64(len(c.Blocks)) || tx.Tx >= len(c.Blocks[tx.Block].Data.Data) {
				t.Errorf("%s: %s stands nowhere: block %d, transaction %d", c.Name, tx.Name, tx.Block, tx.Tx)
			}
		}
		files, err := c.Files(".")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(c.Name + ".json"); err != nil || string(got) != string(files[c.Name+".json"]) {
			t.Errorf("%s.json: got %s, %v, want %s", c.Name, got, err, files[c.Name+".json"])
		}
		again, err := decode(files[c.Name+".blocks.gz"])
		if err != nil || len(again) != len(c.Blocks) || !proto.Equal(again[len(again)-1], c.Blocks[len(c.Blocks)-1]) {
			t.Errorf("%s: written and read again: got %d blocks, %v, want %d", c.Name, len(again), err, len(c.Blocks))
		}
	}
}
