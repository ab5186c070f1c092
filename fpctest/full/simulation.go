// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

import (
	"cmp"
	"context"
	"errors"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Access implements enclave.StateAccess on the peer's present state.
func (h *Host) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	return h.Simulate().Access(ctx, req)
}

// Simulate begins a simulation: one state for all accesses of an invocation.
func (h *Host) Simulate() *Simulation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &Simulation{host: h, state: h.state, ranges: make(map[string][]*fpc.Row)}
}

// Simulation is a peer's state as one transaction sees it, with the ledger enclave
// beside it. It implements enclave.StateAccess.
type Simulation struct {
	host   *Host
	state  *peerState
	ranges map[string][]*fpc.Row
}

var _ enclave.StateAccess = (*Simulation)(nil)

// Access answers the enclave.
func (s *Simulation) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	resp, err := s.answer(ctx, req)
	if err != nil {
		return nil, err
	}
	if frame := req.GetLedger(); len(frame) != 0 {
		if resp.Ledger, err = s.host.Ledger.Ask(ctx, frame); err != nil {
			resp.LedgerFailed = failureOf(err)
		}
	}
	if s.host.Lie != nil {
		if err := s.host.Lie(req, resp); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func (s *Simulation) answer(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	resp := &fpc.StateResponse{}
	switch r := req.GetRequest().(type) {
	case nil:
	case *fpc.StateRequest_OpenSession:
		accept, err := s.host.Ledger.Session(ctx, r.OpenSession.GetHello())
		if err != nil {
			resp.LedgerFailed = failureOf(err)
		}
		resp.Accept, resp.Time = accept, s.host.Clock
	case *fpc.StateRequest_AwaitBlock:
		if s.host.Await != nil {
			s.host.Await(r.AwaitBlock.GetAbove())
		}
	case *fpc.StateRequest_Get:
		for _, key := range r.Get.GetKeys() {
			resp.Values = append(resp.Values, s.state.values[key])
		}
	case *fpc.StateRequest_GetMetadata:
		resp.Metadata = s.state.policies[r.GetMetadata.GetKey()]
	case *fpc.StateRequest_OpenRange:
		s.ranges["r"] = s.state.scan(r.OpenRange.GetStart(), r.OpenRange.GetEnd())
		s.next(resp)
	case *fpc.StateRequest_NextRows:
		s.next(resp)
	case *fpc.StateRequest_CloseRange:
		delete(s.ranges, "r")
	default:
		return nil, errors.New("an access of no kind")
	}
	return resp, nil
}

// failureOf is why a ledger enclave gave no answer, in whichever process it is.
func failureOf(err error) *fpc.Failure {
	f := protocol.Failure(err)
	f.Code = cmp.Or(string(protocol.CodeOf(err)), f.Code)
	return f
}

// batch is how many rows one answer to a range holds: few, so that ranges take
// several.
const batch = 3

func (s *Simulation) next(resp *fpc.StateResponse) {
	rows := s.ranges["r"]
	n := min(batch, len(rows))
	resp.Id, resp.Rows, s.ranges["r"] = "r", rows[:n], rows[n:]
	resp.HasMore = n < len(rows)
}
