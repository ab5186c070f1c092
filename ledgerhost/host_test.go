// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

func TestFollows(t *testing.T) {
	e, p := newFake(), newPeer(10)
	p.breakAt = 6
	c := config(t, e, p)
	c.CheckpointBlocks = 4
	var seen atomic.Uint64
	c.Progress = func(now Progress) {
		if now.Height > now.Peer {
			t.Errorf("progress: %d blocks of %d", now.Height, now.Peer)
		}
		seen.Store(now.Height)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	end := start(t, h)
	awaitHeight(t, h, 10)
	p.grow(12)
	awaitHeight(t, h, 12)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{1, 6}; !slices.Equal(p.asked, want) {
		t.Errorf("streams began at %d, want %d", p.asked, want)
	}
	if got := e.count(methodCheckpoint); got != 3 { // after 4 and 8 blocks, and at the end
		t.Errorf("checkpoints: got %d, want 3", got)
	}
	if seen.Load() != 12 {
		t.Errorf("progress: told of height %d last, want 12", seen.Load())
	}
	// The next one goes on from there.
	again := newFake()
	c.Start = func(context.Context, [32]byte, *os.File) (Enclave, error) { return again, nil }
	again.resumed = e.resumed
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open(t, c)
	start(t, h)
	awaitHeight(t, h, 12)
	if again.count(methodJoin) != 0 || again.count(methodResume) != 1 {
		t.Errorf("the next start: got calls %q, want it resumed", again.calls)
	}
}

// A peer is not asked for blocks faster than they are judged.
func TestBackPressure(t *testing.T) {
	e, p := newFake(), newPeer(1000)
	e.held = make(chan struct{})
	h := open(t, config(t, e, p))
	start(t, h)
	full := time.After(time.Minute)
	for given := uint64(0); given < ahead; {
		p.mu.Lock()
		given = p.given
		p.mu.Unlock()
		select {
		case <-time.After(time.Millisecond):
		case <-full:
			t.Fatalf("%d blocks were fetched, want %d", given, ahead)
		}
	}
	p.mu.Lock()
	given := p.given
	p.mu.Unlock()
	if given > ahead+2 { // one at the ledger enclave, one on its way
		t.Errorf("%d blocks were fetched while none was taken, want at most %d", given, ahead+2)
	}
	close(e.held)
	awaitHeight(t, h, 1000)
}

// A block that is refused is fetched again: the peer may have lied once.
func TestRefusedBlockIsFetchedAgain(t *testing.T) {
	e, p := newFake(), newPeer(8)
	var refused atomic.Int32
	e.refuse = func(n uint64) *transport.Failure {
		if n == 5 && refused.Add(1) <= 3 {
			return &transport.Failure{Step: step, Code: "bad_block_signature", Reason: "not signed"}
		}
		return nil
	}
	h := open(t, config(t, e, p))
	start(t, h)
	awaitHeight(t, h, 8)
	if refused.Load() != 4 || e.count(methodJoin) != 1 {
		t.Errorf("block 5 came %d times to %d ledger enclaves, want 4 times to one", refused.Load(), e.count(methodJoin))
	}
	if err := h.Health(); err != nil {
		t.Errorf("health: got %v", err)
	}
}

// A ledger enclave that takes no further block answers at its last good one, and
// the host says what is wrong.
func TestStoppedLedgerEnclaveIsNotAskedToGoOn(t *testing.T) {
	e, p := newFake(), newPeer(8)
	e.refuse = func(n uint64) *transport.Failure {
		if n < 5 {
			return nil
		}
		e.stopped = &fpc.Failure{Code: "unknown_capability"}
		return &transport.Failure{Step: step, Code: "unknown_capability", Reason: "V9_9"}
	}
	h := open(t, config(t, e, p))
	end := start(t, h)
	awaitHeight(t, h, 5)
	limit := time.After(time.Minute)
	for !errors.Is(h.Health(), errStopped) {
		select {
		case <-time.After(time.Millisecond):
		case <-limit:
			t.Fatalf("health: got %v, want %v", h.Health(), errStopped)
		}
	}
	var refused *RefusedError
	if err := h.Health(); !errors.As(err, &refused) || refused.Block != 5 || protocol.CodeOf(err) != "unknown_capability" {
		t.Errorf("health: got %v, want block 5 refused with unknown_capability", err)
	}
	answer, err := h.handle(t.Context(), &transport.Call{Method: MethodAsk, Request: []byte("frame")})
	if err != nil {
		t.Fatal(err)
	}
	sameBytes(t, "answer of a stopped ledger enclave", answer, []byte("frame"))
	if err := end(); err != nil {
		t.Errorf("end: got %v", err)
	}
	if got := e.count(methodNextBlock); got != 5 {
		t.Errorf("blocks brought: got %d, want 5", got)
	}
}

// A ledger enclave that ends is started anew; one that does not start is not.
func TestLedgerEnclaveIsStartedAnew(t *testing.T) {
	p := newPeer(5)
	var started []*fakeLedger
	c := config(t, newFake(), p)
	c.CheckpointBlocks = 1
	running := make(chan *fakeLedger, 3)
	resumed := &fpc.ResumeResponse{ChannelHash: genesisHash(t), StateDatabase: "leveldb", Registry: protocol.ERCCName}
	c.Start = func(context.Context, [32]byte, *os.File) (Enclave, error) {
		if len(started) == 2 {
			return nil, errors.New("no such file")
		}
		e := newFake()
		e.resumed = resumed
		started = append(started, e)
		running <- e
		return e, nil
	}
	h := open(t, c)
	ended := make(chan error, 1)
	go func() { ended <- h.Run(t.Context()) }()
	first := <-running
	awaitHeight(t, h, 5)
	_ = first.Stop()
	second := <-running
	p.grow(7)
	awaitHeight(t, h, 7)
	if second.count(methodJoin) != 0 {
		t.Error("the second ledger enclave began at the first block, want the checkpoint")
	}
	_ = second.Stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a ledger enclave that does not start: got %v", err)
	}
}

