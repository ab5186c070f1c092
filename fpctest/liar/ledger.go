// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package liar

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/ledgerhost/hosttest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// LedgerLies are what a ledger enclave's host changes of what it tells it.
type LedgerLies struct {
	// Block is what the ledger enclave is shown in place of a block; nil: nothing,
	// and the next one follows. It may change the block in place.
	Block func(*common.Block) *common.Block
	// Frozen shows no further blocks.
	Frozen bool
	// Impatient tells enclaves that want to wait for a block at once that none came.
	Impatient bool
}

// Ledger is the host of one organisation's ledger enclave, in place of
// fpc-ledger-host. It is honest until told otherwise, but that it always turns the
// peer's verdicts round: a ledger enclave that believed them could agree with
// nothing.
type Ledger struct {
	t    testing.TB
	n    *deploy.Network
	org  int
	stub *transport.Host // as a stub reaches it

	mu      sync.Mutex
	answers map[uint64]*fpc.NextBlockResponse // to the blocks that it took, by number
	with    LedgerLies
	refused protocol.Code // the last refusal since the lies changed
	changed chan struct{} // closed and replaced when any of these does
}

var (
	_ ledgerhost.Source = (*Ledger)(nil)
	_ ledgerhost.Meter  = meter{}
)

// ServeLedger hosts an organisation's ledger enclave until the test ends. genesis
// is the block that it joins with.
func ServeLedger(ctx context.Context, t testing.TB, n *deploy.Network, org int, genesis *common.Block) *Ledger {
	t.Helper()
	l := &Ledger{t: t, n: n, org: org, answers: make(map[uint64]*fpc.NextBlockResponse), changed: make(chan struct{})}
	hosttest.Run(ctx, t, ledgerhost.Config{
		Genesis: l.encode(genesis), StateDatabase: "leveldb", Dir: t.TempDir(), Socket: n.LedgerSocket(org), Source: l, Meter: meter{of: l},
		AwaitLimit: l.awaitLimit, CheckpointBlocks: 300, // so that a long chain meets some
	}, n.Bin, func(p *launch.Process) ledgerhost.Enclave { return overheard{p, l} })
	conn, err := net.Dial("unix", n.LedgerSocket(org))
	if err != nil {
		t.Fatal(err)
	}
	l.stub = transport.NewHost(conn, transport.Limits{})
	t.Cleanup(func() { _ = l.stub.Close() })
	return l
}

func (l *Ledger) encode(m proto.Message) []byte {
	l.t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		l.t.Fatal(err)
	}
	return raw
}

// Lie changes the lies; the zero value makes the host honest.
func (l *Ledger) Lie(with LedgerLies) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.with, l.refused = with, ""
	l.tell()
}

// tell wakes whoever waits for a change. The caller holds the lock.
func (l *Ledger) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Ledger) now() (with LedgerLies, refused protocol.Code, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.with, l.refused, l.changed
}

// AwaitRefusal waits until the ledger enclave refuses a block, and answers with
// which code it refused the newest one since the lies changed.
func (l *Ledger) AwaitRefusal(ctx context.Context) protocol.Code {
	l.t.Helper()
	for {
		_, refused, changed := l.now()
		if refused != "" {
			return refused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			l.t.Fatalf("the ledger enclave of organisation %d refuses no block: %v", l.org+1, context.Cause(ctx))
		}
	}
}

// Await waits until the ledger enclave has a number of blocks, and answers its
// head.
func (l *Ledger) Await(ctx context.Context, height uint64) *fpc.Head {
	l.t.Helper()
	for {
		head := &fpc.Head{}
		err := l.call(ctx, ledgerhost.MethodAwait, &fpc.AwaitBlock{Above: height - 1}, head)
		if err == nil && head.GetHeight() >= height {
			return head
		}
		if ctx.Err() != nil || err != nil && protocol.CodeOf(err) != ledgerhost.CodeUnavailable {
			l.t.Fatalf("await height %d: the ledger enclave is at %d, error %v", height, head.GetHeight(), err)
		}
		status := &fpc.LedgerStatus{}
		if err := l.call(ctx, ledgerhost.MethodStatus, &fpc.LedgerStatusRequest{}, status); err == nil && status.GetStopped() != nil {
			l.t.Fatalf("await height %d: the ledger enclave stopped at %d: %v", height, status.GetHead().GetHeight(), status.GetStopped())
		}
	}
}

// Status is what the ledger enclave says of itself.
func (l *Ledger) Status(ctx context.Context) *fpc.LedgerStatus {
	l.t.Helper()
	s := &fpc.LedgerStatus{}
	if err := l.call(ctx, ledgerhost.MethodStatus, &fpc.LedgerStatusRequest{}, s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// Answer is what the ledger enclave said when it took a block; nil: it took none of
// that number.
func (l *Ledger) Answer(block uint64) *fpc.NextBlockResponse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers[block]
}

// Host is the ledger enclave's host as a stub reaches it.
func (l *Ledger) Host() *transport.Host { return l.stub }

func (l *Ledger) call(ctx context.Context, method string, request, into proto.Message) error {
	answer, err := l.stub.Call(ctx, method, l.encode(request), nil)
	if err != nil {
		return err
	}
	return proto.Unmarshal(answer, into)
}

func (l *Ledger) awaitLimit() time.Duration {
	if with, _, _ := l.now(); with.Impatient {
		return time.Millisecond
	}
	return ledgerhost.AwaitLimit
}

// Blocks implements ledgerhost.Source.
func (l *Ledger) Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error {
	return l.n.Peer(l.org).Blocks(ctx, l.n.Channel, from, l.n.Orgs[l.org].Client, time.Now(), func(b *common.Block) error {
		flags := b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
		for i := range flags {
			flags[i] ^= 0xff
		}
		with, _, changed := l.now()
		for with.Frozen {
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
			with, _, changed = l.now()
		}
		if with.Block != nil {
			b = with.Block(b)
		}
		if b == nil {
			return nil
		}
		return take(b)
	})
}

// Height implements ledgerhost.Source.
func (l *Ledger) Height(ctx context.Context) (uint64, error) {
	info, err := l.n.At(l.org, l.n.Orgs[l.org].Client).Info(ctx)
	return info.GetHeight(), err
}

// overheard is the ledger enclave, whose answers its host keeps.
type overheard struct {
	*launch.Process
	by *Ledger
}

// Call implements ledgerhost.Enclave.
func (o overheard) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	raw, err := o.Process.Call(ctx, method, request, serve)
	if err != nil || method != "next_block" {
		return raw, err
	}
	answer := &fpc.NextBlockResponse{}
	if err := proto.Unmarshal(raw, answer); err != nil {
		return nil, err
	}
	o.by.mu.Lock()
	defer o.by.mu.Unlock()
	o.by.answers[answer.GetHead().GetHeight()-1] = answer
	return raw, nil
}

// meter hears of refusals.
type meter struct{ of *Ledger }

// Refused implements ledgerhost.Meter.
func (m meter) Refused(code string) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	m.of.refused = protocol.Code(code)
	m.of.tell()
}

// Height, and the methods below, implement the rest of ledgerhost.Meter.
func (meter) Height(uint64, uint64)           {}
func (meter) Took(uint32, uint32)             {}
func (meter) Checkpointed(int, time.Duration) {}
func (meter) Started()                        {}
