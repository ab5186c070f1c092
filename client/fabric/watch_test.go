// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func wantStatus(t *testing.T, w *Watcher, want Status) {
	t.Helper()
	got, err := w.Wait()
	if err != nil || got != want {
		t.Errorf("Wait = %+v, %v, want %+v", got, err, want)
	}
}

// wantNotCommitted wants a NotCommittedError that says why nothing is known.
func wantNotCommitted[E error](t *testing.T, w *Watcher) {
	t.Helper()
	_, err := w.Wait()
	var uncertain *NotCommittedError
	var reason E
	if !errors.As(err, &uncertain) || uncertain.TxID != w.txID || !errors.As(err, &reason) {
		t.Errorf("Wait: got error %v, want a NotCommittedError about %s because of a %T", err, w.txID, reason)
	}
}

// pending returns how many watches wait at a peer.
func pending(p *Peer) int {
	p.followers.mu.Lock()
	defer p.followers.mu.Unlock()
	n := 0
	for _, f := range p.followers.open {
		n += len(f.waiting)
	}
	return n
}

// However many clients wait, and whenever they come, nobody misses a commit, and
// one stream serves all.
func TestWatchesShareOneStream(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	const clients, each = 64, 20
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for i := range each {
				id := fmt.Sprintf("tx%d.%d", client, i)
				w, err := p.Watch(t.Context(), "mychannel", id, signer("ann"), time.Now())
				if err != nil {
					t.Errorf("Watch: %v", err)
					return
				}
				c.commit("another", id)
				status, err := w.Wait()
				w.Close()
				if err != nil || status.TxID != id || status.Code != peer.TxValidationCode_VALID {
					t.Errorf("Wait for %s = %+v, %v", id, status, err)
				}
			}
		})
	}
	running.Wait()
	if c.opened != 1 {
		t.Errorf("%d streams were opened, want 1", c.opened)
	}
	if n := pending(p); n != 0 {
		t.Errorf("%d watches are left, want none", n)
	}
}

// A peer may show one identity what it hides from another.
func TestIdentitiesAndChannelsHaveTheirOwnStreams(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	for _, who := range []struct{ channel, name string }{{"mychannel", "ann"}, {"mychannel", "bob"}, {"other", "ann"}, {"mychannel", "ann"}} {
		w, err := p.Watch(t.Context(), who.channel, "tx", signer(who.name), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
	}
	if c.opened != 3 {
		t.Errorf("%d streams were opened, want 3", c.opened)
	}
}

func TestStatusInBlock(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	early, invalid, duplicate := c.watch(p, "early"), c.watch(p, "invalid"), c.watch(p, "duplicate")
	again := c.watch(p, "duplicate") // two may wait for one transaction
	c.commit("early")
	wantStatus(t, early, Status{TxID: "early", Block: 1})
	c.change(func() {
		c.blocks = append(c.blocks, &peer.FilteredBlock{Number: 2, FilteredTransactions: []*peer.FilteredTransaction{
			{Txid: "invalid", TxValidationCode: peer.TxValidationCode_MVCC_READ_CONFLICT},
			{Txid: "duplicate", TxValidationCode: peer.TxValidationCode_VALID},
			{Txid: "duplicate", TxValidationCode: peer.TxValidationCode_DUPLICATE_TXID},
		}})
	})
	wantStatus(t, invalid, Status{TxID: "invalid", Code: peer.TxValidationCode_MVCC_READ_CONFLICT, Block: 2})
	wantStatus(t, duplicate, Status{TxID: "duplicate", Block: 2})
	wantStatus(t, again, Status{TxID: "duplicate", Block: 2})
	wantStatus(t, c.watch(p, "invalid"), Status{TxID: "invalid", Code: peer.TxValidationCode_MVCC_READ_CONFLICT, Block: 2})
}

// What is committed while the connection is broken is not missed.
func TestWatchOutlivesItsConnection(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	before := c.watch(p, "before")
	c.server.Stop()
	c.await("the stream's end", func() bool { return c.running == 0 })
	c.commit("unrelated")
	c.commit("before")
	c.commit("unrelated too")
	c.serve(c.address)
	wantStatus(t, before, Status{TxID: "before", Block: 2})
	after := c.watch(p, "after")
	c.commit("after")
	wantStatus(t, after, Status{TxID: "after", Block: 4})
	if c.opened != 2 {
		t.Errorf("%d streams were opened, want 2", c.opened)
	}
}

func TestWatchGivesUp(t *testing.T) {
	t.Run("nobody there", func(t *testing.T) {
		c := newChain(t)
		c.server.Stop()
		_, err := c.dial().Watch(t.Context(), "mychannel", "tx", signer("ann"), time.Now())
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) {
			t.Errorf("Watch: got error %v, want an UnreachableError", err)
		}
	})
	t.Run("away for too long", func(t *testing.T) {
		c := newChain(t)
		p := c.dial()
		p.followers.pace.reconnected = time.Millisecond
		w := c.watch(p, "tx")
		c.server.Stop()
		wantNotCommitted[*UnreachableError](t, w)
	})
	t.Run("refused from the beginning", func(t *testing.T) {
		c := newChain(t)
		c.change(func() { c.status = common.Status_FORBIDDEN })
		_, err := c.dial().Watch(t.Context(), "mychannel", "tx", signer("ann"), time.Now())
		var rejected *RejectedError
		if !errors.As(err, &rejected) || rejected.Status != int32(common.Status_FORBIDDEN) {
			t.Errorf("Watch: got error %v, want a RejectedError FORBIDDEN", err)
		}
	})
	t.Run("refused later", func(t *testing.T) {
		c := newChain(t)
		p := c.dial()
		w := c.watch(p, "tx")
		c.change(func() { c.status = common.Status_FORBIDDEN })
		wantNotCommitted[*RejectedError](t, w)
		c.change(func() { c.status = common.Status_UNKNOWN })
		w = c.watch(p, "tx") // a new stream
		c.commit("tx")
		wantStatus(t, w, Status{TxID: "tx", Block: 1})
	})
	t.Run("a block left out", func(t *testing.T) {
		c := newChain(t)
		w := c.watch(c.dial(), "tx")
		c.change(func() { c.skip = true })
		c.commit("tx")
		c.commit("another")
		wantNotCommitted[*RejectedError](t, w)
	})
	t.Run("client closed", func(t *testing.T) {
		c := newChain(t)
		p := c.dial()
		w := c.watch(p, "tx")
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		wantNotCommitted[*UnreachableError](t, w)
		if _, err := p.Watch(t.Context(), "mychannel", "tx", signer("ann"), time.Now()); err == nil {
			t.Error("Watch on a closed connection succeeded")
		}
	})
	t.Run("no channel", func(t *testing.T) {
		_, err := newChain(t).dial().Watch(t.Context(), "", "tx", signer("ann"), time.Now())
		if !errors.Is(err, errNoChannel) {
			t.Errorf("Watch: got error %v, want %v", err, errNoChannel)
		}
	})
}

