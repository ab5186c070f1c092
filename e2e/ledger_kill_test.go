// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/ledgerhost/hosttest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport/session"
)

// killPoint is where a ledger enclave is killed, once.
type killPoint struct {
	method string
	call   int32  // the n-th call of the method, from 1
	when   string // before, during or after the call
}

func (k killPoint) String() string { return fmt.Sprintf("%s %s %d", k.when, k.method, k.call) }

// ledgerKills are the steps of block intake and checkpoint. A checkpoint is taken
// after every third block; later ledger enclaves resume from it.
func ledgerKills() []killPoint {
	var points []killPoint
	for _, when := range []string{"before", "during", "after"} {
		points = append(points,
			killPoint{"join_channel", 1, when},
			killPoint{"next_block", 1, when}, killPoint{"next_block", 3, when}, killPoint{"next_block", 5, when},
			killPoint{"checkpoint", 1, when}, killPoint{"checkpoint", 2, when}, killPoint{"resume", 1, when})
	}
	return points
}

// mortal is a ledger enclave that is killed at a point.
type mortal struct {
	*launch.Process
	at    killPoint
	calls *atomic.Int32 // of the point's method, by all enclaves of a host
}

func (m mortal) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if method != m.at.method || m.calls.Add(1) != m.at.call {
		return m.Process.Call(ctx, method, request, serve)
	}
	switch m.at.when {
	case "before":
		m.kill()
	case "during":
		go m.kill()
	}
	answer, err := m.Process.Call(ctx, method, request, serve)
	if m.at.when == "after" {
		m.kill()
	}
	return answer, err
}

// kill ends the process as kill -9 does.
func (m mortal) kill() {
	_ = m.Stop()
	<-m.Done()
}

// peerSource is a peer of the network, for a ledger host in this process.
type peerSource struct {
	w *ledgerWorld
}

func (s peerSource) Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error {
	return s.w.Peers()[0].Blocks(ctx, s.w.Channel, from, s.w.Orgs[0].Client, time.Now(), take)
}

func (s peerSource) Height(ctx context.Context) (uint64, error) {
	info, err := s.w.At(0, s.w.Orgs[0].Client).Info(ctx)
	return info.GetHeight(), err
}

