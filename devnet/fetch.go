// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/steps"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/trace"
)

// Pauses between attempts to reach the orderer.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// fetcher brings the orderer's blocks into a peer's ledgers.
type fetcher struct {
	orderer  rpc.AtomicBroadcastClient
	signer   msp.Signer
	trace    trace.Recorder
	meter    Meter
	log      *slog.Logger
	troubles troubles

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newFetcher(node string, conn grpc.ClientConnInterface, signer msp.Signer, recorder trace.Recorder, meter Meter, log *slog.Logger) *fetcher {
	f := &fetcher{orderer: rpc.NewAtomicBroadcastClient(conn), signer: signer, trace: recorder, meter: meter, log: log}
	f.troubles.node = node
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// follow fetches a channel's blocks until stop.
func (f *fetcher) follow(l *ledger.Ledger) {
	f.running.Go(func() { f.run(l) })
}

// stop ends fetching and waits until no block is being committed.
func (f *fetcher) stop() error {
	f.cancel()
	f.running.Wait()
	return nil
}

// run keeps a stream to the orderer. A block whose verdict cannot be known
// ends it for good, as in Fabric: going on would guess.
func (f *fetcher) run(l *ledger.Ledger) {
	f.meter.Height(f.troubles.node, l.ChannelID(), l.Height())
	pause := firstPause
	for f.ctx.Err() == nil {
		before := l.Height()
		err := f.stream(l)
		var halt *validate.HaltError
		if errors.As(err, &halt) {
			f.log.Error("channel halts", "channel", l.ChannelID(), "error", err)
			f.troubles.set(l.ChannelID(), fmt.Errorf("halted: %w", err))
			return
		}
		if f.ctx.Err() != nil {
			return
		}
		f.troubles.set(l.ChannelID(), fmt.Errorf("blocks do not come: %w", err))
		f.log.Warn("blocks do not come", "channel", l.ChannelID(), "error", err, "again_in", pause)
		select {
		case <-f.ctx.Done():
		case <-time.After(pause):
		}
		if pause = min(2*pause, lastPause); l.Height() > before {
			pause = firstPause
		}
	}
}

// stream commits blocks from one Deliver call until it breaks.
func (f *fetcher) stream(l *ledger.Ledger) error {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	blocks, err := f.orderer.Deliver(ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	request, err := f.seek(l.ChannelID(), l.Height())
	if err != nil {
		return err
	}
	if err := blocks.Send(request); err != nil {
		return err
	}
	f.troubles.set(l.ChannelID(), nil) // the orderer is reached; a refusal ends the stream
	for {
		answer, err := blocks.Recv()
		if err != nil {
			return err
		}
		b := answer.GetBlock()
		if b == nil {
			return fmt.Errorf("orderer answers %v", answer.GetStatus())
		}
		came := time.Now()
		if err := l.Commit(ctx, b); err != nil {
			return err
		}
		f.committed(l, b.GetHeader().GetNumber(), came)
	}
}

// committed records the steps that a block completes (VAL-5), and measures it.
func (f *fetcher) committed(l *ledger.Ledger, number uint64, came time.Time) {
	if f.trace == trace.Nop && f.meter == (noMeter{}) {
		return
	}
	b, err := l.Block(number)
	if err != nil {
		return
	}
	measure(f.meter, f.troubles.node, l.ChannelID(), b)
	steps.Committed(f.trace, b, came)
}

// seek is a request for all blocks from the given one on.
func (f *fetcher) seek(channelID string, from uint64) (*common.Envelope, error) {
	nonce := make([]byte, envelope.NonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	at := func(n uint64) *orderer.SeekPosition {
		return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: n}}}
	}
	return envelope.NewSigned(envelope.Message{
		Type:      common.HeaderType_DELIVER_SEEK_INFO,
		ChannelID: channelID,
		Nonce:     nonce,
		Timestamp: time.Now(),
		Data:      &orderer.SeekInfo{Start: at(from), Stop: at(math.MaxUint64), Behavior: orderer.SeekInfo_BLOCK_UNTIL_READY},
	}, f.signer)
}
