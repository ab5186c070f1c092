// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"strings"
	"testing"
)

// A seller and a bidder of two organisations take part in one auction.
func TestPrivateChaincode(t *testing.T) {
	w := deployPrivate(t, "auction", nil)
	seller, bidder := w.contract(0), w.contract(1)
	if _, err := seller.Submit(w.ctx, "create", "a1", "a painting"); err != nil {
		t.Fatal(err)
	}
	if _, err := bidder.Submit(w.ctx, "bid", "a1", "42"); err != nil {
		t.Fatal(err)
	}
	answer, err := bidder.Evaluate(w.ctx, "mybid", "a1")
	if err != nil || !strings.Contains(string(answer), `"amount":42`) {
		t.Errorf("mybid: got %s, error %v; want amount 42", answer, err)
	}
}
