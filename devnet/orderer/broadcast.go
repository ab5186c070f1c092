// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"context"
	"errors"
	"io"

	"github.com/privatechaincode/fpc/devnet/steps"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Broadcast answers each message of the stream with a status; the stream ends
// after the first that is not SUCCESS, as Fabric does. SUCCESS promises that
// the message is queued, not that it survives a crash: clients wait for its
// commit (VAL-5).
func (o *Orderer) Broadcast(stream rpc.BroadcastStream) error {
	for {
		env, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		response := o.process(stream.Context(), env)
		if err := stream.Send(response); err != nil || response.Status != common.Status_SUCCESS {
			return err
		}
	}
}

// process judges one message and queues it.
func (o *Orderer) process(ctx context.Context, env *common.Envelope) *orderer.BroadcastResponse {
	err := o.order(ctx, env)
	if err == nil {
		return &orderer.BroadcastResponse{Status: common.Status_SUCCESS}
	}
	status := common.Status_SERVICE_UNAVAILABLE
	var rejected *RejectError
	if errors.As(err, &rejected) {
		status = rejected.Status
	}
	o.cfg.Log.InfoContext(ctx, "message refused", "status", status, "reason", err)
	return &orderer.BroadcastResponse{Status: status, Info: err.Error()}
}

func (o *Orderer) order(ctx context.Context, env *common.Envelope) error {
	m, err := open(env)
	if err != nil {
		return err
	}
	c := o.chain(m.Channel.GetChannelId())
	if c == nil {
		return reject(common.Status_NOT_FOUND, "unknown_channel", nil, "channel %q does not exist here", m.Channel.GetChannelId())
	}
	switch common.HeaderType(m.Channel.GetType()) {
	case common.HeaderType_CONFIG_UPDATE:
		return c.configure(ctx, m)
	case common.HeaderType_CONFIG, common.HeaderType_ORDERER_TRANSACTION:
		return reject(common.Status_BAD_REQUEST, "bad_type", nil,
			"message is of type that cannot be processed directly: send the CONFIG_UPDATE")
	default:
		steps.Ordered(o.cfg.Trace, env)
		return c.submit(ctx, m)
	}
}
