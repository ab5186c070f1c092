// SPDX-License-Identifier: Apache-2.0

// Package orderer is untrusted: it is the embedded network's ordering service,
// one node that speaks Fabric's Broadcast and Deliver. It decides the order of
// transactions and signs it; whether they are valid is the peers' affair.
package orderer

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/trace"
)

// Config says who an orderer is and what it stands on.
type Config struct {
	// Store keeps the chains; the caller closes it after the orderer.
	Store kv.Store
	// Signer signs blocks: it must satisfy the channels' BlockValidation policy.
	Signer msp.Signer
	// Now is the wall clock, for expiry of identities and age of requests;
	// nil means time.Now.
	Now func() time.Time
	// Timer starts the timer after which a batch is cut; nil means time.NewTimer.
	Timer TimerFunc
	// Trace records steps; nil means none.
	Trace trace.Recorder
	// Log may be nil.
	Log *slog.Logger
}

// TimerFunc starts a timer: its channel receives once after d, unless stop is
// called before.
type TimerFunc func(d time.Duration) (expired <-chan time.Time, stop func() bool)

// Orderer orders the transactions of its channels. It is safe for concurrent use.
type Orderer struct {
	cfg     Config
	deliver *deliver.Server

	mu     sync.Mutex
	chains map[string]*chain
	closed bool
}

// ErrClosed is returned by Join after Close.
var ErrClosed = errors.New("orderer: closed")

// New returns an orderer without channels.
func New(cfg Config) *Orderer {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timer == nil {
		cfg.Timer = realTimer
	}
	if cfg.Trace == nil {
		cfg.Trace = trace.Nop
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	o := &Orderer{cfg: cfg, chains: map[string]*chain{}}
	o.deliver = &deliver.Server{Now: cfg.Now, Chain: func(id string) (deliver.Chain, bool) {
		c := o.chain(id)
		return c, c != nil
	}}
	return o
}

func realTimer(d time.Duration) (<-chan time.Time, func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}

// Join begins to order the channel of the genesis block, or goes on where the
// stored chain ends. The channel must be one that a single node can order.
func (o *Orderer) Join(genesis *common.Block) error {
	bundle, err := channel.FromBlock(genesis)
	if err != nil {
		return fmt.Errorf("orderer: genesis block: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	id := bundle.ChannelID()
	if o.chains[id] != nil {
		return fmt.Errorf("orderer: channel %s is joined already", id)
	}
	c, err := openChain(o.cfg, id, genesis)
	if err != nil {
		return err
	}
	o.chains[id] = c
	go c.run()
	return nil
}

// Register puts orderer.AtomicBroadcast on a gRPC server.
func (o *Orderer) Register(s grpc.ServiceRegistrar) {
	rpc.RegisterAtomicBroadcastServer(s, o)
}

// Deliver serves blocks (orderer.AtomicBroadcast/Deliver) to whoever satisfies
// Channel/Readers.
func (o *Orderer) Deliver(stream rpc.OrdererDeliverStream) error {
	return o.deliver.DeliverOrdered(stream)
}

// Health says which channels are not ordered any more, though the orderer is not
// closed: a block could not be stored.
func (o *Orderer) Health() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for id, c := range o.chains {
		if !o.closed && c.life.Err() != nil {
			errs = append(errs, fmt.Errorf("channel %s: %w", id, errHalted))
		}
	}
	return errors.Join(errs...)
}

// Close stops ordering. What was not yet in a block is lost, as in a crash;
// blocks are not.
func (o *Orderer) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, c := range o.chains {
		c.stop()
	}
	return nil
}

func (o *Orderer) chain(id string) *chain {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.chains[id]
}