// host runs a ledger host in this process, whose enclaves start makes of
// processes; it answers the socket. It ends with the test.
func (w *ledgerWorld) host(t *testing.T, start func(*launch.Process) ledgerhost.Enclave) string {
	t.Helper()
	genesis, err := w.Peers()[0].Block(w.ctx, w.Channel, 0, w.Orgs[0].Client, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	hosttest.Run(w.ctx, t, ledgerhost.Config{
		Genesis: encode(t, genesis), StateDatabase: "leveldb", Dir: dir, Socket: socket, Source: peerSource{w}, CheckpointBlocks: 3,
	}, w.Bin, start)
	return socket
}

// TestAttack19KillLedgerEnclave kills the ledger enclave at every step of block
// intake and checkpoint: a new one goes on from the newest checkpoint and comes to
// the same chain and the same state, and sessions of the former one are refused.
func TestAttack19KillLedgerEnclave(t *testing.T) {
	w := newLedgerWorld(t)
	w.grow(6)
	w.conflict()
	whole := func(p *launch.Process) ledgerhost.Enclave { return p }
	reference := dialLedger(t, w.host(t, whole))
	height := w.height()
	reference.awaitHeight(w.ctx, height)
	want, knows := reference.status(w.ctx), w.known(reference)
	for _, at := range ledgerKills() {
		t.Run(at.String(), func(t *testing.T) {
			var calls, starts atomic.Int32
			c := dialLedger(t, w.host(t, func(p *launch.Process) ledgerhost.Enclave {
				starts.Add(1)
				if at.method == "resume" && starts.Load() == 1 {
					// Only a second ledger enclave resumes.
					return mortal{p, killPoint{"next_block", 5, "after"}, new(atomic.Int32)}
				}
				return mortal{p, at, &calls}
			}))
			c.awaitHeight(w.ctx, height)
			if calls.Load() < at.call || starts.Load() < 2 {
				t.Fatalf("killed at call %d of %s after %d starts: the point is not reached any more", calls.Load(), at.method, starts.Load())
			}
			checkSameLedger(t, c.status(w.ctx), want)
			if got := w.known(c); !proto.Equal(got, knows) {
				t.Errorf("after the restart: got %v, want %v", got, knows)
			}
		})
	}
	t.Run("sessions", func(t *testing.T) { w.killWithSession(t) })
}

// conflict puts an invalid transaction on the chain: two that read one version.
func (w *ledgerWorld) conflict() {
	w.t.Helper()
	n := w.As(w.Orgs[0].Client)
	var transactions []*fabric.Transaction
	for range 2 {
		p, err := n.Prepare(fabric.Call{Chaincode: "asset", Args: fabric.Args("TransferAsset", "a1", "bob")})
		if err != nil {
			w.t.Fatal(err)
		}
		tx, err := fabric.Endorse(w.ctx, p, n.Endorsers)
		if err != nil {
			w.t.Fatal(err)
		}
		transactions = append(transactions, tx)
	}
	if _, err := n.Order(w.ctx, transactions[0]); err != nil {
		w.t.Fatal(err)
	}
	if _, err := n.Order(w.ctx, transactions[1]); err == nil {
		w.t.Fatal("the second of two transactions that read one version is valid")
	}
}

// known is what a ledger enclave answers about the state: the assets, those that are
// there and one that is not, the definitions, and the block that it was at before it
// was killed.
func (w *ledgerWorld) known(c *ledgerClient) *fpc.LedgerAnswer {
	w.t.Helper()
	rows := func(namespace string) *fpc.LedgerAsk {
		return &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: namespace}}}
	}
	answer, err := c.ask(w.ctx, w.session(c, nil), keysAsk("asset", "a1", "a2", "none"), rows("asset"), rows(lifecycle.Namespace),
		&fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Hash{Hash: &fpc.HashAsk{Height: 3}}})
	if err != nil {
		w.t.Fatal(err)
	}
	if n := len(answer.GetReplies()[1].GetRange().GetRows()); n < w.made {
		w.t.Fatalf("got %d rows of assets, want %d or more", n, w.made)
	}
	return answer
}

// checkSameLedger tells whether two ledger enclaves say the same of themselves.
func checkSameLedger(t *testing.T, got, want *fpc.LedgerStatus) {
	t.Helper()
	same := proto.CloneOf(got)
	same.InstanceId = want.GetInstanceId()
	if !proto.Equal(same, want) {
		t.Errorf("after the restart: got %v, want %v", got, want)
	}
	if bytes.Equal(got.GetInstanceId(), want.GetInstanceId()) {
		t.Errorf("two processes have one instance id %x", got.GetInstanceId())
	}
}

// killWithSession kills a ledger enclave that has sessions.
func (w *ledgerWorld) killWithSession(t *testing.T) {
	processes := make(chan *launch.Process, 8)
	socket := w.host(t, func(p *launch.Process) ledgerhost.Enclave {
		processes <- p
		return p
	})
	c := dialLedger(t, socket)
	c.awaitHeight(w.ctx, w.height())
	s := w.session(c, nil)
	w.checkAsset(c, s, "a2")
	known := s.Ledger()
	first := <-processes
	_ = first.Stop() // kill -9
	select {
	case <-processes:
	case <-w.ctx.Done():
		t.Fatal("no other ledger enclave was started")
	}
	c.awaitHeight(w.ctx, w.height())
	if _, err := c.ask(w.ctx, s, keysAsk("asset", "a2")); protocol.CodeOf(err) != session.CodeNoSession {
		t.Errorf("a session of the killed ledger enclave: got %v, want code %s", err, session.CodeNoSession)
	}
	w.checkAsset(c, w.session(c, &known), "a2")
}
