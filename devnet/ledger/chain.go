// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Chain is an append-only chain of blocks in a store. Peers keep one under
// each ledger; the orderer keeps one by itself. It is safe for concurrent use
// by many readers and one writer.
type Chain struct {
	store     kv.Store
	channelID string
	keys      keyspace

	mu    sync.Mutex
	last  *common.BlockHeader // nil: no block yet
	grown chan struct{}       // closed when the next block is there
}

// OpenChain opens the channel's chain in the store, empty if it is new.
func OpenChain(store kv.Store, channelID string) (*Chain, error) {
	c := &Chain{store: store, channelID: channelID, keys: newKeyspace(channelID), grown: make(chan struct{})}
	height, err := savepoint(store, c.keys)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", channelID, err)
	}
	if height == 0 {
		return c, nil
	}
	b, err := c.Block(height - 1)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: savepoint is at height %d: %w", channelID, height, err)
	}
	c.last = b.Header
	return c, nil
}

// ChannelID returns the channel's name.
func (c *Chain) ChannelID() string { return c.channelID }

// Height returns the number of blocks, which is the number of the next one.
func (c *Chain) Height() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return height(c.last)
}

// Info returns height and the hashes of the last two headers.
func (c *Chain) Info() *common.BlockchainInfo {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last == nil {
		return &common.BlockchainInfo{}
	}
	return &common.BlockchainInfo{
		Height:            height(last),
		CurrentBlockHash:  block.Hash(last),
		PreviousBlockHash: last.PreviousHash,
	}
}

// Block returns block n, or ErrNotFound.
func (c *Chain) Block(n uint64) (*common.Block, error) {
	raw, ok, err := c.store.Get(c.keys.number(kindBlock, n))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("block %d of %s: %w", n, c.channelID, ErrNotFound)
	}
	b := new(common.Block)
	if err := proto.Unmarshal(raw, b); err != nil {
		return nil, fmt.Errorf("block %d of %s: %w", n, c.channelID, err)
	}
	return b, nil
}

// BlockByHash returns the block whose header has the hash, or ErrNotFound.
func (c *Chain) BlockByHash(hash []byte) (*common.Block, error) {
	raw, ok, err := c.store.Get(c.keys.text(kindHash, string(hash)))
	if err != nil {
		return nil, err
	}
	if !ok || len(raw) != 8 {
		return nil, fmt.Errorf("block %x of %s: %w", hash, c.channelID, ErrNotFound)
	}
	return c.Block(binary.BigEndian.Uint64(raw))
}

// WaitHeight waits until the chain holds at least height blocks.
func (c *Chain) WaitHeight(ctx context.Context, want uint64) error {
	for {
		c.mu.Lock()
		have, grown := height(c.last), c.grown
		c.mu.Unlock()
		if have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-grown:
		}
	}
}

// Append stores the next block durably. It is for chains without state; a
// block that does not follow the last one is refused.
func (c *Chain) Append(b *common.Block) error {
	var batch kv.Batch
	if err := c.stage(&batch, b); err != nil {
		return err
	}
	if err := c.store.Commit(&batch); err != nil {
		return err
	}
	c.advance(b.Header)
	return nil
}

// stage checks that the block is the next one and adds it to the batch.
func (c *Chain) stage(batch *kv.Batch, b *common.Block) error {
	if err := c.follows(b); err != nil {
		return err
	}
	raw, err := proto.Marshal(b)
	if err != nil {
		return fmt.Errorf("ledger %s: block %d: %w", c.channelID, b.Header.Number, err)
	}
	number := binary.BigEndian.AppendUint64(nil, b.Header.Number)
	batch.Set(c.keys.number(kindBlock, b.Header.Number), raw)
	batch.Set(c.keys.text(kindHash, string(block.Hash(b.Header))), number)
	batch.Set(c.keys.of(kindHeight, 0), binary.BigEndian.AppendUint64(nil, b.Header.Number+1))
	return nil
}

// follows checks that the block extends the chain.
func (c *Chain) follows(b *common.Block) error {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if err := block.Check(b, last); err != nil {
		return fmt.Errorf("ledger %s: %w", c.channelID, err)
	}
	if last == nil && b.Header.Number != 0 {
		return fmt.Errorf("ledger %s: first block is number %d, want 0", c.channelID, b.Header.Number)
	}
	return nil
}

// advance makes a stored block visible and wakes who waits for it.
func (c *Chain) advance(header *common.BlockHeader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = header
	close(c.grown)
	c.grown = make(chan struct{})
}

// savepoint reads the height that the view shows: it is written in the same
// batch as the last block and its effects.
func savepoint(r kv.Reader, keys keyspace) (uint64, error) {
	raw, ok, err := r.Get(keys.of(kindHeight, 0))
	if err != nil || !ok {
		return 0, err
	}
	if len(raw) != 8 {
		return 0, fmt.Errorf("savepoint of %d bytes, want 8: %w", len(raw), errRecord)
	}
	return binary.BigEndian.Uint64(raw), nil
}

func height(last *common.BlockHeader) uint64 {
	if last == nil {
		return 0
	}
	return last.Number + 1
}