// The peer's trouble is not the end, if it passes.
func TestWatchBearsAnUnavailablePeer(t *testing.T) {
	c := newChain(t)
	w := c.watch(c.dial(), "tx")
	c.change(func() { c.status = common.Status_SERVICE_UNAVAILABLE })
	c.await("another attempt", func() bool { return c.opened > 1 })
	c.change(func() { c.status = common.Status_UNKNOWN })
	c.commit("tx")
	wantStatus(t, w, Status{TxID: "tx", Block: 1})
}

// Somebody else's transaction that a peer cannot take apart neither hides the
// others of its block nor keeps clients from watching.
func TestWatchReadsBlocksThatPeersCannotFilter(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	before := c.watch(p, "before")
	c.commitSpoilt("other", "before")
	wantStatus(t, before, Status{TxID: "before", Block: 1})
	after := c.watch(p, "after")
	c.commit("after")
	wantStatus(t, after, Status{TxID: "after", Block: 2})
	c.commitSpoilt()
	another := c.dial() // begins at such a block
	w := c.watch(another, "later")
	c.commit("later")
	wantStatus(t, w, Status{TxID: "later", Block: 4})
}

func TestWatchEndsWithItsContext(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	other := c.watch(p, "other")
	ctx, cancel := context.WithCancelCause(t.Context())
	w, err := p.Watch(ctx, "mychannel", "tx", signer("ann"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	reason := errors.New("enough waited")
	cancel(reason)
	if _, err := w.Wait(); !errors.Is(err, reason) {
		t.Errorf("Wait: got error %v, want %v in it", err, reason)
	}
	if n := pending(p); n != 1 {
		t.Errorf("%d watches are left, want 1", n)
	}
	c.commit("other")
	wantStatus(t, other, Status{TxID: "other", Block: 1})
}

// Nothing stays open for nobody.
func TestIdleStreamEnds(t *testing.T) {
	c := newChain(t)
	p := c.dial()
	p.followers.pace.linger = time.Millisecond
	w := c.watch(p, "tx")
	c.commit("tx")
	wantStatus(t, w, Status{TxID: "tx", Block: 1})
	c.await("the stream's end", func() bool { return c.running == 0 })
	w = c.watch(p, "next")
	c.commit("next")
	wantStatus(t, w, Status{TxID: "next", Block: 2})
	closed := c.watch(p, "closed")
	closed.Close()
	closed.Close()
	wantNotCommitted[*UnreachableError](t, closed)
	c.await("the stream's end", func() bool { return c.running == 0 })
}
