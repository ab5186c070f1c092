// SPDX-License-Identifier: Apache-2.0

// Package peertest is untrusted: it stands peers up for tests, real ones with
// ledgers in memory and gRPC over the loopback interface, around an orderer
// that makes a block of every envelope at once. No product code imports it.
package peertest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/gateway"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// ChannelID is the channel that all peers are in.
const ChannelID = "mychannel"

// Network is a channel with one peer per organisation.
type Network struct {
	*devtest.Channel
	Nodes []*Node // in the order of Orgs

	t       testing.TB
	orderer *grpc.ClientConn

	mu      sync.Mutex // one block at a time
	refuse  *orderer.BroadcastResponse
	dropped bool
}

// Node is one organisation's peer.
type Node struct {
	*peer.Peer
	Org     *fpctest.Org
	Signer  *fpctest.Member
	Ledgers *ledger.Peer
	Ledger  *ledger.Ledger
	Address string
	Conn    *grpc.ClientConn
	Dir     string

	options []Option
}

// Option changes a peer's configuration before it starts.
type Option func(*peer.Config)

// Start stands up a peer for each of that many organisations.
func Start(t testing.TB, orgs int, options ...Option) *Network {
	t.Helper()
	n := &Network{Channel: devtest.NewChannel(t, ChannelID, orgs, channel.DefaultBatch), t: t}
	n.orderer = n.serve(func(s *grpc.Server) { rpc.RegisterAtomicBroadcastServer(s, ordering{n}) })
	for _, org := range n.Orgs {
		n.Nodes = append(n.Nodes, n.start(org, options))
	}
	return n
}

func (n *Network) start(org *fpctest.Org, options []Option) *Node {
	n.t.Helper()
	store := kv.NewMemory()
	n.t.Cleanup(func() { store.Close() })
	node := &Node{Org: org, Signer: org.Peer("peer0." + org.MSPID), Dir: n.t.TempDir()}
	var err error
	if node.Ledgers, err = ledger.Open(store, org.MSPID); err != nil {
		n.t.Fatal(err)
	}
	if node.Ledger, err = node.Ledgers.Join(n.Genesis); err != nil {
		n.t.Fatal(err)
	}
	node.options = options
	n.Restart(node)
	return node
}

// Restart makes a new peer, at a new address, over what an earlier one left.
func (n *Network) Restart(node *Node) {
	n.t.Helper()
	listener := listen(n.t)
	node.Address = listener.Addr().String()
	cfg := peer.Config{
		MSPID: node.Org.MSPID, Address: node.Address, Signer: node.Signer, LocalMSP: node.Org.MSP(),
		Ledgers: node.Ledgers, Dir: node.Dir, Network: around{n, node},
	}
	for _, option := range node.options {
		option(&cfg)
	}
	p, err := peer.New(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { p.Close() })
	node.Peer = p
	node.Conn = n.serveOn(listener, func(s *grpc.Server) { p.Register(s) })
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (n *Network) serve(register func(*grpc.Server)) *grpc.ClientConn {
	n.t.Helper()
	return n.serveOn(listen(n.t), register)
}

func (n *Network) serveOn(l net.Listener, register func(*grpc.Server)) *grpc.ClientConn {
	n.t.Helper()
	s := grpc.NewServer(grpc.WaitForHandlers(true))
	register(s)
	go s.Serve(l)
	n.t.Cleanup(s.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	return conn
}

// around is the network as one of its peers sees it.
type around struct {
	*Network
	self *Node
}

// Endorsers implements gateway.Network.
func (a around) Endorsers(channelID string) []gateway.Endorser {
	if channelID != ChannelID {
		return nil
	}
	var others []gateway.Endorser
	for _, node := range a.Nodes {
		if node != a.self {
			others = append(others, gateway.Endorser{Address: node.Address, MSPID: node.Org.MSPID, Identity: node.Signer.Creator(), Conn: node.Conn})
		}
	}
	return others
}

// Orderers implements gateway.Network.
func (a around) Orderers(channelID string) []gateway.Orderer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if channelID != ChannelID || a.dropped {
		return nil
	}
	return []gateway.Orderer{{Address: "orderer", MSPID: a.Orderer.MSPID, Conn: a.orderer}}
}

// DropOrderer takes the orderer out of the network.
func (n *Network) DropOrderer() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dropped = true
}

// RefuseOrders makes the orderer give the same answer to whatever comes; nil
// makes it order again.
func (n *Network) RefuseOrders(answer *orderer.BroadcastResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuse = answer
}

// ordering is the orderer: no filters, a block per envelope.
type ordering struct{ n *Network }

func (o ordering) Broadcast(stream rpc.BroadcastStream) error {
	for {
		env, err := stream.Recv()
		if err != nil {
			return nil // the client hung up
		}
		answer := &orderer.BroadcastResponse{Status: common.Status_SUCCESS}
		o.n.mu.Lock()
		refusal := o.n.refuse
		o.n.mu.Unlock()
		if refusal != nil {
			answer = refusal
		} else if _, err := o.n.order(env); err != nil {
			answer = &orderer.BroadcastResponse{Status: common.Status_INTERNAL_SERVER_ERROR, Info: err.Error()}
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

func (ordering) Deliver(rpc.OrdererDeliverStream) error { return nil }

// Order puts envelopes into one block, commits it on all peers, and returns the
// verdicts.
func (n *Network) Order(envelopes ...*common.Envelope) []pb.TxValidationCode {
	n.t.Helper()
	codes, err := n.order(envelopes...)
	if err != nil {
		n.t.Fatal(err)
	}
	return codes
}

func (n *Network) order(envelopes ...*common.Envelope) ([]pb.TxValidationCode, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	first := n.Nodes[0].Ledger
	last, err := first.Block(first.Height() - 1)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	next := n.Next(n.t, last.Header, envelopes...)
	var verdicts []pb.TxValidationCode
	for i, node := range n.Nodes {
		if err := node.Ledger.Commit(ctx, next); err != nil {
			return nil, fmt.Errorf("%s: %w", node.Org.MSPID, err)
		}
		committed, err := node.Ledger.Block(next.Header.Number)
		if err != nil {
			return nil, err
		}
		codes, err := block.Filter(committed)
		if err != nil {
			return nil, err
		}
		if i > 0 && !slices.Equal(codes, verdicts) {
			return nil, fmt.Errorf("%s judges %v, the others %v", node.Org.MSPID, codes, verdicts)
		}
		verdicts = codes
	}
	return verdicts, nil
}
