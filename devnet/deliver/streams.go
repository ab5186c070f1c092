// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Deliver serves protos.Deliver/Deliver: whole blocks.
func (s *Server) Deliver(stream rpc.DeliverStream) error {
	return s.Serve(stream, EventBlock, peerBlocks{stream})
}

// DeliverFiltered serves protos.Deliver/DeliverFiltered: blocks without contents.
func (s *Server) DeliverFiltered(stream rpc.DeliverStream) error {
	return s.Serve(stream, EventFilteredBlock, peerFiltered{stream})
}

// DeliverOrdered serves orderer.AtomicBroadcast/Deliver.
func (s *Server) DeliverOrdered(stream rpc.OrdererDeliverStream) error {
	return s.Serve(stream, OrdererDeliver, ordererBlocks{stream})
}

type peerBlocks struct{ rpc.DeliverStream }

func (p peerBlocks) Status(status common.Status) error {
	return p.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_Status{Status: status}})
}

func (p peerBlocks) Block(block *common.Block) error {
	return p.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_Block{Block: block}})
}

type peerFiltered struct{ rpc.DeliverStream }

func (p peerFiltered) Status(status common.Status) error { return peerBlocks(p).Status(status) }

func (p peerFiltered) Block(block *common.Block) error {
	return p.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_FilteredBlock{FilteredBlock: Filtered(block)}})
}

type ordererBlocks struct{ rpc.OrdererDeliverStream }

func (o ordererBlocks) Status(status common.Status) error {
	return o.Send(&orderer.DeliverResponse{Type: &orderer.DeliverResponse_Status{Status: status}})
}

func (o ordererBlocks) Block(block *common.Block) error {
	return o.Send(&orderer.DeliverResponse{Type: &orderer.DeliverResponse_Block{Block: block}})
}
