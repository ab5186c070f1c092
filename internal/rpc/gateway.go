// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/internal/pb/gateway"
)

// GatewayService is what the official client SDKs call.
const GatewayService = "gateway.Gateway"

// EventsStream is the server side of ChaincodeEvents.
type EventsStream = grpc.ServerStreamingServer[gateway.ChaincodeEventsResponse]

// EventsClientStream is its client side.
type EventsClientStream = grpc.ServerStreamingClient[gateway.ChaincodeEventsResponse]

// GatewayServer endorses, evaluates and submits for a client.
type GatewayServer interface {
	Endorse(context.Context, *gateway.EndorseRequest) (*gateway.EndorseResponse, error)
	Submit(context.Context, *gateway.SubmitRequest) (*gateway.SubmitResponse, error)
	CommitStatus(context.Context, *gateway.SignedCommitStatusRequest) (*gateway.CommitStatusResponse, error)
	Evaluate(context.Context, *gateway.EvaluateRequest) (*gateway.EvaluateResponse, error)
	ChaincodeEvents(*gateway.SignedChaincodeEventsRequest, EventsStream) error
}

// RegisterGatewayServer serves gateway.Gateway.
func RegisterGatewayServer(s grpc.ServiceRegistrar, srv GatewayServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: GatewayService,
		HandlerType: (*GatewayServer)(nil),
		Methods: []grpc.MethodDesc{
			unaryMethod(GatewayService, "Endorse", GatewayServer.Endorse),
			unaryMethod(GatewayService, "Submit", GatewayServer.Submit),
			unaryMethod(GatewayService, "CommitStatus", GatewayServer.CommitStatus),
			unaryMethod(GatewayService, "Evaluate", GatewayServer.Evaluate),
		},
		Streams: []grpc.StreamDesc{serverStreamMethod("ChaincodeEvents", GatewayServer.ChaincodeEvents)},
	}, srv)
}

// GatewayClient talks to one peer's gateway.
type GatewayClient struct{ cc grpc.ClientConnInterface }

// NewGatewayClient calls gateway.Gateway over cc.
func NewGatewayClient(cc grpc.ClientConnInterface) GatewayClient { return GatewayClient{cc} }

// Endorse collects endorsements and returns the unsigned transaction.
func (c GatewayClient) Endorse(ctx context.Context, in *gateway.EndorseRequest, opts ...grpc.CallOption) (*gateway.EndorseResponse, error) {
	return invoke[gateway.EndorseResponse](ctx, c.cc, GatewayService, "Endorse", in, opts)
}

// Submit sends a signed transaction to the orderer.
func (c GatewayClient) Submit(ctx context.Context, in *gateway.SubmitRequest, opts ...grpc.CallOption) (*gateway.SubmitResponse, error) {
	return invoke[gateway.SubmitResponse](ctx, c.cc, GatewayService, "Submit", in, opts)
}

// CommitStatus blocks until the transaction stands in a block.
func (c GatewayClient) CommitStatus(ctx context.Context, in *gateway.SignedCommitStatusRequest, opts ...grpc.CallOption) (*gateway.CommitStatusResponse, error) {
	return invoke[gateway.CommitStatusResponse](ctx, c.cc, GatewayService, "CommitStatus", in, opts)
}

// Evaluate runs a proposal on one peer; the answer is unsigned.
func (c GatewayClient) Evaluate(ctx context.Context, in *gateway.EvaluateRequest, opts ...grpc.CallOption) (*gateway.EvaluateResponse, error) {
	return invoke[gateway.EvaluateResponse](ctx, c.cc, GatewayService, "Evaluate", in, opts)
}

// ChaincodeEvents streams the events of valid transactions.
func (c GatewayClient) ChaincodeEvents(ctx context.Context, in *gateway.SignedChaincodeEventsRequest, opts ...grpc.CallOption) (EventsClientStream, error) {
	return openServerStream[gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse](ctx, c.cc, GatewayService, "ChaincodeEvents", in, opts)
}
