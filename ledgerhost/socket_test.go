// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace/tracetest"
	"github.com/privatechaincode/fpc/transport"
)

func TestSocketIsPrivate(t *testing.T) {
	c := config(t, newFake(), newPeer(1))
	// What a host that was killed left behind is no hindrance.
	if err := os.MkdirAll(filepath.Dir(c.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{c.Socket, c.Socket + ".new", c.Socket + ".enclave"} {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	checkAbsent(t, "of a former ledger enclave", c.Socket+".enclave")
	for path, want := range map[string]fs.FileMode{c.Socket: 0o600, filepath.Dir(c.Socket): 0o700, c.Dir: 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v, %v, want %o", path, info.Mode(), err, want)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket after the end: got %v, want it gone", err)
	}
}

// dial connects to a host as a stub does.
func dial(t *testing.T, h *Host) *transport.Host {
	t.Helper()
	conn, err := net.Dial("unix", h.config.Socket)
	if err != nil {
		t.Fatal(err)
	}
	host := transport.NewHost(conn, transport.Limits{})
	t.Cleanup(func() { _ = host.Close() })
	return host
}

func TestSocket(t *testing.T) {
	e, p := newFake(), newPeer(4)
	h := open(t, config(t, e, p))
	stub := dial(t, h)
	call := func(method string, request []byte) ([]byte, protocol.Code) {
		answer, err := stub.Call(t.Context(), method, request, nil)
		return answer, protocol.CodeOf(err)
	}
	for _, method := range []string{MethodSession, MethodAsk, MethodStatus} {
		if _, code := call(method, nil); code != CodeUnavailable {
			t.Errorf("%s without a ledger enclave: got code %q, want %s", method, code, CodeUnavailable)
		}
	}
	if _, code := call("next_block", nil); code != protocol.CodeUnknownFunction {
		t.Errorf("a method that is the host's alone: got code %q, want %s", code, protocol.CodeUnknownFunction)
	}
	if _, code := call(MethodAwait, []byte{0xff}); code != protocol.CodeMalformed {
		t.Errorf("a garbage await: got code %q, want %s", code, protocol.CodeMalformed)
	}
	end := start(t, h)
	awaitHeight(t, h, 4)
	for _, method := range []string{MethodSession, MethodAsk} {
		answer, code := call(method, []byte("relayed"))
		if code != "" {
			t.Errorf("%s: got code %q", method, code)
		}
		sameBytes(t, method, answer, []byte("relayed"))
	}
	status := &fpc.LedgerStatus{}
	if answer, code := call(MethodStatus, nil); code != "" || proto.Unmarshal(answer, status) != nil || status.GetHead().GetHeight() != 4 {
		t.Errorf("status: got %v, code %q, want height 4", status, code)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if _, code := call(MethodAsk, nil); code != CodeUnavailable {
		t.Errorf("ask after the ledger enclave's end: got code %q, want %s", code, CodeUnavailable)
	}
}

func TestAwait(t *testing.T) {
	e, p := newFake(), newPeer(4)
	h := open(t, config(t, e, p))
	stub := dial(t, h)
	await := func(ctx context.Context, above uint64) (uint64, error) {
		raw, err := proto.Marshal(&fpc.AwaitBlock{Above: above})
		if err != nil {
			return 0, err
		}
		answer, err := stub.Call(ctx, MethodAwait, raw, nil)
		if err != nil {
			return 0, err
		}
		head := &fpc.Head{}
		err = proto.Unmarshal(answer, head)
		return head.GetHeight(), err
	}
	start(t, h)
	if got, err := await(t.Context(), 3); err != nil || got != 4 {
		t.Errorf("await above 3: got %d, %v, want 4", got, err)
	}
	waited := make(chan uint64, 1)
	go func() {
		got, err := await(t.Context(), 4)
		if err != nil {
			t.Error(err)
		}
		waited <- got
	}()
	p.grow(6)
	if got := <-waited; got < 5 {
		t.Errorf("await above 4: got %d, want more", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := await(ctx, 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("await by a stub that left: got %v, want %v", err, context.Canceled)
	}
}

// FuzzSocket calls a host's methods with anything.
func FuzzSocket(f *testing.F) {
	h := &Host{moved: make(chan struct{}), config: Config{Trace: &tracetest.Recorder{}}}
	h.set(newFake(), &fpc.Head{Height: 7})
	f.Add(MethodAsk+" INV-9 tx1", frame(f, identityAsk, keysAsk))
	f.Add(MethodAwait, []byte{0x08, 0x01})
	f.Add(MethodAsk, []byte("frame"))
	f.Add("next_block", []byte{})
	f.Fuzz(func(t *testing.T, called string, request []byte) {
		method, _, _ := untraced(called)
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing waits
		answer, err := h.handle(ctx, &transport.Call{Method: called, Request: request})
		if err == nil && method != MethodAwait && method != MethodAsk && method != MethodSession && method != MethodStatus {
			t.Errorf("method %q: got %x, want it refused", method, answer)
		}
		if err != nil && !errors.Is(err, context.Canceled) && protocol.CodeOf(err) == "" {
			t.Errorf("method %q: got %v, want a code", method, err)
		}
	})
}
