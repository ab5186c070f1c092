// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Fabric's service names on a peer.
const (
	EndorserService         = "protos.Endorser"
	DeliverService          = "protos.Deliver"
	ChaincodeService        = "protos.Chaincode"
	ChaincodeSupportService = "protos.ChaincodeSupport"
)

// EndorserServer answers proposals.
type EndorserServer interface {
	ProcessProposal(context.Context, *peer.SignedProposal) (*peer.ProposalResponse, error)
}

// RegisterEndorserServer serves protos.Endorser.
func RegisterEndorserServer(s grpc.ServiceRegistrar, srv EndorserServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: EndorserService,
		HandlerType: (*EndorserServer)(nil),
		Methods:     []grpc.MethodDesc{unaryMethod(EndorserService, "ProcessProposal", EndorserServer.ProcessProposal)},
	}, srv)
}

// EndorserClient sends proposals to one peer.
type EndorserClient struct{ cc grpc.ClientConnInterface }

// NewEndorserClient calls protos.Endorser over cc.
func NewEndorserClient(cc grpc.ClientConnInterface) EndorserClient { return EndorserClient{cc} }

// ProcessProposal returns the peer's answer; a chaincode's refusal is in its status.
func (c EndorserClient) ProcessProposal(ctx context.Context, in *peer.SignedProposal, opts ...grpc.CallOption) (*peer.ProposalResponse, error) {
	return invoke[peer.ProposalResponse](ctx, c.cc, EndorserService, "ProcessProposal", in, opts)
}

// DeliverStream is the server side of a peer's deliver call; each envelope
// holds a signed SeekInfo.
type DeliverStream = grpc.BidiStreamingServer[common.Envelope, peer.DeliverResponse]

// DeliverClientStream is its client side.
type DeliverClientStream = grpc.BidiStreamingClient[common.Envelope, peer.DeliverResponse]

// DeliverServer streams a peer's blocks.
type DeliverServer interface {
	Deliver(DeliverStream) error
	DeliverFiltered(DeliverStream) error
}

// RegisterDeliverServer serves protos.Deliver.
func RegisterDeliverServer(s grpc.ServiceRegistrar, srv DeliverServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: DeliverService,
		HandlerType: (*DeliverServer)(nil),
		Streams: []grpc.StreamDesc{
			bidiMethod("Deliver", DeliverServer.Deliver),
			bidiMethod("DeliverFiltered", DeliverServer.DeliverFiltered),
		},
	}, srv)
}

// DeliverClient reads blocks from one peer.
type DeliverClient struct{ cc grpc.ClientConnInterface }

// NewDeliverClient calls protos.Deliver over cc.
func NewDeliverClient(cc grpc.ClientConnInterface) DeliverClient { return DeliverClient{cc} }

// Deliver streams whole blocks.
func (c DeliverClient) Deliver(ctx context.Context, opts ...grpc.CallOption) (DeliverClientStream, error) {
	return openBidi[common.Envelope, peer.DeliverResponse](ctx, c.cc, DeliverService, "Deliver", opts)
}

// DeliverFiltered streams transaction ids, verdicts and event names.
func (c DeliverClient) DeliverFiltered(ctx context.Context, opts ...grpc.CallOption) (DeliverClientStream, error) {
	return openBidi[common.Envelope, peer.DeliverResponse](ctx, c.cc, DeliverService, "DeliverFiltered", opts)
}

// ChaincodeStream carries the chaincode protocol, seen from the gRPC server.
type ChaincodeStream = grpc.BidiStreamingServer[peer.ChaincodeMessage, peer.ChaincodeMessage]

// ChaincodeClientStream carries it seen from the gRPC client.
type ChaincodeClientStream = grpc.BidiStreamingClient[peer.ChaincodeMessage, peer.ChaincodeMessage]

// ChaincodeServer is a chaincode as a service: the peer dials it.
type ChaincodeServer interface {
	Connect(ChaincodeStream) error
}

// RegisterChaincodeServer serves protos.Chaincode.
func RegisterChaincodeServer(s grpc.ServiceRegistrar, srv ChaincodeServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: ChaincodeService,
		HandlerType: (*ChaincodeServer)(nil),
		Streams:     []grpc.StreamDesc{bidiMethod("Connect", ChaincodeServer.Connect)},
	}, srv)
}

// ConnectChaincode opens the chaincode protocol to a chaincode that is a service.
func ConnectChaincode(ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption) (ChaincodeClientStream, error) {
	return openBidi[peer.ChaincodeMessage, peer.ChaincodeMessage](ctx, cc, ChaincodeService, "Connect", opts)
}

// ChaincodeSupportServer is the peer that launched chaincodes dial.
type ChaincodeSupportServer interface {
	Register(ChaincodeStream) error
}

// RegisterChaincodeSupportServer serves protos.ChaincodeSupport.
func RegisterChaincodeSupportServer(s grpc.ServiceRegistrar, srv ChaincodeSupportServer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: ChaincodeSupportService,
		HandlerType: (*ChaincodeSupportServer)(nil),
		Streams:     []grpc.StreamDesc{bidiMethod("Register", ChaincodeSupportServer.Register)},
	}, srv)
}

// RegisterChaincode opens the chaincode protocol from a launched chaincode to its peer.
func RegisterChaincode(ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption) (ChaincodeClientStream, error) {
	return openBidi[peer.ChaincodeMessage, peer.ChaincodeMessage](ctx, cc, ChaincodeSupportService, "Register", opts)
}
