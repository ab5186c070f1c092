// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// AtomicBroadcastService is the orderer's service.
const AtomicBroadcastService = "orderer.AtomicBroadcast"

// Streams of the ordering service.
type (
	BroadcastStream            = grpc.BidiStreamingServer[common.Envelope, orderer.BroadcastResponse]
	BroadcastClientStream      = grpc.BidiStreamingClient[common.Envelope, orderer.BroadcastResponse]
	OrdererDeliverStream       = grpc.BidiStreamingServer[common.Envelope, orderer.DeliverResponse]
	OrdererDeliverClientStream = grpc.BidiStreamingClient[common.Envelope, orderer.DeliverResponse]
)

// AtomicBroadcastServer orders envelopes and serves blocks.
type AtomicBroadcastServer interface {
	Broadcast(BroadcastStream) error
	Deliver(OrdererDeliverStream) error
}

// RegisterAtomicBroadcastServer serves orderer.AtomicBroadcast.
func RegisterAtomicBroadcastServer(s grpc.ServiceRegistrar, srv AtomicBroadcastServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: AtomicBroadcastService,
		HandlerType: (*AtomicBroadcastServer)(nil),
		Streams: []grpc.StreamDesc{
			bidiMethod("Broadcast", AtomicBroadcastServer.Broadcast),
			bidiMethod("Deliver", AtomicBroadcastServer.Deliver),
		},
	}, srv)
}

// AtomicBroadcastClient talks to one orderer.
type AtomicBroadcastClient struct{ cc grpc.ClientConnInterface }

// NewAtomicBroadcastClient calls orderer.AtomicBroadcast over cc.
func NewAtomicBroadcastClient(cc grpc.ClientConnInterface) AtomicBroadcastClient {
	return AtomicBroadcastClient{cc}
}

// Broadcast sends envelopes; each is answered by a status.
func (c AtomicBroadcastClient) Broadcast(ctx context.Context, opts ...grpc.CallOption) (BroadcastClientStream, error) {
	return openBidi[common.Envelope, orderer.BroadcastResponse](ctx, c.cc, AtomicBroadcastService, "Broadcast", opts)
}

// Deliver streams blocks from the orderer.
func (c AtomicBroadcastClient) Deliver(ctx context.Context, opts ...grpc.CallOption) (OrdererDeliverClientStream, error) {
	return openBidi[common.Envelope, orderer.DeliverResponse](ctx, c.cc, AtomicBroadcastService, "Deliver", opts)
}
