// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Source is where the channel's blocks come from: a peer. It can lie and
// withhold; the ledger enclave finds out about the first.
type Source interface {
	// Blocks hands out blocks from a number on, one at a time, until take fails
	// or the stream ends; it always returns an error.
	Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error
	// Height is the peer's present number of blocks.
	Height(ctx context.Context) (uint64, error)
}

// Meter measures a host. Its methods may be called by several goroutines.
type Meter interface {
	// Height tells how many blocks the ledger enclave has taken, and how many
	// the peer has.
	Height(own, peer uint64)
	// Took tells of a block that the ledger enclave took.
	Took(transactions, valid uint32)
	// Refused tells of a block that it refused.
	Refused(code string)
	// Checkpointed tells of a checkpoint that was stored.
	Checkpointed(bytes int, took time.Duration)
	// Started tells that a ledger enclave was started.
	Started()
}

type noMeter struct{}

func (noMeter) Height(uint64, uint64)           {}
func (noMeter) Took(uint32, uint32)             {}
func (noMeter) Refused(string)                  {}
func (noMeter) Checkpointed(int, time.Duration) {}
func (noMeter) Started()                        {}

// Defaults of [Config].
const (
	DefaultCheckpointBlocks = 1000
	DefaultCheckpointEvery  = time.Minute
)

// Config says what a host does. All fields but those with defaults are needed.
type Config struct {
	// Genesis is the channel's serialised genesis block, from a source that the
	// operator trusts: it says which channel this is.
	Genesis []byte
	// StateDatabase is the peers' kind: leveldb or couchdb.
	StateDatabase string
	// Registry is the name under which ERCC is defined; empty: protocol.ERCCName.
	Registry string
	// Dir is the folder for the checkpoint. It belongs to one channel and one
	// code of the ledger enclave.
	Dir string
	// Socket is the path of the socket for stubs; its ledger enclave's own one is
	// beside it.
	Socket string
	// Start launches a ledger enclave. stubs is the socket at which it listens to
	// them; it is closed when Start has returned. nil: there is none.
	Start func(ctx context.Context, secret [32]byte, stubs *os.File) (Enclave, error)
	// AttestationParams are the platform's parameters for sessions; nil: none.
	AttestationParams func() []byte
	Source            Source
	// A checkpoint is stored after so many blocks, or after so long if there was
	// a new block, and at the end.
	CheckpointBlocks uint64
	CheckpointEvery  time.Duration
	// AwaitLimit is how long the method await waits at most, as of each call; nil:
	// [AwaitLimit].
	AwaitLimit func() time.Duration
	// Progress is told how far the ledger enclave got; nil: nobody.
	Progress func(Progress)
	Meter    Meter          // nil: none
	Trace    trace.Recorder // nil: none
	Log      *slog.Logger   // nil: none
	// Process is the ledger enclave's name in the trace.
	Process string

	pause func(attempt int) time.Duration // between attempts; nil: the usual one
}

