// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/trace"
)

// broken is a connection to an orderer: its first stream cannot be opened, its
// second one opens when the test says so, and is silent.
type broken struct {
	grpc.ClientConnInterface
	again  chan struct{} // the second stream is asked for
	open   chan struct{} // and may open
	silent chan struct{} // the peer waits for blocks
	calls  int
}

func (b *broken) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if b.calls++; b.calls == 1 {
		return nil, status.Error(codes.Unavailable, "no orderer")
	}
	b.again <- struct{}{}
	<-b.open
	return &silentStream{ctx: ctx, silent: b.silent}, nil
}

type silentStream struct {
	grpc.ClientStream
	ctx    context.Context
	silent chan struct{}
}

func (s *silentStream) SendMsg(any) error { return nil }

func (s *silentStream) RecvMsg(any) error {
	s.silent <- struct{}{}
	<-s.ctx.Done()
	return s.ctx.Err()
}

// A peer that no blocks reach is not well, until the orderer answers again.
func TestHealthWithoutBlocks(t *testing.T) {
	ch := devtest.NewChannel(t, "mychannel", 1, channel.Batch{MaxMessages: 1, AbsoluteMaxBytes: 1 << 20, PreferredMaxBytes: 1 << 20, Timeout: time.Second})
	ledgers, err := ledger.Open(kv.NewMemory(), "Org1MSP")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledgers.Join(ch.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	conn := &broken{again: make(chan struct{}), open: make(chan struct{}), silent: make(chan struct{})}
	f := newFetcher("peer0.org1", conn, ch.Orgs[0].Peer(), trace.Nop, noMeter{}, slog.New(slog.DiscardHandler))
	network := &Network{checks: []func() error{f.troubles.check}}
	if err := network.Health(); err != nil {
		t.Errorf("at the start: got %v, want nothing", err)
	}
	f.follow(l)
	defer f.stop()
	<-conn.again // the first has failed
	if err := network.Health(); err == nil || !strings.Contains(err.Error(), "peer0.org1: channel mychannel: blocks do not come") {
		t.Errorf("after a failure: got %v, want node, channel and reason", err)
	}
	close(conn.open)
	<-conn.silent
	if err := network.Health(); err != nil {
		t.Errorf("the orderer is back: got %v, want nothing", err)
	}
}

// counted counts what a meter is told.
type counted struct {
	noMeter
	refused int
	status  []int32
}

func (c *counted) Refused(string)                  { c.refused++ }
func (c *counted) Answered(_ string, status int32) { c.status = append(c.status, status) }

func TestProposalsAreCounted(t *testing.T) {
	c := &counted{}
	told := proposals(c, "peer0")
	told(&peer.ProposalResponse{Response: &peer.Response{Status: 200}}, nil)
	told(&peer.ProposalResponse{Response: &peer.Response{Status: 500}}, errors.New("no"))
	told(&peer.ProposalResponse{Response: &peer.Response{Status: 404}}, nil)
	if c.refused != 1 || len(c.status) != 2 || c.status[0] != 200 || c.status[1] != 404 {
		t.Errorf("got %d refused and statuses %v, want 1 and [200 404]", c.refused, c.status)
	}
}
