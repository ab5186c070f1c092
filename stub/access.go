// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace"
)

// Limits of one answer to a range: both keep a frame small and the enclave
// busy. One row always goes, however large.
const (
	maxRows     = 100
	maxRowBytes = 1 << 20
	// maxRanges bounds the ranges that one invocation holds open.
	maxRanges = 1000
)

// access serves the state accesses of one invocation from the peer (EX-1, EX-3).
// It only reads. The transport calls serve one at a time.
type access struct {
	stub   *Stub
	peer   shim.ChaincodeStubInterface
	step   string // of the call that the accesses belong to
	ranges map[string]shim.StateQueryIteratorInterface
	opened int
}

func newAccess(s *Stub, peer shim.ChaincodeStubInterface, step string) *access {
	return &access{stub: s, peer: peer, step: step, ranges: map[string]shim.StateQueryIteratorInterface{}}
}

// close frees what the invocation left open.
func (a *access) close() {
	for _, rows := range a.ranges {
		rows.Close()
	}
	a.ranges = nil
}

func (a *access) serve(ctx context.Context, request []byte) ([]byte, error) {
	m := &fpc.StateRequest{}
	if err := proto.Unmarshal(request, m); err != nil {
		return nil, fmt.Errorf("state access does not decode: %w", err)
	}
	a.stub.recordSteps(m.GetSteps(), a.peer.GetTxID())
	a.received(m)
	response, err := a.both(ctx, m)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(response)
}

// both asks the peer and, at the same time, the ledger enclave, where a request
// has something for it (Full).
func (a *access) both(ctx context.Context, m *fpc.StateRequest) (*fpc.StateResponse, error) {
	if len(m.GetLedger()) == 0 {
		return a.answer(ctx, m)
	}
	end := a.stub.ledger.relay(ctx, a.traced(ledgerAsk, a.step), m.GetLedger())
	response, err := &fpc.StateResponse{}, error(nil)
	if m.GetRequest() != nil {
		response, err = a.answer(ctx, m)
	}
	frame, failed := end()
	if err != nil {
		return nil, err
	}
	response.Ledger, response.LedgerFailed = frame, failed
	return response, nil
}

func (a *access) answer(ctx context.Context, m *fpc.StateRequest) (*fpc.StateResponse, error) {
	switch r := m.GetRequest().(type) {
	case *fpc.StateRequest_OpenSession:
		return a.openSession(ctx, r.OpenSession.GetHello()), nil
	case *fpc.StateRequest_AwaitBlock:
		return a.awaitBlock(ctx, r.AwaitBlock)
	case *fpc.StateRequest_Get:
		values, err := a.peer.GetMultipleStates(r.Get.GetKeys()...)
		return &fpc.StateResponse{Values: values}, err
	case *fpc.StateRequest_OpenRange:
		return a.open(r.OpenRange)
	case *fpc.StateRequest_NextRows:
		return a.next(r.NextRows.GetId())
	case *fpc.StateRequest_CloseRange:
		return &fpc.StateResponse{}, a.drop(r.CloseRange.GetId())
	case *fpc.StateRequest_GetMetadata:
		policy, err := a.peer.GetStateValidationParameter(r.GetMetadata.GetKey())
		return &fpc.StateResponse{Metadata: policy}, err
	}
	return nil, fmt.Errorf("state access of unknown kind %T", m.GetRequest())
}

// openSession hands the enclave's hello to the ledger enclave (REG-5, INV-9), and
// says what time it is.
func (a *access) openSession(ctx context.Context, hello []byte) *fpc.StateResponse {
	accept, failed := a.stub.ledger.relay(ctx, a.traced(ledgerSession, a.sessionStep()), hello)()
	return &fpc.StateResponse{Accept: accept, LedgerFailed: failed, Time: time.Now().Unix()}
}

// awaitBlock waits as long as the ledger host lets it.
func (a *access) awaitBlock(ctx context.Context, m *fpc.AwaitBlock) (*fpc.StateResponse, error) {
	request, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	_, err = a.stub.ledger.call(ctx, ledgerAwait, request)
	return &fpc.StateResponse{}, err
}

func (a *access) open(r *fpc.OpenRange) (*fpc.StateResponse, error) {
	raw, ok := a.peer.(shim.RawRangeStub)
	if !ok {
		return nil, fmt.Errorf("%w: ranges", shim.ErrUnsupported)
	}
	if r.GetPageSize() != 0 {
		return nil, fmt.Errorf("%w: pages, an enclave cuts them itself", shim.ErrUnsupported)
	}
	if len(a.ranges) >= maxRanges {
		return nil, fmt.Errorf("%d ranges are open: close some", maxRanges)
	}
	rows, err := raw.GetRawStateByRange(r.GetStart(), r.GetEnd())
	if err != nil {
		return nil, err
	}
	a.opened++
	id := strconv.Itoa(a.opened)
	a.ranges[id] = rows
	return a.next(id)
}

// next answers the next rows of an open range, and closes it at its end.
func (a *access) next(id string) (*fpc.StateResponse, error) {
	rows, ok := a.ranges[id]
	if !ok {
		return nil, fmt.Errorf("no open range %.16q", id)
	}
	response := &fpc.StateResponse{Id: id}
	for bytes := 0; rows.HasNext() && len(response.Rows) < maxRows && bytes < maxRowBytes; {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		response.Rows = append(response.Rows, &fpc.Row{Key: row.GetKey(), Value: row.GetValue()})
		bytes += len(row.GetKey()) + len(row.GetValue())
	}
	if response.HasMore = rows.HasNext(); !response.HasMore {
		return response, a.drop(id)
	}
	return response, nil
}

// drop closes a range; one that is closed already is none's business.
func (a *access) drop(id string) error {
	rows, ok := a.ranges[id]
	if !ok {
		return nil
	}
	delete(a.ranges, id)
	return rows.Close()
}

// received records a request, before anybody else hears of it.
func (a *access) received(m *fpc.StateRequest) {
	record := func(step, what string) { a.stub.record(step, "enclave", what, a.peer.GetTxID()) }
	switch m.GetRequest().(type) {
	case *fpc.StateRequest_OpenSession:
		record(a.sessionStep(), "session hello")
	case *fpc.StateRequest_Get:
		record("EX-1", "getState")
	case *fpc.StateRequest_OpenRange:
		record("EX-3", "getStateByRange")
	case *fpc.StateRequest_GetMetadata:
		record("EX-1", "getMetadata")
	}
}

// sessionStep is the step of a session: the first one that an enclave makes is part
// of its registration.
func (a *access) sessionStep() string {
	if a.step == "REG-3" {
		return "REG-5"
	}
	return "INV-9"
}

// traced is a method of the ledger host's socket, with what it needs to record
// the call, where this stub records its own.
func (a *access) traced(method, step string) string {
	if a.stub.config.Trace == trace.Nop {
		return method
	}
	return method + " " + step + " " + a.peer.GetTxID()
}
