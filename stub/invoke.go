// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// chaincodeInvoke has the enclave run a proposal (INV-7, INV-8) and returns
// ccrsp_msg (INV-17), also where the chaincode failed: its error is sealed. It
// never writes, so submitting it as a transaction changes nothing (attack 7).
//
// Codes: bad_arguments, transient_data, timeout, enclave_ended, and the
// enclave's.
func (s *Stub) chaincodeInvoke(c call) ([]byte, error) {
	if _, err := protocol.ParseInvoke(c.args); err != nil {
		return nil, err
	}
	request, err := invokeRequest(c)
	if err != nil {
		return nil, err
	}
	if err := s.acquire(c.ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.slots }()
	access := newAccess(s, c.peer, "INV-8")
	defer access.close()
	before := s.stores.Load()
	response := &fpc.InvokeResponse{}
	if err := s.askServing(c.ctx, "INV-8", methodInvoke, request, response, access.serve); err != nil {
		s.endIfStuck(c.ctx)
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	s.keepHead(before, response.GetSealedState())
	s.record("INV-17", "enclave", "ccrsp_msg", c.peer.GetTxID())
	return response.GetResponse(), nil
}

func invokeRequest(c call) (*fpc.InvokeRequest, error) {
	const step = "INV-7"
	transient, err := c.peer.GetTransient()
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "read the transient map: %w", err)
	}
	if len(transient) != 0 {
		return nil, protocol.Errorf(step, protocol.CodeTransientData, "the proposal carries transient data, which would stand on the ledger")
	}
	signed, err := c.peer.GetSignedProposal()
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "read the proposal: %w", err)
	}
	proposal, err := proto.Marshal(signed)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode the proposal: %w", err)
	}
	return &fpc.InvokeRequest{
		SignedProposal: proposal,
		ChannelId:      c.peer.GetChannelID(),
		TxId:           c.peer.GetTxID(),
		Decorations:    c.peer.GetDecorations(),
	}, nil
}

// acquire waits for one of the places of running invocations.
func (s *Stub) acquire(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-s.done:
		return protocol.Errorf("INV-8", codeEnclaveEnded, "the enclave has ended").WithHint("try again: stub and enclave start anew")
	case <-ctx.Done():
		return protocol.Errorf("INV-8", codeTimeout, "%d invocations run already: %w", s.config.MaxInvocations, ctx.Err())
	}
}

// endIfStuck ends stub and enclave when an invocation has run out of time and as
// many hang in the enclave as may run: an enclave has no clock, and nothing else
// would stop them. A peer that went away and left its calls is no such reason.
func (s *Stub) endIfStuck(ctx context.Context) {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	if n := s.enclave.Abandoned(); n >= s.config.MaxInvocations {
		s.end(fmt.Errorf("%d invocations hang in the enclave", n))
	}
}
