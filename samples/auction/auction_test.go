// SPDX-License-Identifier: Apache-2.0

package auction_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/samples/auction"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// house is an auction house with its people.
type house struct {
	*testing.T
	cc     *shimtest.Chaincode
	people map[string][]byte
}

// newHouse has an auctioneer and three bidders of three organisations.
func newHouse(t *testing.T) *house {
	h := &house{T: t, people: make(map[string][]byte)}
	h.clear()
	for name, org := range map[string]string{"auctioneer": "Org1MSP", "alice": "Org1MSP", "bob": "Org2MSP", "carol": "Org3MSP"} {
		h.people[name] = shimtest.Client(t, org, name)
	}
	return h
}

// clear begins with an empty ledger and the same people.
func (h *house) clear() {
	h.cc = shimtest.NewChannel("mychannel").Deploy("auction", new(auction.Chaincode))
}

func (h *house) tx(who string, args ...string) shimtest.Tx {
	return shimtest.Tx{Creator: h.people[who], Args: shimtest.Args(args...)}
}

// do submits what must succeed, and decodes the answer.
func do[Answer any](h *house, who string, args ...string) Answer {
	h.Helper()
	return answer[Answer](h, h.cc.Submit(h.tx(who, args...)))
}

func answer[Answer any](h *house, result shimtest.Result) Answer {
	h.Helper()
	var a Answer
	if !result.OK() {
		h.Fatalf("status %d: %s", result.Response.GetStatus(), result.Response.GetMessage())
	}
	if err := json.Unmarshal(result.Response.GetPayload(), &a); err != nil {
		h.Fatalf("answer %q: %v", result.Response.GetPayload(), err)
	}
	return a
}

// refused submits what must be refused, and returns the message.
func (h *house) refused(status int32, who string, args ...string) string {
	h.Helper()
	before := h.cc.Keys()
	result := h.cc.Submit(h.tx(who, args...))
	if got := result.Response.GetStatus(); got != status {
		h.Errorf("%s %q: status %d %q, want %d", who, args, got, result.Response.GetMessage(), status)
	}
	if !slices.Equal(h.cc.Keys(), before) || len(result.Response.GetPayload()) != 0 {
		h.Errorf("%s %q: a refusal changed state or carries a payload", who, args)
	}
	return result.Response.GetMessage()
}

func TestAuction(t *testing.T) {
	h := newHouse(t)
	created := do[auction.Auction](h, "auctioneer", "create", "a1", "a painting")
	if created.Auctioneer.Name != "auctioneer" || created.Auctioneer.MSPID != "Org1MSP" || created.Closed {
		t.Errorf("created %+v, want an open auction of the auctioneer", created)
	}
	do[auction.Bid](h, "alice", "bid", "a1", "100")
	do[auction.Bid](h, "bob", "bid", "a1", "300")
	do[auction.Bid](h, "carol", "bid", "a1", "200")
	do[auction.Bid](h, "alice", "bid", "a1", "250") // replaces her first
	for who, want := range map[string]uint64{"alice": 250, "bob": 300, "carol": 200} {
		if got := do[auction.Bid](h, who, "mybid", "a1"); got.Amount != want || got.Bidder.Name != who {
			t.Errorf("%s sees %+v, want the own bid of %d", who, got, want)
		}
	}
	if closed := do[auction.Auction](h, "auctioneer", "close", "a1"); !closed.Closed {
		t.Errorf("after close: %+v, want closed", closed)
	}
	for who := range h.people {
		result := do[auction.Result](h, who, "reveal", "a1")
		if result.Winner == nil || result.Winner.Name != "bob" || result.Amount != 300 || result.Item != "a painting" {
			t.Errorf("%s sees %+v, want bob with 300", who, result)
		}
	}
	if got := do[auction.Auction](h, "carol", "status", "a1"); !got.Closed {
		t.Errorf("status %+v, want closed", got)
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "open", "x")
	do[auction.Auction](h, "auctioneer", "create", "closed", "x")
	do[auction.Bid](h, "alice", "bid", "closed", "5")
	do[auction.Auction](h, "auctioneer", "close", "closed")
	for _, test := range []struct {
		status int32
		who    string
		args   []string
		says   string
	}{
		{400, "alice", nil, "unknown function"},
		{400, "alice", []string{"steal", "open"}, "unknown function"},
		{400, "alice", []string{"bid", "open"}, "takes 2 arguments"},
		{400, "alice", []string{"create", "no spaces", "x"}, "1 to 64 letters"},
		{400, "alice", []string{"create", strings.Repeat("a", 65), "x"}, "1 to 64 letters"},
		{400, "alice", []string{"create", "new", ""}, "description"},
		{400, "alice", []string{"create", "new", strings.Repeat("x", 1025)}, "description"},
		{409, "alice", []string{"create", "open", "mine"}, "exists already"},
		{404, "alice", []string{"bid", "missing", "1"}, "does not exist"},
		{403, "auctioneer", []string{"bid", "open", "1"}, "auctioneer does not bid"},
		{409, "bob", []string{"bid", "closed", "9"}, "is closed"},
		{404, "alice", []string{"mybid", "open"}, "you have no bid"},
		{403, "alice", []string{"close", "open"}, "only its auctioneer"},
		{409, "auctioneer", []string{"close", "closed"}, "closed already"},
		{409, "auctioneer", []string{"reveal", "open"}, "still open"},
		{404, "alice", []string{"reveal", "missing"}, "does not exist"},
	} {
		if got := h.refused(test.status, test.who, test.args...); !strings.Contains(got, test.says) {
			t.Errorf("%s %q: %q, want %q", test.who, test.args, got, test.says)
		}
	}
	if result := h.cc.Submit(shimtest.Tx{Creator: []byte("nobody"), Args: shimtest.Args("status", "open")}); result.OK() {
		t.Error("an unreadable creator was served")
	}
}

