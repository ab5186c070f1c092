// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/samples/auction"
)

// bidding is an auction in Lite: an item, and two bids, all committed.
type bidding struct {
	*enclavetest.World
	auctioneer, low, high *fpctest.Member
	host                  *enclavetest.Host // shows what is committed
	highest               string            // key of the higher bid
}

func newBidding(t *testing.T) *bidding {
	w := enclavetest.New(t).Start(auction.Chaincode{})
	b := &bidding{World: w, auctioneer: w.Org1.Client("auctioneer"), low: w.Org1.Client("low"), high: w.Org2.Client("high"), host: enclavetest.NewHost()}
	b.run(b.auctioneer, b.host, "create", "a1", "a painting")
	b.run(b.low, b.host, "bid", "a1", "100")
	b.highest = b.run(b.high, b.host, "bid", "a1", "4200")
	return b
}

// run executes a call and applies what it writes to one host's state: that of all,
// or one that nobody else has. It returns the key that was written.
func (b *bidding) run(by *fpctest.Member, host *enclavetest.Host, args ...string) string {
	b.T.Helper()
	a := b.Ask(by, args...).MustSend(host)
	if !a.Result {
		b.T.Fatalf("%v: got status %d, %q, want a result", args, a.Clear.GetStatus(), a.Clear.GetMessage())
	}
	host.Commit(a)
	return a.Response.GetRwset().GetWrites()[0].GetKey()
}

// stillOpen asserts that the committed state says so, and reveals nothing.
func (b *bidding) stillOpen() {
	b.T.Helper()
	a := b.Ask(b.auctioneer, "reveal", "a1").MustSend(b.host)
	if a.Result || a.Clear.GetStatus() != 409 || !strings.Contains(a.Clear.GetMessage(), "still open") {
		b.T.Errorf("reveal on the committed state: got status %d, %q, want 409, still open", a.Clear.GetStatus(), a.Clear.GetMessage())
	}
}

func amount(t *testing.T, payload []byte) uint64 {
	t.Helper()
	var r auction.Result
	if err := json.Unmarshal(payload, &r); err != nil {
		t.Fatalf("the answer of reveal, %q: %v", payload, err)
	}
	return r.Amount
}

// Row 5: the auctioneer's host keeps what close would write, commits nothing, and
// asks on that. Lite documents it: the bids are known while bidding goes on.
func TestAttack05StateThatNobodyCommitted(t *testing.T) {
	b := newBidding(t)
	b.stillOpen()
	closing := b.Ask(b.auctioneer, "close", "a1").MustSend(b.host)
	fork := closing.Response.GetRwset().GetWrites()[0]
	b.host.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
		for i, key := range req.GetGet().GetKeys() {
			if key == fork.GetKey() {
				resp.Values[i] = fork.GetValue()
			}
		}
		return nil
	}
	a := b.Ask(b.auctioneer, "reveal", "a1").MustSend(b.host)
	if got := amount(t, a.Clear.GetPayload()); got != 4200 {
		t.Errorf("reveal on a state that nobody committed: got amount %d, want 4200, which the documentation warns of", got)
	}
	b.host.Lie = nil
	b.stillOpen()
	b.run(b.low, b.host, "bid", "a1", "4201")
}

// Row 4: after a genuine close, the host hides the winner's bid from a query. Lite
// documents it: another bid is answered as the winning one.
func TestAttack04HiddenBid(t *testing.T) {
	b := newBidding(t)
	b.run(b.auctioneer, b.host, "close", "a1")
	b.host.Lie = func(_ *fpc.StateRequest, resp *fpc.StateResponse) error {
		resp.Rows = slices.DeleteFunc(slices.Clone(resp.Rows), func(row *fpc.Row) bool { return row.GetKey() == b.highest })
		return nil
	}
	a := b.Ask(b.auctioneer, "reveal", "a1").MustSend(b.host)
	if got := amount(t, a.Clear.GetPayload()); got != 100 {
		t.Errorf("reveal without the winner's row: got amount %d, want the losing 100, which the documentation warns of", got)
	}
	b.host.Lie = nil
	if got := amount(t, b.Ask(b.auctioneer, "reveal", "a1").MustSend(b.host).Clear.GetPayload()); got != 4200 {
		t.Errorf("reveal of the truth: got amount %d, want 4200", got)
	}
}

// fullBidding is the same auction in Full.
type fullBidding struct {
	*full.World
	auctioneer *fpctest.Member
	host       *full.Host
	highest    string
}

func newFullBidding(t *testing.T) *fullBidding {
	w := full.Start(t, auction.Chaincode{})
	b := &fullBidding{World: w, auctioneer: w.Client(1), host: w.Hosts[0]}
	b.submit(b.auctioneer, "create", "a1", "a painting")
	b.submit(w.Client(2), "bid", "a1", "100")
	b.highest = b.submit(w.Orgs[1].Client("high"), "bid", "a1", "4200")
	return b
}

func (b *fullBidding) ask(by *fpctest.Member, args ...string) *full.Call {
	return b.AskWith(by, full.Heights{}, &fpc.ClearRequest{Args: enclavetest.Args(args...)})
}

// submit commits a call, and returns the key that it wrote.
func (b *fullBidding) submit(by *fpctest.Member, args ...string) string {
	b.T.Helper()
	call := b.ask(by, args...)
	all := call.All()
	b.MustCommit(call.Transaction(all...))
	key, _ := b.wrote(all[0])
	return key
}

func (b *fullBidding) wrote(a *full.Answer) (key string, value []byte) {
	b.T.Helper()
	for _, ns := range set(b.T, a).Namespaces {
		for _, w := range ns.Writes {
			if ns.Name == full.Chaincode {
				return w.Key, w.Value
			}
		}
	}
	b.T.Fatal("nothing is written")
	return "", nil
}

// Row 5 in Full: sealed values that nobody committed are of no head.
func TestAttack05FullStateThatNobodyCommitted(t *testing.T) {
	b := newFullBidding(t)
	key, forked := b.wrote(b.ask(b.auctioneer, "close", "a1").MustSend(b.host))
	committed := b.host.Get(key)
	b.host.Put(key, forked)
	_, err := b.ask(b.auctioneer, "reveal", "a1").Send(b.host)
	wantCode(t, "reveal on a state that nobody committed", err, protocol.CodeStaleView)
	b.host.Put(key, committed)
	a, err := b.ask(b.auctioneer, "reveal", "a1").Send(b.host)
	if err != nil || a.Clear.GetStatus() != 409 {
		t.Errorf("reveal on the committed state: got status %d, error %v, want 409, still open", a.Clear.GetStatus(), err)
	}
}

// Row 4 in Full: a range without the winner's row is not that of the head.
func TestAttack04FullHiddenBid(t *testing.T) {
	b := newFullBidding(t)
	b.submit(b.auctioneer, "close", "a1")
	bid := b.host.Get(b.highest)
	b.host.Put(b.highest, nil)
	_, err := b.ask(b.auctioneer, "reveal", "a1").Send(b.host)
	wantCode(t, "reveal without the winner's row", err, protocol.CodeStaleView)
	b.host.Put(b.highest, bid)
	if got := amount(t, b.ask(b.auctioneer, "reveal", "a1").MustSend(b.host).Clear.GetPayload()); got != 4200 {
		t.Errorf("reveal of the truth: got amount %d, want 4200", got)
	}
}
