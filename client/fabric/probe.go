// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/connectivity"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Reach connects to the server and says why it cannot; nothing is asked.
func (c conn) Reach(ctx context.Context) error {
	c.cc.Connect()
	for {
		switch state := c.cc.GetState(); state {
		case connectivity.Ready:
			return nil
		case connectivity.TransientFailure, connectivity.Shutdown:
			return &UnreachableError{Server: c.name, Err: errors.New("the connection fails")}
		default:
			if !c.cc.WaitForStateChange(ctx, state) {
				if errors.Is(ctx.Err(), context.Canceled) {
					return ended(ctx, c.name)
				}
				return &UnreachableError{Server: c.name, Err: context.Cause(ctx)}
			}
		}
	}
}

// Channels lists the channels that the first endorser is in.
func (n *Network) Channels(ctx context.Context) ([]string, error) {
	peerItself := &Network{Signer: n.Signer, Endorsers: n.Endorsers}
	answer := new(peer.ChannelQueryResponse)
	if err := peerItself.query(ctx, answer, "cscc", "GetChannels"); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range answer.GetChannels() {
		names = append(names, c.GetChannelId())
	}
	return names, nil
}

// Verdict asks the first endorser how a transaction stands on its ledger. A
// transaction that it does not know is a RejectedError.
func (n *Network) Verdict(ctx context.Context, txID string) (peer.TxValidationCode, error) {
	processed := new(peer.ProcessedTransaction)
	if err := n.query(ctx, processed, "qscc", "GetTransactionByID", n.Channel, txID); err != nil {
		return peer.TxValidationCode_NOT_VALIDATED, err
	}
	return peer.TxValidationCode(processed.GetValidationCode()), nil
}

// Accepts tells whether the peer takes a request of that time, which it does
// when its own clock is near: Fabric's peers allow 15 minutes. It asks for the
// channel's first block.
func (p *Peer) Accepts(ctx context.Context, channel string, signer msp.Signer, at time.Time) (bool, error) {
	_, err := p.Block(ctx, channel, 0, signer, at)
	var rejected *RejectedError
	if errors.As(err, &rejected) && rejected.Status == int32(common.Status_BAD_REQUEST) {
		return false, nil
	}
	return err == nil, err
}
