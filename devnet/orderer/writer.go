// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"crypto/rand"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

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
