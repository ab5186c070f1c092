// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// genesis is a block that begins a channel, as far as a host looks.
func genesis() *common.Block {
	data := &common.BlockData{Data: [][]byte{[]byte("configuration")}}
	return &common.Block{Header: &common.BlockHeader{DataHash: block.DataHash(data)}, Data: data, Metadata: &common.BlockMetadata{}}
}

func genesisHash(t testing.TB) []byte {
	t.Helper()
	hash, err := protocol.ChannelHash(genesis())
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// fakeLedger answers like a ledger enclave that believes everything, but for what
// a test says.
type fakeLedger struct {
	mu      sync.Mutex
	height  uint64
	stopped *fpc.Failure
	calls   []string
	refuse  func(number uint64) *transport.Failure // nil: none
	held    chan struct{}                          // while open, blocks are not taken; nil: none
	resumed *fpc.ResumeResponse
	done    chan struct{}
	end     sync.Once
}

func newFake() *fakeLedger { return &fakeLedger{done: make(chan struct{})} }

func (f *fakeLedger) Done() <-chan struct{} { return f.done }
func (f *fakeLedger) Err() error            { return errors.New("killed") }
func (f *fakeLedger) PID() int              { return 1 }

func (f *fakeLedger) Stop() error {
	f.end.Do(func() { close(f.done) })
	return nil
}

func (f *fakeLedger) Call(ctx context.Context, method string, request []byte, _ func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if f.held != nil && method == methodNextBlock {
		select {
		case <-f.held:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
		return nil, transport.ErrClosed
	default:
	}
	f.calls = append(f.calls, method)
	switch method {
	case methodJoin:
		f.height = 1
		return proto.Marshal(&fpc.JoinResponse{Head: f.head()})
	case methodResume:
		return f.resume(request)
	case methodNextBlock:
		return f.next(request)
	case methodCheckpoint:
		return proto.Marshal(&fpc.CheckpointResponse{Checkpoint: []byte{byte(f.height)}, Last: true, Head: f.head()})
	case MethodStatus:
		return proto.Marshal(&fpc.LedgerStatus{Joined: true, Head: f.head(), Stopped: f.stopped})
	}
	return request, nil // session and ask
}

func (f *fakeLedger) head() *fpc.Head { return &fpc.Head{Height: f.height} }

func (f *fakeLedger) resume(request []byte) ([]byte, error) {
	m := &fpc.ResumeRequest{}
	if err := proto.Unmarshal(request, m); err != nil {
		return nil, err
	}
	f.height = uint64(m.GetCheckpoint()[0])
	r := proto.CloneOf(f.resumed)
	r.Head = f.head()
	return proto.Marshal(r)
}

func (f *fakeLedger) next(request []byte) ([]byte, error) {
	m, b := &fpc.NextBlockRequest{}, &common.Block{}
	if err := errors.Join(proto.Unmarshal(request, m), proto.Unmarshal(m.GetBlock(), b)); err != nil {
		return nil, err
	}
	n := b.GetHeader().GetNumber()
	if n != f.height {
		return nil, &transport.Failure{Step: step, Code: "wrong_number", Reason: "another block is due"}
	}
	if f.refuse != nil {
		if failure := f.refuse(n); failure != nil {
			return nil, failure
		}
	}
	f.height++
	return proto.Marshal(&fpc.NextBlockResponse{Head: f.head(), Transactions: 1, Valid: 1})
}

func (f *fakeLedger) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, m := range f.calls {
		if m == method {
			n++
		}
	}
	return n
}

// fakePeer hands out blocks up to a height.
type fakePeer struct {
	mu      sync.Mutex
	height  uint64
	grown   chan struct{}
	asked   []uint64 // where streams began
	breakAt uint64   // the stream breaks before this block, once; 0: never
	given   uint64   // blocks that were handed out
}

func newPeer(height uint64) *fakePeer { return &fakePeer{height: height, grown: make(chan struct{})} }

func (p *fakePeer) grow(height uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.height = height
	close(p.grown)
	p.grown = make(chan struct{})
}

func (p *fakePeer) Height(context.Context) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.height, nil
}

func (p *fakePeer) Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error {
	p.mu.Lock()
	p.asked = append(p.asked, from)
	p.mu.Unlock()
	for n := from; ; n++ {
		if err := p.wait(ctx, n); err != nil {
			return err
		}
		if err := take(&common.Block{Header: &common.BlockHeader{Number: n}}); err != nil {
			return err
		}
		p.mu.Lock()
		p.given++
		p.mu.Unlock()
	}
}

func (p *fakePeer) wait(ctx context.Context, n uint64) error {
	for {
		p.mu.Lock()
		height, grown := p.height, p.grown
		if p.breakAt != 0 && n == p.breakAt {
			p.breakAt = 0
			p.mu.Unlock()
			return errors.New("the connection broke")
		}
		p.mu.Unlock()
		if n < height {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// config is a host's, of one fake ledger enclave.
func config(t testing.TB, e *fakeLedger, p *fakePeer) Config {
	t.Helper()
	if e.resumed == nil {
		e.resumed = &fpc.ResumeResponse{ChannelHash: genesisHash(t), StateDatabase: "leveldb", Registry: protocol.ERCCName}
	}
	raw, err := proto.Marshal(genesis())
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	return Config{
		Genesis: raw, StateDatabase: "leveldb", Dir: filepath.Join(dir, "state"), Socket: filepath.Join(dir, "run", "l.sock"), Source: p,
		Start: func(context.Context, [32]byte, *os.File) (Enclave, error) { return e, nil },
		pause: func(int) time.Duration { return time.Millisecond },
	}
}

// shortDir is a folder whose path leaves room for a socket's name.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// open makes a host that ends with the test.
func open(t testing.TB, c Config) *Host {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// start runs a host until the test ends, or the function it returns is called,
// which answers what Run did.
func start(t testing.TB, h *Host) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	var once sync.Once
	var err error
	end = func() error {
		once.Do(func() {
			cancel()
			err = <-ended
		})
		return err
	}
	t.Cleanup(func() { _ = end() })
	return end
}

// awaitHeight waits until the host's head is so high.
func awaitHeight(t testing.TB, h *Host, height uint64) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		_, head, moved := h.state()
		if head.GetHeight() >= height {
			return
		}
		select {
		case <-moved:
		case <-limit:
			t.Fatalf("the head is %d, want %d; health: %v", head.GetHeight(), height, h.Health())
		}
	}
}

func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}
