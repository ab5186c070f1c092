// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Peer is one peer as a client needs it. It can refuse, delay, lie and repeat;
// package trust decides what to believe.
type Peer interface {
	// Name says which peer it is, for people.
	Name() string
	// Address is host:port. An enclave's credentials name its peer by it.
	Address() string
	// ProcessProposal returns the peer's answer as it came, a refusal by peer or
	// chaincode in its status. Errors are those of client/fabric.
	ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error)
	// Watch begins to await a transaction's commit: if it is broadcast after
	// Watch returned, it is not missed. ctx bounds the watch.
	Watch(ctx context.Context, channel, txID string, signer msp.Signer, now time.Time) (Watcher, error)
}

// Watcher awaits the commit of one transaction at one peer, which may lie.
type Watcher interface {
	// Wait returns how the transaction stands in its block, once it does.
	Wait() (fabric.Status, error)
	Close()
}

// Orderer takes transactions. It can drop and delay them.
type Orderer interface {
	// Broadcast hands over an envelope; success promises ordering, not validity.
	Broadcast(ctx context.Context, envelope *common.Envelope) error
}

// DefaultKeyLifetime is how long a client believes what it checked of a chaincode.
const DefaultKeyLifetime = 5 * time.Minute

// Config says who a client is, whom it reaches and what it trusts.
type Config struct {
	// Signer reads the registry and follows commits, and signs proposals and
	// transactions, except those made [WithCreator].
	Signer msp.Signer
	// Peers are those that answer for the registry and validate: of enough
	// organisations for both.
	Peers []Peer
	// Orderer orders transactions; not needed by a client that only evaluates.
	Orderer Orderer
	// Dial reaches an enclave's peer that is not among Peers; nil: such enclaves
	// count as unreachable.
	Dial func(address, mspID string) (Peer, error)
	// Pins are what the client knows of the channel, and Trust is what it demands
	// of enclaves. The zero Trust trusts none.
	Pins  *trust.Pins
	Trust trust.Policy
	// Registry is ERCC's name on the channel; empty: protocol.ERCCName.
	Registry string
	// KeyLifetime bounds the use of a checked key; 0: DefaultKeyLifetime.
	KeyLifetime time.Duration
	// Now is the client's clock: it judges evidence and stamps proposals; nil:
	// time.Now.
	Now func() time.Time
	// Trace records the steps that this client receives; nil: none.
	Trace trace.Recorder
}

// Network is one channel, as one client sees it. It is safe for concurrent use.
type Network struct {
	config   Config
	registry *registry

	height atomic.Uint64 // see Height

	mu     sync.Mutex
	dialed map[string]Peer // by address
}

// Height is the height of the newest block in which a call of this client was
// committed, or that it was told of by AtLeast. Calls of Full mode read at this
// head or at a newer one, whichever enclaves they reach: a client sees what it
// wrote. A peer tells the height, so one that lies can have the client's calls
// refused (below_min_head); connect anew then.
func (n *Network) Height() uint64 { return n.height.Load() }

// AtLeast has this client see what another one had committed, whose Height this
// is.
func (n *Network) AtLeast(height uint64) {
	for seen := n.height.Load(); seen < height && !n.height.CompareAndSwap(seen, height); seen = n.height.Load() {
	}
}

// Connect makes a client of one channel. It calls nobody yet.
func Connect(config Config) (*Network, error) {
	switch {
	case config.Signer == nil:
		return nil, errors.New("client: no signer: registry queries are signed")
	case config.Pins == nil:
		return nil, errors.New("client: nothing pinned: name the channel's genesis block")
	case len(config.Peers) == 0:
		return nil, errors.New("client: no peers")
	}
	if config.Registry == "" {
		config.Registry = protocol.ERCCName
	}
	if config.KeyLifetime <= 0 {
		config.KeyLifetime = DefaultKeyLifetime
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Trace == nil {
		config.Trace = trace.Nop
	}
	n := &Network{config: config, dialed: make(map[string]Peer)}
	n.registry = newRegistry(n)
	return n, nil
}

// received records a step that this client received.
func (n *Network) received(step, from, to, what, txID string) {
	n.config.Trace.Record(trace.Event{Step: step, From: from, To: to, What: what, TxID: txID})
}

// peerOf returns the peer that hosts an enclave: the client talks to that very
// peer, since a gateway can only be told organisations (INV-5).
func (n *Network) peerOf(e trust.Enclave) (Peer, error) {
	for _, p := range n.config.Peers {
		if p.Address() == e.Peer {
			return p, nil
		}
	}
	if n.config.Dial == nil {
		return nil, &fabric.UnreachableError{Server: "peer " + e.Peer, Err: errors.New("the enclave's peer is not among those named")}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p, ok := n.dialed[e.Peer]; ok {
		return p, nil
	}
	p, err := n.config.Dial(e.Peer, e.MSPID)
	if err != nil {
		return nil, err
	}
	n.dialed[e.Peer] = p
	return p, nil
}
