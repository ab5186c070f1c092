// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"crypto/sha256"
	"net"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
	"github.com/privatechaincode/fpc/transport/session"
)

// ledgerClient speaks to a ledger enclave as a chaincode enclave behind its stub
// does.
type ledgerClient struct {
	t    testing.TB
	host *transport.Host
}

// dialLedger connects to a ledger host's socket.
func dialLedger(t testing.TB, socket string) *ledgerClient {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	c := &ledgerClient{t, transport.NewHost(conn, transport.Limits{})}
	t.Cleanup(func() { _ = c.host.Close() })
	return c
}

// call calls a method of the socket.
func (c *ledgerClient) call(ctx context.Context, method string, request, into proto.Message) error {
	answer, err := c.host.Call(ctx, method, encode(c.t, request), nil)
	if err != nil {
		return err
	}
	return proto.Unmarshal(answer, into)
}

// awaitHeight waits until the ledger enclave has so many blocks. While none can
// be asked it tries again.
func (c *ledgerClient) awaitHeight(ctx context.Context, height uint64) *fpc.Head {
	c.t.Helper()
	for {
		head := &fpc.Head{}
		err := c.call(ctx, ledgerhost.MethodAwait, &fpc.AwaitBlock{Above: height - 1}, head)
		if err == nil && head.GetHeight() >= height {
			return head
		}
		if err != nil && (ctx.Err() != nil || protocol.CodeOf(err) != ledgerhost.CodeUnavailable) {
			c.t.Fatalf("await block %d: got head %d, %v", height, head.GetHeight(), err)
		}
	}
}

func (c *ledgerClient) status(ctx context.Context) *fpc.LedgerStatus {
	c.t.Helper()
	s := &fpc.LedgerStatus{}
	if err := c.call(ctx, ledgerhost.MethodStatus, &fpc.LedgerStatusRequest{}, s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// session opens an attested session in the name of an enclave of some code.
func (c *ledgerClient) session(ctx context.Context, channel string, hash []byte, known *session.Attested) (*session.Session, error) {
	record := make([]byte, guest.LauncherRecordSize)
	platform, err := guest.New(record)
	if err != nil {
		return nil, err
	}
	h, err := session.NewHandshake(platform, &fpc.SessionValues{
		ChannelId: channel, ChannelHash: hash, ChaincodeId: "asset", EnclaveId: "test", Registry: protocol.ERCCName,
	}, nil)
	if err != nil {
		return nil, err
	}
	accept, err := c.host.Call(ctx, ledgerhost.MethodSession, h.Hello(), nil)
	if err != nil {
		return nil, err
	}
	return h.Accept(accept, session.Verifiers{sim.Platform: sim.Verifier{}}, known, time.Now())
}

// ask asks one thing at the newest head.
func (c *ledgerClient) ask(ctx context.Context, s *session.Session, asks ...*fpc.LedgerAsk) (*fpc.LedgerAnswer, error) {
	sealed, err := s.Seal(encode(c.t, &fpc.LedgerRequest{Asks: asks}))
	if err != nil {
		return nil, err
	}
	frame, err := c.host.Call(ctx, ledgerhost.MethodAsk, sealed.Frame(), nil)
	if err != nil {
		return nil, err
	}
	body, err := sealed.Open(frame)
	if err != nil {
		return nil, err
	}
	answer := &fpc.LedgerAnswer{}
	return answer, proto.Unmarshal(body, answer)
}

// keysAsk asks for the metadata of keys.
func keysAsk(namespace string, keys ...string) *fpc.LedgerAsk {
	return &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: namespace, Keys: keys}}}
}

// hashOf is a value as the ledger enclave names it.
func hashOf(value []byte) []byte {
	h := sha256.Sum256(value)
	return h[:]
}
