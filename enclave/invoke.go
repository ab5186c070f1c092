// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"
	"maps"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// Invoke runs the chaincode on one proposal (INV-8 to INV-17). Before the
// request is open (INV-12) it refuses with an error for the host; from there on
// every failure goes to the client, sealed and signed under the error label.
//
// ctx is the host's time limit, the enclave has no clock. A chaincode that
// computes for ever ends with its process only; its state accesses fail at once.
//
// Codes: not_initialised, not_provisioned, those of INV-10 (see state.verify),
// unknown_key, request_refused, malformed, too_large.
func (e *Enclave) Invoke(ctx context.Context, req *fpc.InvokeRequest, host StateAccess) (*fpc.InvokeResponse, error) {
	s, err := e.initialised("INV-8")
	if err != nil {
		return nil, err
	}
	if s.keys == nil {
		return nil, protocol.Errorf("INV-8", protocol.CodeNotProvisioned, "enclave %.12s holds no keys of the chaincode", s.id)
	}
	log := &steps{}
	log.add("INV-8", stub, enclave, "chaincode_invoke")
	proposal, err := s.verify(req)
	if err != nil {
		return nil, about(req, err)
	}
	log.add("INV-10", enclave, enclave, "verify proposal")
	clear, rKey, err := protocol.OpenRequest(s.keys.dk, keys.RequestBinding{
		ChannelHash: s.channelHash,
		ChaincodeID: s.params.GetChaincodeId(),
		Creator:     proposal.creator,
	}, proposal.request)
	if err != nil {
		return nil, about(req, err)
	}
	log.add("INV-12", enclave, enclave, "open request")
	run := &invocation{enclave: e, state: s, proposal: proposal, rKey: rKey, decorations: maps.Clone(req.GetDecorations())}
	log.add("INV-14", enclave, chaincode, "invoke")
	outcome := run.execute(ctx, clear, &telling{host, log})
	if len(run.stub.writes) > 0 {
		log.add(stepPut, chaincode, enclave, "putState")
	}
	response, err := run.respond(outcome)
	if err != nil {
		return nil, about(req, err)
	}
	log.add("INV-15", enclave, enclave, "seal writes, event, response")
	log.add("INV-16", enclave, enclave, "sign")
	return &fpc.InvokeResponse{Response: response, Steps: log.take()}, nil
}

// about adds the transaction to an error.
func about(req *fpc.InvokeRequest, err error) error {
	return protocol.Wrap("INV-8", protocol.CodeInternal, err).WithTxID(req.GetTxId())
}

// invocation is one run of the chaincode.
type invocation struct {
	enclave     *Enclave
	state       *state
	proposal    *verifiedProposal
	rKey        keys.ResponseKey
	decorations map[string][]byte
	stub        *privateStub
}

// execute runs the chaincode (INV-14) and returns its answer. If the invocation
// failed whatever the chaincode answered, the answer is that failure.
func (run *invocation) execute(ctx context.Context, clear *fpc.ClearRequest, host StateAccess) *shim.Response {
	run.stub = &privateStub{
		Args:        clear.GetArgs(),
		ledger:      newLedger(ctx, run.enclave, run.state, host),
		proposal:    run.proposal,
		transient:   clear.GetTransient(),
		decorations: run.decorations,
	}
	var answer *shim.Response
	if len(clear.GetRequiredLedgerInstance()) != 0 {
		answer = failed(protocol.Errorf("INV-13", CodeNoLedger, "the request asks for a ledger enclave, and this enclave has none"))
	} else {
		answer = call(run.enclave.config.Chaincode, run.stub)
	}
	if err := run.stub.end(); err != nil {
		return failed(err)
	}
	return answer
}

// call runs the chaincode's Invoke. What a panic says may hold other people's
// secrets, so nobody is told.
func call(cc shim.Chaincode, stub *privateStub) (answer *shim.Response) {
	defer func() {
		if recover() != nil {
			answer = failed(protocol.Errorf("INV-14", CodePanicked, "the chaincode panicked"))
		}
	}()
	answer = cc.Invoke(stub)
	if answer == nil {
		answer = failed(protocol.Errorf("INV-14", protocol.CodeInternal, "the chaincode gave no answer"))
	}
	return answer
}

func failed(err error) *shim.Response {
	return &shim.Response{Status: shim.ERROR, Message: err.Error()}
}
