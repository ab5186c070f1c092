// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// Methods that a host may call, with the messages that they take and answer.
const (
	MethodJoinChannel = "join_channel" // JoinRequest, JoinResponse
	MethodResume      = "resume"       // ResumeRequest, ResumeResponse: once per part
	MethodNextBlock   = "next_block"   // NextBlockRequest, NextBlockResponse: VAL-8
	MethodCheckpoint  = "checkpoint"   // CheckpointRequest, CheckpointResponse: once per part
	MethodChannelHash = "channel_hash" // nothing, JoinResponse
	MethodStatus      = "status"       // LedgerStatusRequest, LedgerStatus
	MethodSession     = "session"      // SessionHello, SessionAccept: REG-5, INV-9
	MethodAsk         = "ask"          // SessionFrame, SessionFrame
)

// Handle answers one call of the transport. Errors are of type
// *transport.Failure.
func (e *Enclave) Handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	out, err := e.dispatch(ctx, c)
	if err != nil {
		f := protocol.Failure(err)
		return nil, &transport.Failure{Step: f.GetStep(), Code: f.GetCode(), Reason: f.GetReason(), Hint: f.GetHint()}
	}
	return out, nil
}

func (e *Enclave) dispatch(ctx context.Context, c *transport.Call) ([]byte, error) {
	switch c.Method {
	case MethodAsk:
		return e.Ask(ctx, c.Request)
	case MethodNextBlock:
		return answer(ctx, c, "VAL-8", &fpc.NextBlockRequest{}, e.NextBlock)
	case MethodSession:
		return e.Session(ctx, c.Request)
	case MethodCheckpoint:
		return answer(ctx, c, "VAL-8", &fpc.CheckpointRequest{}, e.Checkpoint)
	case MethodResume:
		return answer(ctx, c, "VAL-8", &fpc.ResumeRequest{}, e.Resume)
	case MethodJoinChannel:
		return answer(ctx, c, "VAL-8", &fpc.JoinRequest{}, e.Join)
	case MethodChannelHash:
		return answer(ctx, c, "REG-5", &fpc.LedgerStatusRequest{}, func(ctx context.Context, _ *fpc.LedgerStatusRequest) (*fpc.JoinResponse, error) {
			return e.ChannelHash(ctx)
		})
	case MethodStatus:
		return answer(ctx, c, "VAL-8", &fpc.LedgerStatusRequest{}, func(context.Context, *fpc.LedgerStatusRequest) (*fpc.LedgerStatus, error) {
			return e.Status(), nil
		})
	}
	return nil, protocol.Errorf("VAL-8", protocol.CodeUnknownFunction, "a ledger enclave has no method %q", c.Method)
}

// answer decodes a request, runs it and encodes what it returns.
func answer[Req, Resp proto.Message](ctx context.Context, c *transport.Call, step string, req Req, run func(context.Context, Req) (Resp, error)) ([]byte, error) {
	if err := protocol.Unmarshal(step, "request "+c.Method, c.Request, req); err != nil {
		return nil, err
	}
	resp, err := run(ctx, req)
	if err != nil {
		return nil, err
	}
	out, err := proto.Marshal(resp)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode the answer to %s: %w", c.Method, err)
	}
	return out, nil
}
