// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// detailType is Fabric's name of ErrorDetail, by which SDKs know it; our
// messages live under a package name of their own.
const detailType = "type.googleapis.com/gateway.ErrorDetail"

// failure is a gRPC status with one detail per node that failed.
func failure(code codes.Code, message string, details ...*gateway.ErrorDetail) error {
	st := &status.Status{Code: int32(code), Message: message}
	for _, d := range details {
		raw, err := proto.Marshal(d)
		if err != nil {
			continue // without its details the status still says what failed
		}
		st.Details = append(st.Details, &anypb.Any{TypeUrl: detailType, Value: raw})
	}
	return grpcstatus.FromProto(st).Err()
}

// outcome is what an endorser's answer means to the gateway.
type outcome struct {
	code    codes.Code
	message string
	// retry tells whether another peer might answer better.
	retry bool
}

// judge tells apart a peer that cannot be reached, one that refuses the
// proposal, one that failed to process it, and a chaincode that refused.
func judge(response *peer.ProposalResponse, err error) outcome {
	switch {
	case err != nil && response == nil:
		return outcome{codes.Unavailable, err.Error(), true}
	case err != nil:
		return outcome{codes.FailedPrecondition, err.Error(), false}
	}
	status := response.GetResponse().GetStatus()
	switch {
	case status >= 200 && status < 400:
		return outcome{code: codes.OK}
	case response.GetPayload() == nil && status == 500:
		return outcome{codes.Aborted, response.GetResponse().GetMessage(), true}
	default:
		return outcome{codes.Unknown, fmt.Sprintf("chaincode response %d, %s", status, response.GetResponse().GetMessage()), false}
	}
}
