// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// cutter collects messages into batches, one batch a block. It knows counts
// and sizes; time is the chain's affair.
type cutter struct {
	pending []*common.Envelope
	bytes   uint64
}

// add takes the next message and returns the batches that are complete with
// it: none, the pending ones, or those and the message by itself if it alone
// is over the preferred size.
func (c *cutter) add(m *common.Envelope, limits channel.Batch) [][]*common.Envelope {
	size := messageBytes(m)
	var cut [][]*common.Envelope
	if size > uint64(limits.PreferredMaxBytes) {
		if len(c.pending) > 0 {
			cut = append(cut, c.cut())
		}
		return append(cut, []*common.Envelope{m})
	}
	if c.bytes+size > uint64(limits.PreferredMaxBytes) {
		cut = append(cut, c.cut())
	}
	c.pending = append(c.pending, m)
	c.bytes += size
	if uint64(len(c.pending)) >= uint64(limits.MaxMessages) {
		cut = append(cut, c.cut())
	}
	return cut
}

// cut returns what is pending, nil if nothing is, and begins anew.
func (c *cutter) cut() []*common.Envelope {
	batch := c.pending
	c.pending, c.bytes = nil, 0
	return batch
}

// messageBytes is the size that Fabric's limits speak of.
func messageBytes(m *common.Envelope) uint64 {
	return uint64(len(m.GetPayload()) + len(m.GetSignature()))
}