func TestAmounts(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "a1", "x")
	for _, amount := range []string{"", "0", "-5", "+5", "05", "5.0", "1e3", " 5", "18446744073709551616", "4711x"} {
		if got := h.refused(400, "alice", "bid", "a1", amount); amount != "" && amount != "0" && strings.Contains(got, amount) {
			t.Errorf("the refusal of %q repeats it: %q", amount, got)
		}
	}
	if got := do[auction.Bid](h, "alice", "bid", "a1", "18446744073709551615"); got.Amount != 1<<64-1 {
		t.Errorf("largest bid: %d", got.Amount)
	}
}

// TestNothingLeaksWhileOpen: what anybody but the bidder is told does not depend
// on a bid, whatever is called; close tells nothing either.
func TestNothingLeaksWhileOpen(t *testing.T) {
	h := newHouse(t)
	told := func(amount string) string {
		h.clear()
		do[auction.Auction](h, "auctioneer", "create", "a1", "x")
		do[auction.Bid](h, "alice", "bid", "a1", amount)
		var all strings.Builder
		for _, who := range []string{"auctioneer", "bob"} {
			for _, args := range [][]string{{"status", "a1"}, {"mybid", "a1"}, {"reveal", "a1"}, {"close", "a1"}, {"bid", "a1", "1"}} {
				r := h.cc.Evaluate(h.tx(who, args...)).Response
				fmt.Fprintln(&all, who, args, r.GetStatus(), r.GetMessage(), string(r.GetPayload()))
			}
		}
		return all.String()
	}
	if low, high := told("7"), told("8880888"); low != high {
		t.Errorf("others are told, with a bid of 7:\n%swith a bid of 8880888:\n%swant the same", low, high)
	}
}

func TestOnlyTheWinningBidIsRevealed(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "a1", "x")
	for who, amount := range map[string]string{"alice": "111222", "bob": "999888"} {
		tx := h.tx(who, "bid", "a1", amount)
		tx.Transient = map[string][]byte{"note": []byte("note of " + who)}
		answer[auction.Bid](h, h.cc.Submit(tx))
	}
	do[auction.Auction](h, "auctioneer", "close", "a1")
	for who := range h.people {
		payload := string(h.cc.Evaluate(h.tx(who, "reveal", "a1")).Response.GetPayload())
		if strings.Contains(payload, "111222") || strings.Contains(payload, "alice") {
			t.Errorf("%s was told the losing bid: %s", who, payload)
		}
		want := who == "auctioneer" || who == "bob"
		if got := strings.Contains(payload, "note of bob"); got != want {
			t.Errorf("%s was told the winner's note: %v, want %v", who, got, want)
		}
	}
	if got := do[auction.Bid](h, "alice", "mybid", "a1"); got.Note != "note of alice" {
		t.Errorf("alice's own bid after close: %+v", got)
	}
	long := h.tx("carol", "bid", "a1", "1")
	long.Transient = map[string][]byte{"note": make([]byte, 2000)}
	if h.cc.Submit(long).OK() {
		t.Error("a note of 2000 bytes was taken")
	}
}

func TestNobodyBids(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "a1", "x")
	do[auction.Auction](h, "auctioneer", "close", "a1")
	if got := do[auction.Result](h, "alice", "reveal", "a1"); got.Winner != nil || got.Amount != 0 {
		t.Errorf("result %+v, want no winner", got)
	}
}

// TestLateBid: a bid that was endorsed while the auction was open does not
// commit after its close.
func TestLateBid(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "a1", "x")
	late := h.cc.Simulate(h.tx("alice", "bid", "a1", "5"))
	do[auction.Auction](h, "auctioneer", "close", "a1")
	if err := late.Commit(); !errors.Is(err, shimtest.ErrConflict) {
		t.Errorf("late bid: %v, want %v", err, shimtest.ErrConflict)
	}
}

// TestBidsDoNotConflict: bidders do not get into each other's way.
func TestBidsDoNotConflict(t *testing.T) {
	h := newHouse(t)
	do[auction.Auction](h, "auctioneer", "create", "a1", "x")
	alice, bob := h.cc.Simulate(h.tx("alice", "bid", "a1", "5")), h.cc.Simulate(h.tx("bob", "bid", "a1", "6"))
	if err := errors.Join(alice.Commit(), bob.Commit()); err != nil {
		t.Error(err)
	}
}

func TestEvents(t *testing.T) {
	h := newHouse(t)
	for _, step := range []struct {
		who   string
		args  []string
		event string
	}{
		{"auctioneer", []string{"create", "a1", "x"}, "created"},
		{"alice", []string{"bid", "a1", "424242"}, "bid"},
		{"alice", []string{"mybid", "a1"}, ""},
		{"auctioneer", []string{"close", "a1"}, "closed"},
		{"alice", []string{"reveal", "a1"}, ""},
	} {
		result := h.cc.Submit(h.tx(step.who, step.args...))
		if got := result.Event.GetEventName(); got != step.event {
			t.Errorf("%q: event %q, want %q", step.args, got, step.event)
		}
		if strings.Contains(string(result.Event.GetPayload()), "424242") {
			t.Errorf("%q: the event tells the bid: %s", step.args, result.Event.GetPayload())
		}
	}
}
