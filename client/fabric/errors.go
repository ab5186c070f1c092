// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// UnreachableError says that a server did not answer. It is not the error of a call
// whose context was canceled: that one wraps the context's cause.
type UnreachableError struct {
	Server string // "peer 127.0.0.1:7051", "orderer 127.0.0.1:7050"
	Err    error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s cannot be reached (%v); is the network up, and are address and TLS root certificate right?", e.Server, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// RejectedError says that a server answered and refused.
type RejectedError struct {
	Server  string
	Status  int32  // Fabric's status: 500 and the like; 0 for a refused gRPC call
	Message string // the server's words
}

func (e *RejectedError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s refused: %s", e.Server, e.Message)
	}
	return fmt.Sprintf("%s refused with status %d: %s", e.Server, e.Status, e.Message)
}

// NotCommittedError says that a transaction stands in its block as invalid, or
// that the wait for its commit ended first.
type NotCommittedError struct {
	TxID  string
	Code  peer.TxValidationCode // VALID if Err says why nothing is known
	Block uint64
	Err   error
}

func (e *NotCommittedError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("transaction %s: its commit was not seen: %v; it may still be committed, ask for its status before a retry", e.TxID, e.Err)
	}
	return fmt.Sprintf("transaction %s stands in block %d as invalid: %s", e.TxID, e.Block, e.Code)
}

func (e *NotCommittedError) Unwrap() error { return e.Err }

// DisagreementError says that peers answered one proposal differently.
type DisagreementError struct {
	TxID    string
	Servers []string
}

func (e *DisagreementError) Error() string {
	return fmt.Sprintf("transaction %s: %v answered differently, so no transaction can be formed; retry, or compare their ledgers and chaincodes", e.TxID, e.Servers)
}

// callError sorts a gRPC error into unreachable and rejected. A call that its
// caller ended says nothing about the server: see ended.
func callError(ctx context.Context, server string, err error) error {
	var known interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &known) {
		return &UnreachableError{Server: server, Err: err}
	}
	s := known.GRPCStatus()
	switch s.Code() {
	case codes.Canceled:
		if errors.Is(ctx.Err(), context.Canceled) {
			return ended(ctx, server)
		}
		return &UnreachableError{Server: server, Err: errors.New(s.Message())}
	case codes.Unavailable, codes.DeadlineExceeded:
		return &UnreachableError{Server: server, Err: errors.New(s.Message())}
	}
	return &RejectedError{Server: server, Message: s.Message()}
}

// ended is the error of a call whose context was canceled, with the cause.
func ended(ctx context.Context, server string) error {
	return fmt.Errorf("%s: the call was ended: %w", server, context.Cause(ctx))
}
