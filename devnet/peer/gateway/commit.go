// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/acl"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// CommitStatus tells the verdict on a transaction and its block, of invalid
// transactions too; it blocks until the transaction stands in a block.
func (s *Server) CommitStatus(ctx context.Context, signed *gateway.SignedCommitStatusRequest) (*gateway.CommitStatusResponse, error) {
	if len(signed.GetRequest()) == 0 {
		return nil, failure(codes.InvalidArgument, "a commit status request is required")
	}
	var request gateway.CommitStatusRequest
	if err := proto.Unmarshal(signed.GetRequest(), &request); err != nil {
		return nil, failure(codes.InvalidArgument, "invalid status request: "+err.Error())
	}
	claim := policy.SignedData{Data: signed.GetRequest(), Identity: request.GetIdentity(), Signature: signed.GetSignature()}
	l, err := s.open(acl.CommitStatus, request.GetChannelId(), claim)
	if err != nil {
		return nil, err
	}
	status, err := l.WaitTx(ctx, request.GetTransactionId())
	switch {
	case ctx.Err() != nil:
		return nil, grpcstatus.FromContextError(ctx.Err()).Err()
	case err != nil:
		return nil, failure(codes.Aborted, err.Error())
	}
	return &gateway.CommitStatusResponse{Result: status.Code, BlockNumber: status.Block}, nil
}

// open checks the caller and returns the channel's ledger.
func (s *Server) open(resource, channelID string, claim policy.SignedData) (*ledger.Ledger, error) {
	if err := s.Access(resource, channelID, claim); err != nil {
		return nil, failure(codes.PermissionDenied, err.Error())
	}
	l, ok := s.Channel(channelID)
	if !ok {
		return nil, failure(codes.NotFound, fmt.Sprintf("channel '%s' not found", channelID))
	}
	return l, nil
}

// ChaincodeEvents streams the events of a chaincode's valid transactions, a
// message per block that has any, from a block on or after a transaction, until
// the client hangs up.
func (s *Server) ChaincodeEvents(signed *gateway.SignedChaincodeEventsRequest, stream rpc.EventsStream) error {
	if len(signed.GetRequest()) == 0 {
		return failure(codes.InvalidArgument, "a chaincode events request is required")
	}
	var request gateway.ChaincodeEventsRequest
	if err := proto.Unmarshal(signed.GetRequest(), &request); err != nil {
		return failure(codes.InvalidArgument, "invalid chaincode events request: "+err.Error())
	}
	claim := policy.SignedData{Data: signed.GetRequest(), Identity: request.GetIdentity(), Signature: signed.GetSignature()}
	l, err := s.open(acl.ChaincodeEvents, request.GetChannelId(), claim)
	if err != nil {
		return err
	}
	number, err := startBlock(l, &request)
	if err != nil {
		return err
	}
	wanted := matcher(&request)
	for ctx := stream.Context(); ; number++ {
		if err := l.WaitHeight(ctx, number+1); err != nil {
			return failure(codes.Aborted, err.Error())
		}
		block, err := l.Block(number)
		if err != nil {
			return failure(codes.Aborted, err.Error())
		}
		all, err := deliver.Events(block)
		if err != nil {
			return failure(codes.Aborted, err.Error())
		}
		var events []*peer.ChaincodeEvent
		for _, e := range all {
			if wanted(e) {
				events = append(events, e)
			}
		}
		if len(events) == 0 {
			continue
		}
		if err := stream.Send(&gateway.ChaincodeEventsResponse{Events: events, BlockNumber: number}); err != nil {
			return err
		}
	}
}

// startBlock is the block that the stream begins with: that of the transaction
// after which to resume if it is known, else the position, else the next block.
func startBlock(l *ledger.Ledger, request *gateway.ChaincodeEventsRequest) (uint64, error) {
	if after := request.GetAfterTransactionId(); after != "" {
		status, err := l.TxStatus(after)
		if err == nil {
			return status.Block, nil
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return 0, failure(codes.Aborted, err.Error())
		}
	}
	switch seek := request.GetStartPosition().GetType().(type) {
	case nil, *orderer.SeekPosition_NextCommit:
		return l.Height(), nil
	case *orderer.SeekPosition_Specified:
		return seek.Specified.GetNumber(), nil
	default:
		return 0, failure(codes.InvalidArgument, fmt.Sprintf("invalid start position type: %T", seek))
	}
}

// matcher tells which events are sent: the chaincode's, and if the client
// resumes only those that follow its last transaction.
func matcher(request *gateway.ChaincodeEventsRequest) func(*peer.ChaincodeEvent) bool {
	resumed := request.GetAfterTransactionId() == ""
	return func(e *peer.ChaincodeEvent) bool {
		if !resumed {
			resumed = e.GetTxId() == request.GetAfterTransactionId()
			return false
		}
		return e.GetChaincodeId() == request.GetChaincodeId()
	}
}
