// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// chain is a peer that serves filtered blocks, lies and breaks on demand.
type chain struct {
	t       *testing.T
	address string
	server  *grpc.Server

	mu      sync.Mutex
	blocks  []*peer.FilteredBlock
	status  common.Status // if set, ends every stream instead of its next block
	skip    bool          // leaves the next block out
	spoilt  map[int]bool  // blocks that cannot be filtered
	opened  int
	running int
	changed chan struct{} // closed and replaced at each change
}

func newChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{t: t, changed: make(chan struct{})}
	c.commit("genesis")
	c.serve("127.0.0.1:0")
	t.Cleanup(func() { c.server.Stop() })
	return c
}

// serve starts the peer, at the address that it had before if there was one.
func (c *chain) serve(address string) {
	c.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.address, c.server = l.Addr().String(), grpc.NewServer()
	rpc.RegisterDeliverServer(c.server, c)
	go func(s *grpc.Server) { _ = s.Serve(l) }(c.server)
}

// change changes the chain and tells all streams.
func (c *chain) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// await returns once the condition holds.
func (c *chain) await(what string, condition func() bool) {
	c.t.Helper()
	for {
		c.mu.Lock()
		holds, changed := condition(), c.changed
		c.mu.Unlock()
		if holds {
			return
		}
		select {
		case <-changed:
		case <-c.t.Context().Done():
			c.t.Fatalf("never came: %s", what)
		}
	}
}

// commit makes a block of valid transactions.
func (c *chain) commit(txIDs ...string) {
	c.change(func() {
		block := &peer.FilteredBlock{Number: uint64(len(c.blocks))}
		for _, id := range txIDs {
			block.FilteredTransactions = append(block.FilteredTransactions, &peer.FilteredTransaction{Txid: id})
		}
		c.blocks = append(c.blocks, block)
	})
}

// commitSpoilt makes a block that the peer cannot filter.
func (c *chain) commitSpoilt(txIDs ...string) {
	c.change(func() {
		if c.spoilt == nil {
			c.spoilt = make(map[int]bool)
		}
		c.spoilt[len(c.blocks)] = true
	})
	c.commit(txIDs...)
}

// Deliver implements rpc.DeliverServer.
func (c *chain) Deliver(stream rpc.DeliverStream) error {
	return c.deliver(stream, func(b *peer.FilteredBlock) *peer.DeliverResponse {
		envelopes := [][]byte{{0xff}} // what cannot be taken apart
		codes := []peer.TxValidationCode{peer.TxValidationCode_INVALID_OTHER_REASON}
		for _, tx := range b.FilteredTransactions {
			header := &common.Header{ChannelHeader: c.encode(&common.ChannelHeader{TxId: tx.Txid}), SignatureHeader: c.encode(&common.SignatureHeader{})}
			envelopes = append(envelopes, c.encode(&common.Envelope{Payload: c.encode(&common.Payload{Header: header})}))
			codes = append(codes, tx.TxValidationCode)
		}
		whole := block.New(b.Number, nil, envelopes)
		if err := block.SetFilter(whole, codes); err != nil {
			c.t.Error(err)
		}
		return &peer.DeliverResponse{Type: &peer.DeliverResponse_Block{Block: whole}}
	})
}

func (c *chain) encode(m proto.Message) []byte {
	raw, err := proto.Marshal(m)
	if err != nil {
		c.t.Error(err)
	}
	return raw
}

// DeliverFiltered implements rpc.DeliverServer.
func (c *chain) DeliverFiltered(stream rpc.DeliverStream) error {
	return c.deliver(stream, func(b *peer.FilteredBlock) *peer.DeliverResponse {
		if c.spoilt[int(b.Number)] { // and the stream goes on
			return &peer.DeliverResponse{Type: &peer.DeliverResponse_Status{Status: common.Status_BAD_REQUEST}}
		}
		return &peer.DeliverResponse{Type: &peer.DeliverResponse_FilteredBlock{FilteredBlock: b}}
	})
}

func (c *chain) deliver(stream rpc.DeliverStream, answer func(*peer.FilteredBlock) *peer.DeliverResponse) error {
	c.change(func() { c.opened++; c.running++ })
	defer c.change(func() { c.running-- })
	number, err := c.start(stream)
	if err != nil {
		return err
	}
	for {
		c.mu.Lock()
		status, changed := c.status, c.changed
		var block *peer.FilteredBlock
		if number < len(c.blocks) {
			block = c.blocks[number]
		}
		skip := block != nil && c.skip
		c.mu.Unlock()
		switch {
		case status != common.Status_UNKNOWN:
			return stream.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_Status{Status: status}})
		case block == nil:
			select {
			case <-changed:
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
			continue
		case !skip:
			if err := stream.Send(answer(block)); err != nil {
				return err
			}
		}
		number++
		c.mu.Lock()
		c.skip = c.skip && !skip
		c.mu.Unlock()
	}
}

// start reads from which block a client wants to follow.
func (c *chain) start(stream rpc.DeliverStream) (int, error) {
	request, err := stream.Recv()
	if err != nil {
		return 0, err
	}
	payload, seek := &common.Payload{}, &orderer.SeekInfo{}
	if err := errors.Join(proto.Unmarshal(request.Payload, payload), proto.Unmarshal(payload.Data, seek)); err != nil {
		return 0, err
	}
	if at := seek.Start.GetSpecified(); at != nil {
		return int(at.Number), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.blocks) - 1, nil
}

// dial connects a client, whose patience is short.
func (c *chain) dial() *Peer {
	c.t.Helper()
	p, err := DialPeer(Endpoint{Address: c.address})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = p.Close() })
	p.followers.pace = pace{linger: time.Minute, retry: time.Millisecond, longest: 10 * time.Millisecond, reconnected: time.Minute}
	return p
}

// watch awaits a transaction and fails the test if that is refused.
func (c *chain) watch(p *Peer, txID string) *Watcher {
	c.t.Helper()
	w, err := p.Watch(c.t.Context(), "mychannel", txID, signer("ann"), time.Unix(1_700_000_000, 0))
	if err != nil {
		c.t.Fatalf("Watch: %v", err)
	}
	c.t.Cleanup(w.Close)
	return w
}

// signer signs nothing: nobody verifies here.
type signer string

func (s signer) Creator() []byte             { return []byte(s) }
func (s signer) Sign([]byte) ([]byte, error) { return []byte("signature of " + s), nil }
