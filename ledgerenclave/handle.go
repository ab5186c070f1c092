// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"

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
	return out, transport.Refusal(err)
}

// HandleStub answers one call over a connection of a stub: what chaincode enclaves
// ask, and nothing that its host alone may have it do. Errors are as those of Handle.
func (e *Enclave) HandleStub(ctx context.Context, c *transport.Call) ([]byte, error) {
	switch c.Method {
	case MethodAsk, MethodSession:
		return e.Handle(ctx, c)
	}
	return nil, transport.Refusal(protocol.Errorf("VAL-8", protocol.CodeUnknownFunction, "a ledger enclave has no method %.40q for stubs", c.Method))
}

func (e *Enclave) dispatch(ctx context.Context, c *transport.Call) ([]byte, error) {
	switch c.Method {
	case MethodAsk:
		return e.Ask(ctx, c.Request)
	case MethodNextBlock:
		return transport.Answer(ctx, c, "VAL-8", &fpc.NextBlockRequest{}, e.NextBlock)
	case MethodSession:
		return e.Session(ctx, c.Request)
	case MethodCheckpoint:
		return transport.Answer(ctx, c, "VAL-8", &fpc.CheckpointRequest{}, e.Checkpoint)
	case MethodResume:
		return transport.Answer(ctx, c, "VAL-8", &fpc.ResumeRequest{}, e.Resume)
	case MethodJoinChannel:
		return transport.Answer(ctx, c, "VAL-8", &fpc.JoinRequest{}, e.Join)
	case MethodChannelHash:
		return transport.Answer(ctx, c, "REG-5", &fpc.LedgerStatusRequest{}, func(ctx context.Context, _ *fpc.LedgerStatusRequest) (*fpc.JoinResponse, error) {
			return e.ChannelHash(ctx)
		})
	case MethodStatus:
		return transport.Answer(ctx, c, "VAL-8", &fpc.LedgerStatusRequest{}, func(context.Context, *fpc.LedgerStatusRequest) (*fpc.LedgerStatus, error) {
			return e.Status(), nil
		})
	}
	return nil, protocol.Errorf("VAL-8", protocol.CodeUnknownFunction, "a ledger enclave has no method %q", c.Method)
}
