// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// queued is a message on its way into a block.
type queued struct {
	message  *envelope.Opened
	sequence uint64                 // of the configuration it was judged under
	config   *common.ConfigEnvelope // for a CONFIG_UPDATE: what it makes
}

// chain orders one channel: many callers judge messages and queue them, one
// goroutine (run) cuts and writes blocks.
type chain struct {
	*ledger.Chain
	cfg        Config
	bundle     atomic.Pointer[channel.Bundle]
	lastConfig uint64 // run's own
	queue      chan queued

	life    context.Context // ends when the chain takes no more messages
	halt    context.CancelFunc
	stopped chan struct{} // closed when run has returned
}

// queueLength bounds what waits for the writer; callers of Broadcast wait beyond it.
const queueLength = 1000

// openChain opens the stored chain, or begins it with the genesis block.
func openChain(cfg Config, id string, genesis *common.Block) (*chain, error) {
	stored, err := ledger.OpenChain(cfg.Store, id)
	if err != nil {
		return nil, err
	}
	if stored.Height() == 0 {
		if err := stored.Append(genesis); err != nil {
			return nil, err
		}
	}
	c := &chain{
		Chain:   stored,
		cfg:     cfg,
		queue:   make(chan queued, queueLength),
		stopped: make(chan struct{}),
	}
	last, err := stored.Block(stored.Height() - 1)
	if err != nil {
		return nil, err
	}
	if c.lastConfig, err = block.LastConfig(last); err != nil {
		return nil, fmt.Errorf("orderer: channel %s: %w", id, err)
	}
	config, err := stored.Block(c.lastConfig)
	if err != nil {
		return nil, err
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		return nil, fmt.Errorf("orderer: channel %s: %w", id, err)
	}
	c.bundle.Store(bundle)
	c.life, c.halt = context.WithCancel(context.Background())
	return c, nil
}

// submit judges an ordinary message and queues it.
func (c *chain) submit(ctx context.Context, m *envelope.Opened) error {
	bundle := c.bundle.Load()
	if bundle.Consensus().Maintenance {
		return reject(common.Status_SERVICE_UNAVAILABLE, "maintenance", nil, "normal transactions are rejected: maintenance mode")
	}
	if err := admit(m, bundle, c.cfg.Now()); err != nil {
		return err
	}
	return c.enqueue(ctx, queued{message: m, sequence: bundle.Sequence()})
}

// configure judges a CONFIG_UPDATE and queues the configuration it makes.
func (c *chain) configure(ctx context.Context, m *envelope.Opened) error {
	bundle := c.bundle.Load()
	config, err := c.propose(m, bundle)
	if err != nil {
		return err
	}
	return c.enqueue(ctx, queued{message: m, sequence: bundle.Sequence(), config: config})
}

func (c *chain) propose(m *envelope.Opened, bundle *channel.Bundle) (*common.ConfigEnvelope, error) {
	if err := admit(m, bundle, c.cfg.Now()); err != nil {
		return nil, err
	}
	config, err := bundle.Propose(m.Envelope)
	if err != nil {
		return nil, reject(common.Status_BAD_REQUEST, "bad_config_update", err,
			"error applying config update to existing channel '%s'", c.ChannelID())
	}
	return config, nil
}

func (c *chain) enqueue(ctx context.Context, q queued) error {
	if c.life.Err() != nil {
		return errHalted
	}
	select {
	case c.queue <- q:
		return nil
	case <-c.life.Done():
		return errHalted
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errHalted = errors.New("orderer: chain has halted")

// stop ends ordering and waits until nothing is written any more.
func (c *chain) stop() {
	c.halt()
	<-c.stopped
}

// Sequence is the number of the configuration in force.
func (c *chain) Sequence() uint64 { return c.bundle.Load().Sequence() }

// Authorize tells whether the signer of a Deliver request may read.
func (c *chain) Authorize(_ string, claim policy.SignedData) error {
	bundle := c.bundle.Load()
	path := policy.ChannelReaders
	if bundle.Consensus().Maintenance {
		path = "/Channel/Orderer/Readers"
	}
	readers, _ := bundle.Policy(path)
	return readers.Evaluate([]policy.SignedData{claim})
}

// WaitHeight waits for the chain to grow, and ends with ErrUnavailable if it
// no longer can.
func (c *chain) WaitHeight(ctx context.Context, height uint64) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	err := c.Chain.WaitHeight(waiting, height)
	if c.life.Err() != nil && ctx.Err() == nil {
		return deliver.ErrUnavailable
	}
	return err
}
