// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"

	"google.golang.org/grpc/codes"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Submit hands a signed transaction to an orderer. Success says that the
// orderer took it, not that it is or will be committed.
func (s *Server) Submit(ctx context.Context, request *gateway.SubmitRequest) (*gateway.SubmitResponse, error) {
	tx := request.GetPreparedTransaction()
	switch {
	case tx == nil:
		return nil, failure(codes.InvalidArgument, "a prepared transaction is required")
	case len(tx.GetSignature()) == 0:
		return nil, failure(codes.InvalidArgument, "prepared transaction must be signed")
	}
	orderers := s.Network.Orderers(request.GetChannelId())
	if len(orderers) == 0 {
		return nil, failure(codes.Unavailable, "no orderer nodes available")
	}
	var details []*gateway.ErrorDetail
	for _, i := range rand.Perm(len(orderers)) {
		o := orderers[i]
		response, err := broadcast(ctx, o, tx)
		switch {
		case ctx.Err() != nil:
			return nil, failure(codes.DeadlineExceeded, "submit timeout expired while broadcasting to ordering service", details...)
		case err != nil:
			details = append(details, &gateway.ErrorDetail{Address: o.Address, MspId: o.MSPID, Message: err.Error()})
		case response.GetStatus() == common.Status_SUCCESS:
			return &gateway.SubmitResponse{}, nil
		case response.GetStatus() >= 400 && response.GetStatus() < 500:
			return nil, failure(codes.Aborted, fmt.Sprintf("received unsuccessful response from orderer: status=%s, info=%s", response.GetStatus(), response.GetInfo()))
		default:
			s.Log.Info("orderer did not take a transaction", "orderer", o.Address, "status", response.GetStatus(), "info", response.GetInfo())
		}
	}
	return nil, failure(codes.Unavailable, "no orderers could successfully process transaction", details...)
}

func broadcast(ctx context.Context, o Orderer, tx *common.Envelope) (*orderer.BroadcastResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, broadcastTimeout)
	defer cancel()
	stream, err := rpc.NewAtomicBroadcastClient(o.Conn).Broadcast(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(tx); err != nil {
		return nil, err
	}
	return stream.Recv()
}
