// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// respond seals and signs the chaincode's answer: ccrsp_msg, serialised (INV-15,
// INV-16). A status of 400 and above makes an error response, which carries
// nothing that could be replayed, and tells nothing of what was written, not even
// by its steps. So does a result that is too large.
func (run *invocation) respond(answer *shim.Response, log *steps) ([]byte, error) {
	if answer.GetStatus() >= shim.ERRORTHRESHOLD {
		return run.fail(answer)
	}
	result, err := run.view.result(run, answer)
	if err != nil {
		return nil, err
	}
	response, err := encodeResponse(result)
	if err != nil {
		return nil, err
	}
	if limit := run.enclave.config.Limits.MaxResult; len(response) > limit {
		return run.fail(failed(protocol.Errorf("INV-15", protocol.CodeTooLarge,
			"the result has %d bytes, at most %d leave the enclave", len(response), limit)))
	}
	if len(run.stub.writes) > 0 {
		log.add(stepPut, chaincode, enclave, "putState")
	}
	return response, nil
}

func (run *invocation) fail(answer *shim.Response) ([]byte, error) {
	response, err := run.signed(answer, fpc.EnclaveResponse_ERROR)
	if err != nil {
		return nil, err
	}
	return encodeResponse(response)
}

func encodeResponse(m *fpc.Response) ([]byte, error) {
	out, err := proto.Marshal(m)
	if err != nil {
		return nil, protocol.Errorf("INV-17", protocol.CodeInternal, "encode ccrsp_msg: %w", err)
	}
	return out, nil
}

// signed makes a response that the enclave signs under its own labels: all
// errors, and results in Lite.
func (run *invocation) signed(answer *shim.Response, kind fpc.EnclaveResponse_Kind) (*fpc.Response, error) {
	s, p := run.state, run.proposal
	reads := run.stub.readSet()
	m := &fpc.EnclaveResponse{
		Kind:          kind,
		CcParams:      s.params,
		ChannelHash:   s.channelHash,
		EnclaveId:     s.id,
		ChaincodeEkId: s.keys.ekID,
		Generation:    s.keys.generation,
		TxId:          p.txID.String(),
		RequestHash:   p.requestHash[:],
	}
	decorations := protocol.DecorationsHash(run.decorations)
	exec := protocol.ComputeExec(protocol.ExecInputs{
		RequestHash:     p.requestHash,
		SignedProposal:  p.signed,
		DecorationsHash: decorations,
		Reads:           reads,
	})
	m.Exec = exec[:]
	if kind == fpc.EnclaveResponse_RESULT {
		m.SignedProposal, m.DecorationsHash, m.Rwset = p.signed, decorations, reads
		if err := run.stub.sealWrites(reads, p.txID, exec); err != nil {
			return nil, err
		}
		var err error
		if m.Event, err = run.sealEvent(exec); err != nil {
			return nil, err
		}
	}
	var err error
	if m.EncryptedResponse, err = run.sealAnswer(exec, answer); err != nil {
		return nil, err
	}
	return protocol.SignResponse(s.sk, m)
}

// sealEvent returns the event, its payload sealed; nil: there is none.
func (run *invocation) sealEvent(exec keys.Exec) (*fpc.Event, error) {
	event := run.stub.event
	if event == nil {
		return nil, nil
	}
	s, p := run.state, run.proposal
	sealed, err := s.keys.sek.SealEvent(keys.EventBinding{
		ChannelHash: s.channelHash,
		ChaincodeID: s.params.GetChaincodeId(),
		Generation:  s.keys.generation,
		Name:        event.GetEventName(),
		TxID:        p.txID,
		RequestHash: p.requestHash,
		Exec:        exec,
	}, run.enclave.config.Padding, event.GetPayload())
	if err != nil {
		return nil, protocol.Errorf("INV-15", protocol.CodeInternal, "seal the event: %w", err)
	}
	return &fpc.Event{Name: event.GetEventName(), Payload: sealed}, nil
}

func (run *invocation) sealAnswer(exec keys.Exec, answer *shim.Response) ([]byte, error) {
	s, p := run.state, run.proposal
	sealed, err := protocol.SealResponse(run.rKey, keys.ResponseBinding{
		ChannelHash: s.channelHash,
		ChaincodeID: s.params.GetChaincodeId(),
		TxID:        p.txID,
		RequestHash: p.requestHash,
		Exec:        exec,
	}, run.enclave.config.Padding, &fpc.ClearResponse{
		Status:  answer.GetStatus(),
		Message: strings.ToValidUTF8(answer.GetMessage(), "\uFFFD"),
		Payload: answer.GetPayload(),
	})
	if err != nil {
		return nil, protocol.Errorf("INV-15", protocol.CodeInternal, "seal the answer: %w", err)
	}
	return sealed, nil
}