func (c *Config) fill() error {
	if c.Source == nil || c.Start == nil || c.Dir == "" || c.Socket == "" {
		return errors.New("ledgerhost: source, start, folder and socket are needed")
	}
	if c.Registry == "" {
		c.Registry = protocol.ERCCName
	}
	if c.CheckpointBlocks == 0 {
		c.CheckpointBlocks = DefaultCheckpointBlocks
	}
	if c.CheckpointEvery <= 0 {
		c.CheckpointEvery = DefaultCheckpointEvery
	}
	if c.AttestationParams == nil {
		c.AttestationParams = func() []byte { return nil }
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	if c.Trace == nil {
		c.Trace = trace.Nop
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.pause == nil {
		c.pause = pause
	}
	return nil
}

// Host hosts one ledger enclave after the other, until it is told to end.
type Host struct {
	config      Config
	channelHash []byte
	store       *store
	socket      *socket

	mu      sync.Mutex
	enclave Enclave // nil: none runs that can be asked
	head    *fpc.Head
	moved   chan struct{} // closed and replaced when head or enclave change
	peer    uint64        // blocks that the peer has, as far as is known
	problem error         // why blocks do not come, or are not taken; nil: they are
	stream  time.Time     // when the present stream of blocks began; zero: there is none
}

// New opens the state folder and the socket for stubs. Errors: [ErrInUse], those
// of the file system, and of a genesis block that is none.
func New(config Config) (*Host, error) {
	if err := config.fill(); err != nil {
		return nil, err
	}
	genesis := &common.Block{}
	if err := proto.Unmarshal(config.Genesis, genesis); err != nil {
		return nil, fmt.Errorf("the genesis block does not decode: %w", err)
	}
	hash, err := protocol.ChannelHash(genesis)
	if err != nil {
		return nil, err
	}
	h := &Host{config: config, channelHash: hash, moved: make(chan struct{})}
	if h.store, err = openStore(config.Dir); err != nil {
		return nil, err
	}
	if h.socket, err = h.listen(config.Socket); err != nil {
		return nil, errors.Join(err, h.store.close())
	}
	return h, nil
}

// Close closes the socket and gives the folder free. Run has returned before.
func (h *Host) Close() error { return errors.Join(h.socket.close(), h.store.close()) }

// Run hosts until ctx ends, with nil, or until something is wrong that another
// attempt will not mend: a checkpoint that is foreign or damaged, a ledger
// enclave that does not start. A ledger enclave that ends by itself is started
// anew.
func (h *Host) Run(ctx context.Context) error {
	secret, err := h.store.secret()
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		begun := time.Now()
		err := h.life(ctx, secret)
		switch {
		case ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err()) || errors.Is(err, ErrEnded)):
			return nil
		case !errors.Is(err, ErrEnded):
			return err
		}
		if time.Since(begun) > time.Minute {
			attempt = 0
		}
		h.config.Log.Error("the ledger enclave ended; it is started anew", "reason", err)
		if !sleep(ctx, h.config.pause(attempt)) {
			return nil
		}
	}
}

// life is one ledger enclave, from its start to its end.
func (h *Host) life(ctx context.Context, secret [32]byte) error {
	e, d, err := h.start(ctx, secret)
	if err != nil {
		return err
	}
	defer func() { _ = e.Stop() }() // always nil
	defer d.remove()
	h.config.Meter.Started()
	head, err := h.open(ctx, e)
	if err != nil {
		return err
	}
	h.config.Log.Info("the ledger enclave is up", "height", head.GetHeight(), "pid", e.PID())
	d.publish()
	h.set(e, head)
	defer h.set(nil, nil)
	return h.follow(ctx, e)
}

// set tells stubs which ledger enclave to ask, and its head.
func (h *Host) set(e Enclave, head *fpc.Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enclave, h.head = e, head
	h.peer = max(h.peer, head.GetHeight())
	close(h.moved)
	h.moved = make(chan struct{})
}

// state is the ledger enclave that can be asked and its head, nil and nil if
// there is none, and a channel that is closed when that changes.
func (h *Host) state() (Enclave, *fpc.Head, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.enclave, h.head, h.moved
}

// report sets why blocks do not come or are not taken; nil: they are.
func (h *Host) report(problem error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problem = problem
}

// streaming tells since when a stream of blocks stands; zero: there is none.
func (h *Host) streaming(since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stream = since
}

// Health says what is wrong, or nil: that there is no ledger enclave to ask, or
// why its view does not grow.
func (h *Host) Health() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.enclave == nil {
		return errors.New("the ledger enclave is starting")
	}
	return h.problem
}

// pause is how long to wait before an attempt: 100 ms, doubling, at most 10 s.
func pause(attempt int) time.Duration {
	return min(100*time.Millisecond<<min(attempt, 10), 10*time.Second)
}

// sleep waits; it tells whether ctx has not ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
