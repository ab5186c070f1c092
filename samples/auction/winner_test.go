// SPDX-License-Identifier: Apache-2.0

package auction

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func bids(amounts ...uint64) []*Bid {
	out := make([]*Bid, len(amounts))
	for i, amount := range amounts {
		out[i] = &Bid{Bidder: Party{Unique: fmt.Sprint("bidder", i)}, Amount: amount, TxID: fmt.Sprint("tx", i)}
	}
	return out
}

func TestWinner(t *testing.T) {
	if got := winner("a", nil); got != nil {
		t.Errorf("winner of no bids: %+v", got)
	}
	if got := winner("a", bids(5, 9, 7)); got.Amount != 9 {
		t.Errorf("winner: %+v, want the bid of 9", got)
	}
}

// TestTies: the lot does not depend on the order, and falls on everybody.
func TestTies(t *testing.T) {
	won := make(map[string]bool)
	for i := range 50 {
		auction := fmt.Sprint("auction", i)
		tied := bids(9, 9, 9, 3)
		want := winner(auction, tied)
		for range 5 {
			rand.Shuffle(len(tied), func(i, j int) { tied[i], tied[j] = tied[j], tied[i] })
			if got := winner(auction, tied); got != want {
				t.Fatalf("%s: winner %s, in another order %s", auction, want.Bidder.Unique, got.Bidder.Unique)
			}
		}
		won[want.Bidder.Unique] = true
	}
	if len(won) != 3 {
		t.Errorf("in 50 ties of three the winners were %v, want each at least once", won)
	}
}

// TestLotDependsOnAllTied: one of those who are equal cannot fix the lot alone.
func TestLotDependsOnAllTied(t *testing.T) {
	var winners []string
	for i := range 50 {
		tied := bids(9, 9)
		tied[1].TxID = fmt.Sprint("other", i)
		winners = append(winners, winner("a", tied).Bidder.Unique)
	}
	slices.Sort(winners)
	if got := slices.Compact(winners); len(got) != 2 {
		t.Errorf("whatever the other's transaction id, %v won", got)
	}
}
