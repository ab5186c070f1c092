// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
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
		return nil, callError(ctx, p.name, err)
	}
	_ = stream.Send(seek)
	resp, err := stream.Recv()
	if err != nil {
		return nil, callError(ctx, p.name, err)
	}
	if block := resp.GetBlock(); block != nil {
		if block.GetHeader().GetNumber() != number {
			return nil, &RejectedError{Server: p.name, Message: fmt.Sprintf("asked for block %d, got block %d", number, block.GetHeader().GetNumber())}
		}
		return block, nil
	}
	return nil, &RejectedError{Server: p.name, Status: int32(resp.GetStatus()), Message: "deliver: " + resp.GetStatus().String()}
}

var errNoChannel = errors.New("no channel named; name one with -C")

func specified(number uint64) *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: number}}}
}

func (c conn) seek(channel string, signer msp.Signer, now time.Time, start, stop *orderer.SeekPosition) (*common.Envelope, error) {
	if channel == "" {
		return nil, errNoChannel
	}
	return envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_DELIVER_SEEK_INFO, ChannelID: channel, Timestamp: now, TLSCertHash: c.certHash,
		Data: &orderer.SeekInfo{Start: start, Stop: stop, Behavior: orderer.SeekInfo_BLOCK_UNTIL_READY},
	}, signer)
}
