// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// forgingOrderer takes the place of the network's raft orderer, with its keys:
// peers accept any block that it makes. So they can be shown transactions that
// no honest orderer lets through.
type forgingOrderer struct {
	t          *testing.T
	signer     msp.Signer
	lastConfig uint64

	mu    sync.Mutex
	chain []*common.Block
	grown chan struct{} // closed when the chain grows
}

var _ deliver.Chain = (*forgingOrderer)(nil)

// forge stops the orderer and serves its chain, as the given blocks have it, in
// its place.
func (n *Network) forge(t *testing.T, chain []*common.Block) *forgingOrderer {
	t.Helper()
	o := n.orderers[0]
	o.stop()
	signer, err := n.ordererOrg.Node(o.host)
	if err != nil {
		t.Fatal(err)
	}
	f := &forgingOrderer{t: t, signer: signer, chain: chain, grown: make(chan struct{})}
	if f.lastConfig, err = block.LastConfig(chain[len(chain)-1]); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(n.ordererOrg.NodeDir(o.host), "tls")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	rpc.RegisterAtomicBroadcastServer(server, blocksOnly{&deliver.Server{Chain: func(id string) (deliver.Chain, bool) { return f, id == n.Channel }}})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f
}

// order makes the next block.
func (f *forgingOrderer) order(envelopes ...[]byte) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.chain[len(f.chain)-1].Header
	b := block.New(last.Number+1, block.Hash(last), envelopes)
	if err := block.Sign(b, f.lastConfig, nil, (&forger{t: f.t}).nonce(), f.signer); err != nil {
		f.t.Fatal(err)
	}
	f.chain = append(f.chain, b)
	close(f.grown)
	f.grown = make(chan struct{})
}

func (f *forgingOrderer) Height() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return uint64(len(f.chain))
}

func (f *forgingOrderer) Block(number uint64) (*common.Block, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chain[number], nil
}

func (f *forgingOrderer) WaitHeight(ctx context.Context, height uint64) error {
	for {
		f.mu.Lock()
		have, grown := uint64(len(f.chain)), f.grown
		f.mu.Unlock()
		if have >= height {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *forgingOrderer) Sequence() uint64 { return 0 }

func (f *forgingOrderer) Authorize(string, policy.SignedData) error { return nil }

// blocksOnly is an ordering service that takes nothing.
type blocksOnly struct{ *deliver.Server }

func (b blocksOnly) Broadcast(stream rpc.BroadcastStream) error { return stream.Context().Err() }

func (b blocksOnly) Deliver(stream rpc.OrdererDeliverStream) error { return b.DeliverOrdered(stream) }
