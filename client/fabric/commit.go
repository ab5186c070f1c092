// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Status is how a transaction stands in its block.
type Status struct {
	TxID  string
	Code  peer.TxValidationCode
	Block uint64
}

// Err is nil for a valid transaction and [NotCommittedError] otherwise.
func (s Status) Err() error {
	if s.Code == peer.TxValidationCode_VALID {
		return nil
	}
	return &NotCommittedError{TxID: s.TxID, Code: s.Code, Block: s.Block}
}

// Watcher follows one peer's filtered blocks.
type Watcher struct {
	peer   *Peer
	stream rpc.DeliverClientStream
	cancel context.CancelFunc
	first  *peer.FilteredBlock // the newest block when the watch began
}

// Watch begins to follow the peer's blocks. When it returns the watch is live:
// a transaction that is broadcast afterwards cannot be missed.
func (p *Peer) Watch(ctx context.Context, channel string, signer msp.Signer, now time.Time) (*Watcher, error) {
	newest := &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{Newest: &orderer.SeekNewest{}}}
	ctx, cancel := context.WithCancel(ctx)
	seek, err := p.seek(channel, signer, now, newest, specified(math.MaxUint64))
	if err != nil {
		cancel()
		return nil, err
	}
	stream, err := p.deliver.DeliverFiltered(ctx)
	if err != nil {
		cancel()
		return nil, callError(p.name, err)
	}
	_ = stream.Send(seek) // a failed Send has its reason in Recv
	w := &Watcher{peer: p, stream: stream, cancel: cancel}
	if w.first, err = w.next(); err != nil {
		cancel()
		return nil, err
	}
	return w, nil
}

// Wait returns the status of a transaction once it stands in a block.
func (w *Watcher) Wait(txID string) (Status, error) {
	block := w.first
	for {
		for _, tx := range block.FilteredTransactions {
			if tx.Txid == txID {
				return Status{TxID: txID, Code: tx.TxValidationCode, Block: block.Number}, nil
			}
		}
		var err error
		if block, err = w.next(); err != nil {
			return Status{}, &NotCommittedError{TxID: txID, Err: err}
		}
	}
}

// Close ends the watch.
func (w *Watcher) Close() { w.cancel() }

func (w *Watcher) next() (*peer.FilteredBlock, error) {
	resp, err := w.stream.Recv()
	if err != nil {
		return nil, callError(w.peer.name, err)
	}
	if block := resp.GetFilteredBlock(); block != nil {
		return block, nil
	}
	return nil, &RejectedError{Server: w.peer.name, Status: int32(resp.GetStatus()), Message: "deliver: " + resp.GetStatus().String()}
}

// Block reads one whole block.
func (p *Peer) Block(ctx context.Context, channel string, number uint64, signer msp.Signer, now time.Time) (*common.Block, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at := specified(number)
	seek, err := p.seek(channel, signer, now, at, at)
	if err != nil {
		return nil, err
	}
	stream, err := p.deliver.Deliver(ctx)
	if err != nil {
		return nil, callError(p.name, err)
	}
	_ = stream.Send(seek)
	resp, err := stream.Recv()
	if err != nil {
		return nil, callError(p.name, err)
	}
	if block := resp.GetBlock(); block != nil {
		if block.GetHeader().GetNumber() != number {
			return nil, &RejectedError{Server: p.name, Message: fmt.Sprintf("asked for block %d, got block %d", number, block.GetHeader().GetNumber())}
		}
		return block, nil
	}
	return nil, &RejectedError{Server: p.name, Status: int32(resp.GetStatus()), Message: "deliver: " + resp.GetStatus().String()}
}

func specified(number uint64) *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: number}}}
}

func (c conn) seek(channel string, signer msp.Signer, now time.Time, start, stop *orderer.SeekPosition) (*common.Envelope, error) {
	if channel == "" {
		return nil, errors.New("no channel named; name one with -C")
	}
	return envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_DELIVER_SEEK_INFO, ChannelID: channel, Timestamp: now, TLSCertHash: c.certHash,
		Data: &orderer.SeekInfo{Start: start, Stop: stop, Behavior: orderer.SeekInfo_BLOCK_UNTIL_READY},
	}, signer)
}
