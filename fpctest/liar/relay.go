// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package liar is untrusted: it has the hosts of enclaves that lie, for tests. One
// stands between peers and stubs, another is in place of fpc-ledger-host; the
// enclaves behind them are processes as they are for anybody. No product code
// imports it.
package liar

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Lies are what a host changes of what its peer and its stub tell each other.
// What is nil is passed on as it is. Calls run at the same time; so may these
// functions.
type Lies struct {
	// Value is what the stub is shown for a key, instead of its value.
	Value func(key string, value []byte) []byte
	// Rows are what it is shown of a range, up to a hundred at a time.
	Rows func(rows []*ledger.KV) []*ledger.KV
	// Call is what the stub is called with; it may be changed in place, the
	// transaction id, too.
	Call func(*peer.ChaincodeMessage)
	// Answer is what it answers; it may be changed in place.
	Answer func(*peer.Response)
}

// Instead shows another value for one key.
func Instead(key string, shown []byte) Lies {
	return Lies{Value: func(k string, value []byte) []byte {
		if k == key {
			return shown
		}
		return value
	}}
}

// Relays stand between the peers and the stubs of a chaincode, one for each
// organisation, as its host can. They are honest until told otherwise.
type Relays struct {
	t     testing.TB
	byOrg map[string]*relay // by MSP id
}

// NewRelays makes relays that end with the test.
func NewRelays(t testing.TB) *Relays { return &Relays{t: t, byOrg: map[string]*relay{}} }

// Via is a deploy.Endpoint: it puts a relay before a stub's address.
func (l *Relays) Via(name, address string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, mspID, _ := strings.Cut(name, "@")
	host := &relay{target: address}
	l.byOrg[mspID] = host
	s := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	rpc.RegisterChaincodeServer(s, host)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	l.t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			l.t.Errorf("relay of %s: %v", name, err)
		}
	})
	return listener.Addr().String(), nil
}

var _ deploy.Endpoint = (*Relays)(nil).Via

// Lie makes the hosts of the organisations named lie, and those of all others
// honest; without any all are honest.
func (l *Relays) Lie(with Lies, mspIDs ...string) {
	for _, host := range l.byOrg {
		host.set(Lies{})
	}
	for _, id := range mspIDs {
		l.byOrg[id].set(with)
	}
}

const maxMessage = 100 << 20

// relay is one host: to the peer a chaincode, to the stub a peer.
type relay struct {
	target string
	mu     sync.Mutex
	with   Lies
}

func (l *relay) set(to Lies) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.with = to
}

func (l *relay) now() Lies {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.with
}

// Connect implements rpc.ChaincodeServer: it relays one stream of the chaincode
// protocol until either side ends it.
func (l *relay) Connect(fromPeer rpc.ChaincodeStream) error {
	cc, err := grpc.NewClient("passthrough:///"+l.target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return err
	}
	defer cc.Close()
	ctx, cancel := context.WithCancel(fromPeer.Context())
	defer cancel()
	toStub, err := rpc.ConnectChaincode(ctx, cc)
	if err != nil {
		return err
	}
	r := &relayed{relay: l, asked: map[string]*peer.ChaincodeMessage{}, renamed: map[string]string{}}
	ended := make(chan error, 2)
	go func() { ended <- pass(fromPeer.Recv, toStub.Send, r.toStub) }()
	go func() { ended <- pass(toStub.Recv, fromPeer.Send, r.toPeer) }()
	if err := <-ended; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// pass passes messages on, changed, until an end.
func pass(from func() (*peer.ChaincodeMessage, error), to func(*peer.ChaincodeMessage) error, change func(*peer.ChaincodeMessage) error) error {
	for {
		m, err := from()
		if err != nil {
			return err
		}
		if err := change(m); err != nil {
			return err
		}
		if err := to(m); err != nil {
			return err
		}
	}
}
