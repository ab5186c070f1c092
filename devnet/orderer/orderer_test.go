// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	ab "github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// limits are small, so that tests reach them.
var limits = channel.Batch{MaxMessages: 2, AbsoluteMaxBytes: 1 << 20, PreferredMaxBytes: 64 << 10, Timeout: time.Hour}

// timers hands the batch timers to the test: nothing expires by itself.
type timers struct{ started chan chan time.Time }

func (f timers) start(time.Duration) (<-chan time.Time, func() bool) {
	c := make(chan time.Time, 1)
	f.started <- c
	return c, func() bool { return true }
}

// bench is an orderer behind real gRPC.
type bench struct {
	*devtest.Channel
	orderer *Orderer
	timers  timers
	client  rpc.AtomicBroadcastClient
}

func newBench(t *testing.T, ch *devtest.Channel, store kv.Store, change func(*Config)) *bench {
	t.Helper()
	b := &bench{Channel: ch, timers: timers{started: make(chan chan time.Time, 100)}}
	cfg := Config{Store: store, Signer: ch.Orderer.Orderer(), Timer: b.timers.start}
	if change != nil {
		change(&cfg)
	}
	b.orderer = New(cfg)
	if err := b.orderer.Join(ch.Genesis); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.WaitForHandlers(true))
	b.orderer.Register(s)
	go s.Serve(l)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	b.client = rpc.NewAtomicBroadcastClient(conn)
	t.Cleanup(func() {
		conn.Close()
		s.Stop()
		b.orderer.Close()
	})
	return b
}

// start makes a fresh channel and its orderer.
func start(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	store := kv.NewMemory()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return newBench(t, devtest.NewChannel(t, "mychannel", 2, limits), store, change)
}

// broadcast sends messages on one stream and returns the answers.
func (b *bench) broadcast(t *testing.T, messages ...*common.Envelope) []*ab.BroadcastResponse {
	t.Helper()
	stream, err := b.client.Broadcast(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []*ab.BroadcastResponse
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
		r, err := stream.Recv()
		if err != nil {
			t.Fatalf("answer %d: %v", len(out), err)
		}
		out = append(out, r)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (b *bench) mustOrder(t *testing.T, messages ...*common.Envelope) {
	t.Helper()
	for i, r := range b.broadcast(t, messages...) {
		if r.Status != common.Status_SUCCESS {
			t.Fatalf("message %d: got %v (%s), want SUCCESS", i, r.Status, r.Info)
		}
	}
}

// message is something to order; its data is nothing that the orderer knows.
func (b *bench) message(t *testing.T, size int) *common.Envelope {
	t.Helper()
	return devtest.Signed(t, common.HeaderType_ENDORSER_TRANSACTION, b.ID,
		&peer.Response{Payload: make([]byte, size)}, b.Orgs[0].Client())
}

// block waits for a block and returns it.
func (b *bench) block(t *testing.T, n uint64) *common.Block {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := b.orderer.chain(b.ID)
	if err := c.WaitHeight(ctx, n+1); err != nil {
		t.Fatalf("waiting for block %d at height %d: %v", n, c.Height(), err)
	}
	out, err := c.Block(n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func batchSize(count uint32) *ab.BatchSize {
	return &ab.BatchSize{
		MaxMessageCount: count, AbsoluteMaxBytes: limits.AbsoluteMaxBytes, PreferredMaxBytes: limits.PreferredMaxBytes,
	}
}
