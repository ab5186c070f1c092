// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/ledgerhost/hosttest"
	"github.com/privatechaincode/fpc/stub/launch"
)

// chain is a peer's.
type chain struct {
	mu     sync.Mutex
	blocks [][]byte
	grown  chan struct{} // closed and replaced when there is another block
}

func (c *chain) add(block []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks = append(c.blocks, block)
	close(c.grown)
	c.grown = make(chan struct{})
}

func (c *chain) state() (blocks [][]byte, grown <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocks, c.grown
}

// Height implements ledgerhost.Source.
func (c *chain) Height(context.Context) (uint64, error) {
	blocks, _ := c.state()
	return uint64(len(blocks)), nil
}

// Blocks implements ledgerhost.Source.
func (c *chain) Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error {
	for {
		blocks, grown := c.state()
		for ; from < uint64(len(blocks)); from++ {
			b := &common.Block{}
			if err := proto.Unmarshal(blocks[from], b); err != nil {
				return err
			}
			if err := take(b); err != nil {
				return err
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stubLedger is a ledger enclave as a stub reaches it.
type stubLedger struct {
	stub  *ledgerHost
	chain *chain
}

func (l stubLedger) Session(ctx context.Context, hello []byte) ([]byte, error) {
	return l.stub.call(ctx, ledgerSession, hello)
}

func (l stubLedger) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	return l.stub.call(ctx, ledgerAsk, frame)
}

// NextBlock has the ledger host bring a block.
func (l stubLedger) NextBlock(ctx context.Context, req *fpc.NextBlockRequest) (*fpc.NextBlockResponse, error) {
	l.chain.add(req.GetBlock())
	height, _ := l.chain.Height(ctx)
	return &fpc.NextBlockResponse{}, l.await(ctx, height-1)
}

func (l stubLedger) await(ctx context.Context, above uint64) error {
	for {
		request, err := proto.Marshal(&fpc.AwaitBlock{Above: above})
		if err != nil {
			return err
		}
		answer, err := l.stub.call(ctx, ledgerAwait, request)
		head := &fpc.Head{}
		if err != nil || proto.Unmarshal(answer, head) != nil || head.GetHeight() > above {
			return err
		}
	}
}

// hosted is a ledger enclave whose host counts what it passes on.
type hosted struct {
	*launch.Process
	asks *atomic.Int32
}

func (h hosted) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if method == ledgerhost.MethodAsk {
		h.asks.Add(1)
	}
	return h.Process.Call(ctx, method, request, serve)
}

// An enclave asks through a stub whose ledger enclave is killed between, as often as
// one likes: it is answered each time, by the host while the ledger enclave starts,
// else by that itself.
func TestLedgerEnclaveThatIsKilledBetweenAsks(t *testing.T) {
	bin := filepath.Dir(enclavetest.Build(t, "github.com/privatechaincode/fpc/cmd/fpc-ledger"))
	if err := os.Rename(filepath.Join(bin, "enclave"), filepath.Join(bin, "fpc-ledger")); err != nil {
		t.Fatal(err)
	}
	w := full.New(t, enclavetest.KV{})
	c := &chain{blocks: append([][]byte(nil), w.Blocks...), grown: make(chan struct{})}
	dir := t.TempDir()
	var asks atomic.Int32
	started := make(chan *launch.Process, 10)
	hosttest.Run(t.Context(), t, ledgerhost.Config{
		Genesis: w.Blocks[0], StateDatabase: "leveldb", Dir: dir, Socket: filepath.Join(dir, "s"), Source: c, CheckpointBlocks: 1,
	}, bin, func(p *launch.Process) ledgerhost.Enclave {
		started <- p
		return hosted{p, &asks}
	})
	l := stubLedger{&ledgerHost{socket: filepath.Join(dir, "s")}, c}
	t.Cleanup(l.stub.close)
	if err := l.await(t.Context(), w.Height()-1); err != nil {
		t.Fatal(err)
	}
	first := w.Hosts[0]
	first.Ledger = l
	first.Await = func(above uint64) { _ = l.await(t.Context(), above) }
	w.Provision()
	w.Submit("put", "key", "value")
	if got := asks.Load(); got != 0 {
		t.Errorf("questions through the host: got %d, want none", got)
	}
	for range 3 {
		p := <-started
		if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		a := w.Ask("get", "key").MustSend(first)
		if got := string(a.Clear.GetPayload()); got != "value" {
			t.Errorf("after the ledger enclave was killed: got %q, %q, want value", got, a.Clear.GetMessage())
		}
	}
	for asked := asks.Load(); ; asked = asks.Load() { // until it is found again
		w.Ask("get", "key").MustSend(first)
		if asks.Load() == asked {
			return
		}
	}
}
