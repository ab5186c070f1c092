// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// listeningLedger is a fake that listens at the socket that its host gave it, and
// looks when it is opened whether anybody finds that.
type listeningLedger struct {
	*fakeLedger
	t        *testing.T
	path     string
	listener net.Listener
}

func (l *listeningLedger) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if method == methodJoin || method == methodResume {
		checkAbsent(l.t, "before the ledger enclave was opened", l.path)
	}
	return l.fakeLedger.Call(ctx, method, request, serve)
}

func checkAbsent(t *testing.T, when, path string) {
	t.Helper()
	if info, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s %s: got %v, %v, want nothing there", path, when, info, err)
	}
}

// The ledger enclave's own socket is there while it can be asked: neither before it
// was opened nor after its end, and for the next one again. The host holds no copy
// of it, at which connections would wait for an answer.
func TestSocketOfTheLedgerEnclave(t *testing.T) {
	p := newPeer(5)
	model := newFake()
	c := config(t, model, p)
	c.CheckpointBlocks = 1
	c.Socket += strings.Repeat("s", maxSocketPath-len(c.Socket)) // the longest
	path := c.Socket + ".enclave"
	running := make(chan *listeningLedger, 2)
	c.Start = func(_ context.Context, _ [32]byte, stubs *os.File) (Enclave, error) {
		l, err := net.FileListener(stubs)
		if err != nil {
			return nil, err
		}
		e := &listeningLedger{fakeLedger: newFake(), t: t, path: path, listener: l}
		e.resumed = model.resumed
		running <- e
		return e, nil
	}
	h := open(t, c)
	end := start(t, h)
	for life, height := range []uint64{5, 7} {
		p.grow(height)
		e := <-running
		awaitHeight(t, h, height)
		if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Fatalf("life %d: got mode %v, %v, want a socket of 0600", life, info, err)
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatalf("life %d: %v", life, err)
		}
		_ = conn.Close()
		_ = e.listener.Close()
		if conn, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("life %d: connect when nobody but a host could listen: got %v, %v, want %v", life, conn, err, syscall.ECONNREFUSED)
		}
		if life == 0 {
			_ = e.Stop()
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	checkAbsent(t, "after the end", path)
	checkAbsent(t, "after the end", c.Socket+".new")
}

// A ledger enclave that gets no socket is asked through its host.
func TestNoSocketForTheLedgerEnclave(t *testing.T) {
	e, p := newFake(), newPeer(4)
	c := config(t, e, p)
	c.Start = func(_ context.Context, _ [32]byte, stubs *os.File) (Enclave, error) {
		if stubs != nil {
			t.Errorf("the socket: got %s, want none", stubs.Name())
		}
		return e, nil
	}
	h := open(t, c)
	if err := os.MkdirAll(filepath.Join(c.Socket+".new", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, h)
	awaitHeight(t, h, 4)
	answer, err := dial(t, h).Call(t.Context(), MethodAsk, []byte("relayed"), nil)
	if err != nil {
		t.Fatal(err)
	}
	sameBytes(t, MethodAsk, answer, []byte("relayed"))
	checkAbsent(t, "without a socket", c.Socket+".enclave")
}
