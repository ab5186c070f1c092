// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Session opens an attested session with a chaincode enclave (REG-5, INV-9): it
// takes a serialised SessionHello and returns a serialised SessionAccept. As long
// as it holds the session, the ledger enclave serves that chaincode: once the
// chaincode is defined for enclaves, it stops rather than go on without knowing its
// state. Any genuine enclave may say that it is of any chaincode, so what it says
// costs no more than its session does, and stops nobody for a chaincode whose
// state belongs to no enclaves. Codes: not_joined, malformed, tainted, and those of
// transport/session.
func (e *Enclave) Session(_ context.Context, hello []byte) ([]byte, error) {
	const step = "INV-9"
	l, err := e.joined(step)
	if err != nil {
		return nil, err
	}
	m := &fpc.SessionHello{}
	if err := protocol.Unmarshal(step, "hello", hello, m); err != nil {
		return nil, err
	}
	chaincode := m.GetValues().GetChaincodeId()
	if err := lifecycle.CheckName(chaincode); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeMalformed, "hello: %w", err)
	}
	if err := l.checkServed(step, chaincode); err != nil {
		return nil, err
	}
	// This side has no clock, and judges no validity: the enclave's evidence need
	// be genuine only.
	accept, err := l.sessions.Accept(hello, time.Time{})
	if err != nil {
		return nil, err
	}
	return accept, l.checkServed(step, chaincode) // a block may have come in between
}

func (l *ledger) checkServed(step, chaincode string) error {
	if l.index.Newest().Tainted(chaincode) {
		return protocol.Errorf(step, CodeTainted, "the state of %q is unknown: its own validation plugin judged a transaction that wrote there", chaincode)
	}
	return nil
}

// Ask answers a request on a session: it takes and returns a serialised
// SessionFrame. What is wrong with the session is an error; what is wrong with
// the request in it is the answer's failure, authentic as any answer.
func (e *Enclave) Ask(_ context.Context, frame []byte) ([]byte, error) {
	const step = "INV-9"
	l, err := e.joined(step)
	if err != nil {
		return nil, err
	}
	request, err := l.sessions.Open(frame)
	if err != nil {
		return nil, err
	}
	req, answer := &fpc.LedgerRequest{}, &fpc.LedgerAnswer{}
	if err := protocol.Unmarshal(step, "request", request.Body(), req); err != nil {
		answer.Failure = protocol.Failure(err)
	} else {
		answer = l.answer(req)
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(answer)
	if err != nil {
		// Keys that are not UTF-8 cannot come in, nor get into the index.
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode an answer: %w", err)
	}
	return request.Reply(body)
}
