// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

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
	c.life, c.halt = context.WithCancel(context.Background())
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

// run is the only writer. A block that cannot be stored halts the chain:
// going on would fork it.
func (c *chain) run() {
	defer close(c.stopped)
	defer c.halt()
	var cut cutter
	var expired <-chan time.Time
	stopTimer := func() bool { return false }
	for {
		var err error
		select {
		case <-c.life.Done():
			stopTimer()
			return
		case <-expired:
			expired = nil
			err = c.write(cut.cut())
		case q := <-c.queue:
			err = c.take(q, &cut)
			switch {
			case len(cut.pending) == 0 && expired != nil:
				stopTimer()
				expired = nil
			case len(cut.pending) > 0 && expired == nil:
				expired, stopTimer = c.cfg.Timer(c.bundle.Load().Batch().Timeout)
			}
		}
		if err != nil {
			c.cfg.Log.Error("chain halts", "channel", c.ChannelID(), "error", err)
			return
		}
	}
}

// take brings one message into the batches, after judging it anew if the
// configuration changed since it was queued. Errors are of the store.
func (c *chain) take(q queued, cut *cutter) error {
	bundle := c.bundle.Load()
	stale := q.sequence != bundle.Sequence()
	if q.config != nil {
		if stale {
			var err error
			if q.config, err = c.propose(q.message, bundle); err != nil {
				c.cfg.Log.Info("queued configuration dropped", "channel", c.ChannelID(), "reason", err)
				return nil
			}
		}
		if err := c.write(cut.cut()); err != nil {
			return err
		}
		return c.writeConfig(q.config, bundle)
	}
	if stale {
		if err := admit(q.message, bundle, c.cfg.Now()); err != nil {
			c.cfg.Log.Info("queued message dropped", "channel", c.ChannelID(), "reason", err)
			return nil
		}
	}
	for _, batch := range cut.add(q.message.Envelope, bundle.Batch()) {
		if err := c.write(batch); err != nil {
			return err
		}
	}
	return nil
}

// writeConfig makes the CONFIG transaction of a new configuration, alone in
// its block, and puts the configuration in force.
func (c *chain) writeConfig(config *common.ConfigEnvelope, bundle *channel.Bundle) error {
	next, err := bundle.Apply(config)
	if err != nil {
		c.cfg.Log.Info("queued configuration dropped", "channel", c.ChannelID(), "reason", err)
		return nil
	}
	nonce, err := newNonce()
	if err != nil {
		return err
	}
	env, err := envelope.NewSigned(envelope.Message{
		Type:      common.HeaderType_CONFIG,
		ChannelID: c.ChannelID(),
		Nonce:     nonce,
		Timestamp: c.cfg.Now(),
		Data:      config,
	}, c.cfg.Signer)
	if err != nil {
		return fmt.Errorf("orderer: config transaction: %w", err)
	}
	c.lastConfig = c.Height()
	if err := c.write([]*common.Envelope{env}); err != nil {
		return err
	}
	c.bundle.Store(next)
	return nil
}

// write makes, signs and stores the next block; an empty batch makes none.
func (c *chain) write(batch []*common.Envelope) error {
	if len(batch) == 0 {
		return nil
	}
	data := make([][]byte, len(batch))
	for i, env := range batch {
		raw, err := proto.Marshal(env)
		if err != nil {
			return fmt.Errorf("orderer: envelope: %w", err)
		}
		data[i] = raw
	}
	info := c.Info()
	b := block.New(info.Height, info.CurrentBlockHash, data)
	nonce, err := newNonce()
	if err != nil {
		return err
	}
	if err := block.Sign(b, c.lastConfig, nil, nonce, c.cfg.Signer); err != nil {
		return fmt.Errorf("orderer: block %d: %w", info.Height, err)
	}
	return c.Append(b)
}

func newNonce() ([]byte, error) {
	nonce := make([]byte, envelope.NonceSize)
	_, err := rand.Read(nonce)
	return nonce, err
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