func TestCheckpointOfSomethingElse(t *testing.T) {
	for name, change := range map[string]func(*fpc.ResumeResponse){
		"channel":        func(r *fpc.ResumeResponse) { r.ChannelHash = make([]byte, 32) },
		"state database": func(r *fpc.ResumeResponse) { r.StateDatabase = "couchdb" },
		"registry":       func(r *fpc.ResumeResponse) { r.Registry = "other" },
	} {
		e := newFake()
		c := config(t, e, newPeer(5))
		change(e.resumed)
		h := open(t, c)
		if err := h.store.save(func() ([]byte, bool, error) { return []byte{3}, true, nil }); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := h.Run(ctx); protocol.CodeOf(err) != CodeForeignCheckpoint {
			t.Errorf("a checkpoint of another %s: got %v, want code %s", name, err, CodeForeignCheckpoint)
		}
		cancel()
	}
}

func TestFolderHasOneHost(t *testing.T) {
	c := config(t, newFake(), newPeer(1))
	open(t, c)
	c.Socket += "2"
	if _, err := New(c); !errors.Is(err, ErrInUse) {
		t.Errorf("a second host: got %v, want %v", err, ErrInUse)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no source":         func(c *Config) { c.Source = nil },
		"no start":          func(c *Config) { c.Start = nil },
		"no folder":         func(c *Config) { c.Dir = "" },
		"no socket":         func(c *Config) { c.Socket = "" },
		"no genesis":        func(c *Config) { c.Genesis = nil },
		"garbage genesis":   func(c *Config) { c.Genesis = []byte("genesis") },
		"a socket too long": func(c *Config) { c.Socket = filepath.Join(c.Dir, strings.Repeat("s", 110)) },
	} {
		c := config(t, newFake(), newPeer(1))
		change(&c)
		if h, err := New(c); err == nil {
			t.Errorf("%s: got a host", name)
			_ = h.Close()
		}
		if c.Dir != "" {
			_ = os.RemoveAll(c.Dir)
		}
	}
}
