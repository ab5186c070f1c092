// SPDX-License-Identifier: Apache-2.0

package auction

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// winner returns the highest bid, nil if there is none. Between equal ones a
// lot decides: the lowest SHA-256 over the auction, the transaction ids of all
// that are equal, and the bidder. Everyone who opens the bids finds the same
// winner, in whatever order they come. The auctioneer cannot choose the lot (the
// transaction ids are the bidders'), and a bidder who tries cannot know whose
// bid will be equal.
func winner(auction string, bids []*Bid) *Bid {
	var highest []*Bid
	for _, b := range bids {
		switch {
		case len(highest) == 0 || b.Amount > highest[0].Amount:
			highest = []*Bid{b}
		case b.Amount == highest[0].Amount:
			highest = append(highest, b)
		}
	}
	if len(highest) == 0 {
		return nil
	}
	ids := make([]string, len(highest))
	for i, b := range highest {
		ids[i] = b.TxID
	}
	slices.Sort(ids)
	return slices.MinFunc(highest, func(a, b *Bid) int {
		return bytes.Compare(lot(auction, ids, a), lot(auction, ids, b))
	})
}

func lot(auction string, ids []string, b *Bid) []byte {
	h := sha256.New()
	for _, part := range append([]string{auction, b.Bidder.Unique}, ids...) {
		h.Write([]byte(part))
		h.Write([]byte{0}) // in no part: ids and names are hex or of auctionID
	}
	return h.Sum(nil)
}
