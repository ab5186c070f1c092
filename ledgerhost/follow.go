// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

const (
	// ahead is how many blocks are fetched before the ledger enclave has taken
	// those before them.
	ahead = 4
	// endTimeout bounds the checkpoint at the end.
	endTimeout = 30 * time.Second
	// lookEvery is how often the peer is asked for its height.
	lookEvery = 10 * time.Second
)

// errStopped says that the ledger enclave takes no further block, whoever brings
// it.
var errStopped = errors.New("the ledger enclave has stopped")

// follow brings blocks until ctx ends or the ledger enclave does, and stores
// checkpoints. Of a ledger enclave that takes no further block it goes on to
// relay what is asked, at its last good head.
func (h *Host) follow(ctx context.Context, e Enclave) error {
	f := &follower{Host: h, enclave: e, saved: time.Now()}
	defer f.watchHeight(ctx)()
	for attempt := 0; ; attempt++ {
		err := f.stream(ctx)
		if f.progressed {
			attempt, f.progressed = 0, false
		}
		switch {
		case ctx.Err() != nil:
			return f.end(ctx)
		case errors.Is(err, ErrEnded):
			return err
		}
		h.report(err)
		wait := h.config.pause(attempt)
		h.config.Log.Warn("no blocks for now", "reason", err, "again_in", wait)
		if errors.Is(err, errStopped) {
			select {
			case <-e.Done():
				return fmt.Errorf("%w: %w", ErrEnded, e.Err())
			case <-ctx.Done():
				return f.end(ctx)
			}
		}
		if !sleep(ctx, wait) {
			return f.end(ctx)
		}
	}
}

// follower brings blocks to one ledger enclave.
type follower struct {
	*Host
	enclave    Enclave
	progressed bool      // since the stream began
	unsaved    uint64    // blocks since the last checkpoint
	saved      time.Time // the last checkpoint
	pace       pace
}

// stream brings blocks from one stream of the peer, until that or the ledger
// enclave ends. Fetching and judging overlap; the peer waits for the judge.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.streaming(time.Now())
	defer f.streaming(time.Time{})
	_, head, _ := f.state()
	blocks, ended := make(chan *common.Block, ahead), make(chan error, 1)
	go func() {
		ended <- f.config.Source.Blocks(ctx, head.GetHeight(), func(b *common.Block) error {
			select {
			case blocks <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	tick := time.NewTicker(f.config.CheckpointEvery)
	defer tick.Stop()
	for {
		var err error
		select {
		case b := <-blocks:
			err = f.take(ctx, b)
		case err = <-ended:
			// What was fetched is still good.
			if taken := drain(blocks, func(b *common.Block) error { return f.take(ctx, b) }); taken != nil {
				err = taken
			}
		case <-tick.C:
		case <-f.enclave.Done():
			return fmt.Errorf("%w: %w", ErrEnded, f.enclave.Err())
		}
		if err == nil {
			err = f.saveWhenDue(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// drain takes what is there without waiting.
func drain(blocks <-chan *common.Block, take func(*common.Block) error) error {
	for {
		select {
		case b := <-blocks:
			if err := take(b); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// take brings one block.
func (f *follower) take(ctx context.Context, b *common.Block) error {
	number := b.GetHeader().GetNumber()
	raw, err := proto.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode block %d: %w", number, err)
	}
	f.record("peer", "next_block", b)
	resp := &fpc.NextBlockResponse{}
	if err := ask(ctx, f.enclave, methodNextBlock, &fpc.NextBlockRequest{Block: raw}, resp); err != nil {
		return f.refused(ctx, number, err)
	}
	for _, s := range resp.GetSteps() {
		f.record(s.GetFrom(), s.GetWhat(), b)
	}
	if tainted := resp.GetTainted(); len(tainted) > 0 {
		f.config.Log.Warn("a transaction's verdict is unknown here: what it wrote is refused", "block", number, "namespaces", tainted)
	}
	f.progressed = true
	f.unsaved++
	f.set(f.enclave, resp.GetHead())
	f.report(nil)
	f.config.Meter.Took(resp.GetTransactions(), resp.GetValid())
	f.tell(resp.GetTransactions())
	return nil
}

// refused tells of a block that was not taken, and whether any other will be.
func (f *follower) refused(ctx context.Context, number uint64, err error) error {
	var failure *transport.Failure
	if !errors.As(err, &failure) {
		return err
	}
	f.config.Meter.Refused(failure.Code)
	refused := &RefusedError{Block: number, Failure: failure}
	s, err := status(ctx, f.enclave)
	if err != nil {
		return err
	}
	if s.GetStopped() == nil {
		return refused // this peer's block is bad: it, or another peer, may have the good one
	}
	return fmt.Errorf("%w: %w", errStopped, refused)
}

// saveWhenDue stores a checkpoint if it is time. A disk that takes none is no
// reason not to go on.
func (f *follower) saveWhenDue(ctx context.Context) error {
	if f.unsaved < f.config.CheckpointBlocks && (f.unsaved == 0 || time.Since(f.saved) < f.config.CheckpointEvery) {
		return nil
	}
	return f.save(ctx)
}

func (f *follower) save(ctx context.Context) error {
	f.unsaved, f.saved = 0, time.Now()
	err := f.checkpoint(ctx, f.enclave)
	if errors.Is(err, ErrEnded) || ctx.Err() != nil {
		return err
	}
	if err != nil {
		f.config.Log.Error("no checkpoint was stored; the former one stays", "reason", err)
	}
	return nil
}

// end stores what was not yet, so that the next start is quick.
func (f *follower) end(ctx context.Context) error {
	if f.unsaved == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	return f.save(ctx)
}
