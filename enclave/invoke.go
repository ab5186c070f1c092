// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
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
	view, err := e.look(ctx, s, proposal, req, host, log)
	if err != nil {
		return nil, about(req, err)
	}
	clear, rKey, err := s.openRequest(proposal)
	if err != nil {
		return nil, about(req, err)
	}
	log.add("INV-12", enclave, enclave, "open request")
	run := &invocation{enclave: e, state: s, proposal: proposal, rKey: rKey, view: view, decorations: maps.Clone(req.GetDecorations())}
	outcome, err := run.settled(ctx, clear, log)
	if err != nil {
		return nil, about(req, err)
	}
	response, err := run.respond(outcome, log)
	if err != nil {
		return nil, about(req, err)
	}
	log.add("INV-15", enclave, enclave, "seal writes, event, response")
	log.add("INV-16", enclave, enclave, "sign")
	sealed, err := e.sealHead(ctx, s)
	if err != nil {
		return nil, about(req, err)
	}
	return &fpc.InvokeResponse{Response: response, Steps: log.take(), SealedState: sealed}, nil
}

// openRequest is INV-12. Codes: unknown_key, request_refused, malformed.
func (s *state) openRequest(p *verifiedProposal) (*fpc.ClearRequest, keys.ResponseKey, error) {
	return protocol.OpenRequest(s.keys.dk, keys.RequestBinding{
		ChannelHash: s.channelHash,
		ChaincodeID: s.params.GetChaincodeId(),
		Creator:     p.creator,
	}, p.request)
}

// look makes the view of an invocation: the one place where the mode decides.
func (e *Enclave) look(ctx context.Context, s *state, p *verifiedProposal, req *fpc.InvokeRequest, host StateAccess, log *steps) (view, error) {
	host = &telling{host, log}
	if s.full == nil {
		if at := max(p.request.GetAtHeight(), p.request.GetMinHeight()); at != 0 {
			return nil, protocol.Errorf("INV-11", protocol.CodeWrongMode, "the request names height %d, and an enclave in Lite knows none", at)
		}
		return &liteView{hostView{ctx, host}}, nil
	}
	if len(req.GetDecorations()) != 0 {
		return nil, protocol.Errorf("INV-10", CodeDecorated, "the peer decorates proposals, and no two enclaves would agree on that").
			WithHint("take the decorators out of the peer's core.yaml (peer.handlers.decorators)")
	}
	return e.newFullView(ctx, s, p, host, log)
}

// settled runs the chaincode until its run counts.
func (run *invocation) settled(ctx context.Context, clear *fpc.ClearRequest, log *steps) (*shim.Response, error) {
	if run.state.full != nil {
		log.add("INV-13", enclave, enclave, "ledger enclave is the one required")
	}
	for {
		log.add("INV-14", enclave, chaincode, "invoke")
		outcome := run.execute(ctx, clear)
		again, err := run.view.settle()
		if err != nil {
			return nil, err
		}
		if !again {
			return outcome, nil
		}
	}
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
	view        view
	decorations map[string][]byte
	stub        *privateStub
}

// execute runs the chaincode (INV-14) and returns its answer. If the invocation
// failed whatever the chaincode answered, the answer is that failure.
func (run *invocation) execute(ctx context.Context, clear *fpc.ClearRequest) *shim.Response {
	run.stub = &privateStub{
		Args:        clear.GetArgs(),
		ledger:      newLedger(ctx, run.enclave, run.state, run.view),
		proposal:    run.proposal,
		transient:   clear.GetTransient(),
		decorations: run.decorations,
	}
	var answer *shim.Response
	if wanted := clear.GetRequiredLedgerInstance(); len(wanted) != 0 && !bytes.Equal(wanted, run.view.instance()) {
		answer = failed(protocol.Errorf("INV-13", CodeNoLedger, "the request asks for another ledger enclave than this enclave's, if it has one"))
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
