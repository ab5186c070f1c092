// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
)

// A seller and a bidder of two organisations take part in one auction.
func TestPrivateChaincode(t *testing.T) {
	w := deployPrivate(t, "auction", nil)
	w.openSale()
	w.myBid()
}

// openSale has the first organisation's client open the auction a1, and the second
// one's bid 42 in it.
func (w *world) openSale() (seller, bidder *client.Contract) {
	w.t.Helper()
	seller, bidder = w.contract(0), w.contract(1)
	w.must(seller.Submit(w.ctx, "create", "a1", "a painting"))
	w.must(bidder.Submit(w.ctx, "bid", "a1", "42"))
	return seller, bidder
}

// myBid asks for the second organisation's bid.
func (w *world) myBid() {
	w.t.Helper()
	answer, err := w.contract(1).Evaluate(w.ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		w.t.Errorf("mybid: got %s, error %v; want amount 42", answer, err)
	}
}
