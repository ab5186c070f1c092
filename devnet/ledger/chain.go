// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Chain is an append-only chain of blocks in a store. Peers keep one under
// each ledger; the orderer keeps one by itself.
type Chain struct{}

// ChannelID returns the channel's name.
func (c *Chain) ChannelID() string { return "" }

// Height returns the number of blocks, which is the number of the next one.
func (c *Chain) Height() uint64 { return 0 }

// Info returns height and the hashes of the last two headers.
func (c *Chain) Info() *common.BlockchainInfo { return nil }

// Block returns block n, or ErrNotFound.
func (c *Chain) Block(n uint64) (*common.Block, error) { return nil, ErrNotFound }

// BlockByHash returns the block whose header has the hash, or ErrNotFound.
func (c *Chain) BlockByHash(hash []byte) (*common.Block, error) { return nil, ErrNotFound }

// WaitHeight waits until the chain holds at least height blocks.
func (c *Chain) WaitHeight(ctx context.Context, height uint64) error { return nil }
