// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// listening launches a ledger enclave with a socket at which it listens.
func listening(t *testing.T) (p *launch.Process, path string) {
	t.Helper()
	listener, path := enclavetest.Listen(t)
	p, err := launch.Start(t.Context(), launch.Config{
		Binary: enclavetest.Build(t, "."), Listener: listener,
		StartTimeout: startTimeout, Limits: transport.BlockLimits(), ReadStatus: ledgerhost.ReadStatus,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return p, path
}

func connect(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// stub connects as a stub does.
func stub(t *testing.T, path string) *transport.Host {
	t.Helper()
	return transport.NewHost(connect(t, path).(*net.UnixConn), transport.Limits{})
}

func status(t *testing.T, p *launch.Process) *fpc.LedgerStatus {
	t.Helper()
	answer, err := p.Call(t.Context(), ledgerenclave.MethodStatus, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &fpc.LedgerStatus{}
	if err := proto.Unmarshal(answer, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An enclave makes its session and asks all that it asks over a stub's own
// connection, and believes the answers. What breaks the protocol on another one is
// no hindrance to it, nor to the blocks that the host brings meanwhile.
func TestStubAsks(t *testing.T) {
	w := full.New(t, enclavetest.KV{})
	p, path := listening(t)
	ledger := full.RemoteLedger{Caller: p}
	ledger.Join(w)
	first := w.Hosts[0]
	first.Ledger = full.DirectLedger{RemoteLedger: ledger, Stub: full.RemoteLedger{Caller: stub(t, path)}}
	w.Provision()
	w.Submit("put", "key", "value")

	bad := connect(t, path)
	if _, err := bad.Write([]byte(strings.Repeat("garbage", 100))); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, bad) // until the ledger enclave ends it

	w.Submit("set", "key", "other value")
	a := w.Ask("get", "key").MustSend(first)
	if got, want := string(a.Clear.GetPayload()), "other value"; got != want {
		t.Errorf("what the enclave read: got %q, %q, want %q", got, a.Clear.GetMessage(), want)
	}
	if got, want := status(t, p).GetHead().GetHeight(), w.Height(); got != want {
		t.Errorf("height: got %d, want %d", got, want)
	}
}

// A stub can ask, and do nothing else of what a host can: what it brings is
// refused as it comes, and the ledger enclave stays as it is. The same from its host
// is taken.
func TestAttack15StubInPlaceOfTheHost(t *testing.T) {
	w := full.New(t, enclavetest.KV{})
	p, path := listening(t)
	s := stub(t, path)
	refused := func(method string, request []byte) {
		t.Helper()
		before := encode(t, status(t, p))
		if answer, err := s.Call(t.Context(), method, request, nil); protocol.CodeOf(err) != protocol.CodeUnknownFunction {
			t.Errorf("%s of a stub: got %x, %v, want code %s", method, answer, err, protocol.CodeUnknownFunction)
		}
		if after := encode(t, status(t, p)); !bytes.Equal(after, before) {
			t.Errorf("status after %s of a stub: got %x, want %x", method, after, before)
		}
	}
	join := encode(t, &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB})
	refused(ledgerenclave.MethodJoinChannel, join)
	full.RemoteLedger{Caller: p}.Join(w)
	raw, err := p.Call(t.Context(), ledgerenclave.MethodCheckpoint, nil, nil)
	checkpoint := &fpc.CheckpointResponse{}
	if err != nil || proto.Unmarshal(raw, checkpoint) != nil {
		t.Fatalf("checkpoint of the host: got %x, %v", raw, err)
	}
	tx, _ := w.Put("kv", "key", "value")
	next := encode(t, &fpc.NextBlockRequest{Block: w.Block(tx)})
	refused(ledgerenclave.MethodNextBlock, next)
	refused(ledgerenclave.MethodJoinChannel, join)
	refused(ledgerenclave.MethodCheckpoint, nil)
	refused(ledgerenclave.MethodResume, encode(t, &fpc.ResumeRequest{Checkpoint: checkpoint.GetCheckpoint(), Last: true}))
	refused(ledgerenclave.MethodStatus, nil)
	refused(ledgerenclave.MethodChannelHash, nil)
	refused(ledgerenclave.MethodAsk+" INV-9 tx", nil)
	if _, err := p.Call(t.Context(), ledgerenclave.MethodNextBlock, next, nil); err != nil {
		t.Errorf("next_block of the host: got %v", err)
	}
	if got, want := status(t, p).GetHead().GetHeight(), w.Height(); got != want {
		t.Errorf("height: got %d, want %d", got, want)
	}
}
