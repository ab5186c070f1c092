// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Blocks hands out a channel's blocks from a number on, in order and one at a
// time, as the peer delivers them and for as long as it does: while take is at
// work the peer waits. It returns take's error, or why the stream ended:
// [UnreachableError], [RejectedError]. now is this program's clock.
func (p *Peer) Blocks(ctx context.Context, channel string, from uint64, signer msp.Signer, now time.Time, take func(*common.Block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seek, err := p.seek(channel, signer, now, specified(from), specified(math.MaxUint64))
	if err != nil {
		return err
	}
	stream, err := p.deliver.Deliver(ctx)
	if err != nil {
		return callError(ctx, p.name, err)
	}
	_ = stream.Send(seek) // a failed Send has its reason in Recv
	for next := from; ; next++ {
		answer, err := stream.Recv()
		if err != nil {
			return callError(ctx, p.name, err)
		}
		block := answer.GetBlock()
		if block == nil {
			return deliverError(p.name, answer.GetStatus())
		}
		if n := block.GetHeader().GetNumber(); n != next {
			return &RejectedError{Server: p.name, Message: fmt.Sprintf("deliver: block %d came where block %d was due", n, next)}
		}
		if err := take(block); err != nil {
			return err
		}
	}
}
