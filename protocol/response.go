// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// VerifiedResponse is an EnclaveResponse whose signature, form and exec were
// found good under an Enclave_VK. Whether that enclave is registered is another
// question (VAL-2).
type VerifiedResponse struct{ m *pb.EnclaveResponse }

// Message returns the response; it must not be changed.
func (r VerifiedResponse) Message() *pb.EnclaveResponse { return r.m }

// IsResult tells whether the enclave signed a result, not just a sealed error.
func (r VerifiedResponse) IsResult() bool { return r.m.GetKind() == pb.EnclaveResponse_RESULT }

// Binding is what the encrypted response is bound to.
func (r VerifiedResponse) Binding() (keys.ResponseBinding, error) { return responseBinding(r.m) }

// SignResponse makes ccrsp_msg (INV-16): the label, and so what the signature is
// good for, follows from the kind.
func SignResponse(sk keys.EnclaveSK, m *pb.EnclaveResponse) (*pb.Response, error) {
	const step = "INV-16"
	if err := checkResponse(step, m); err != nil {
		return nil, err
	}
	b, err := marshal(m)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the response: %w", err)
	}
	sig, err := sk.Sign(responseLabel(m.GetKind()), b)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "sign the response: %w", err)
	}
	return &pb.Response{Response: b, Signature: sig}, nil
}

// VerifyResponse checks ccrsp_msg against the key of the enclave that it should
// come from: signature under the label of its kind, enclave id, form, exec. The
// step (VAL-3, INV-22) is the caller's.
//
// Codes: malformed, bad_signature, wrong_enclave, bad_response, bad_exec.
func VerifyResponse(step string, vk keys.EnclaveVK, r *pb.Response) (VerifiedResponse, error) {
	m, err := ParseUnverifiedResponse(step, r)
	if err != nil {
		return VerifiedResponse{}, err
	}
	if m.GetEnclaveId() != vk.ID() {
		return VerifiedResponse{}, Errorf(step, CodeWrongEnclave, "response names enclave %.12s, expected %.12s", m.GetEnclaveId(), vk.ID())
	}
	if err := vk.Verify(responseLabel(m.GetKind()), r.GetResponse(), r.GetSignature()); err != nil {
		return VerifiedResponse{}, Errorf(step, CodeBadSignature, "enclave %.12s did not sign this response: %w", vk.ID(), err)
	}
	if err := checkResponse(step, m); err != nil {
		return VerifiedResponse{}, err
	}
	return VerifiedResponse{m}, nil
}

// ParseResponse decodes ccrsp_msg.
func ParseResponse(step string, b []byte) (*pb.Response, error) {
	r := &pb.Response{}
	if err := Unmarshal(step, "ccrsp_msg", b, r); err != nil {
		return nil, err
	}
	return r, nil
}

// ParseUnverifiedResponse decodes what an enclave is said to have signed, for
// the one purpose of finding out which key should verify it.
func ParseUnverifiedResponse(step string, r *pb.Response) (*pb.EnclaveResponse, error) {
	if r.GetEndorsed() != nil {
		return nil, Errorf(step, CodeMalformed, "ccrsp_msg is an endorsement of Full mode, not a response of Lite")
	}
	m := &pb.EnclaveResponse{}
	if err := Unmarshal(step, "enclave response", r.GetResponse(), m); err != nil {
		return nil, err
	}
	return m, nil
}

func responseLabel(kind pb.EnclaveResponse_Kind) keys.Label {
	if kind == pb.EnclaveResponse_RESULT {
		return keys.LabelResponse
	}
	return keys.LabelError
}

// checkResponse holds both what an enclave signs and what others accept to the
// form of its kind: an error carries nothing that could be replayed.
func checkResponse(step string, m *pb.EnclaveResponse) error {
	bad := func(format string, args ...any) error { return Errorf(step, CodeBadResponse, format, args...) }
	if len(m.GetChannelHash()) != 32 || len(m.GetChaincodeEkId()) != 32 || m.GetCcParams() == nil {
		return bad("response lacks its channel, key id or chaincode parameters")
	}
	binding, err := responseBinding(m)
	if err != nil {
		return bad("response's hashes: %w", err)
	}
	switch m.GetKind() {
	case pb.EnclaveResponse_ERROR:
		if m.Rwset != nil || m.Event != nil || len(m.SignedProposal) != 0 || len(m.DecorationsHash) != 0 {
			return bad("an error response carries results")
		}
	case pb.EnclaveResponse_RESULT:
		if m.Rwset == nil || len(m.SignedProposal) == 0 {
			return bad("a result lacks its read/write set or proposal")
		}
		if binding.Exec != ComputeExec(ExecInputs{
			RequestHash: binding.RequestHash, SignedProposal: m.SignedProposal, DecorationsHash: m.DecorationsHash, Reads: m.Rwset,
		}) {
			return Errorf(step, CodeBadExec, "exec is not the hash of the execution's inputs")
		}
	default:
		return bad("response of unknown kind %d", m.GetKind())
	}
	return nil
}

func responseBinding(m *pb.EnclaveResponse) (keys.ResponseBinding, error) {
	txID, err := keys.ParseTxID(m.GetTxId())
	if err != nil {
		return keys.ResponseBinding{}, err
	}
	if len(m.GetRequestHash()) != 32 || len(m.GetExec()) != 32 {
		return keys.ResponseBinding{}, keys.ErrMalformed
	}
	return keys.ResponseBinding{
		ChannelHash: m.GetChannelHash(),
		ChaincodeID: m.GetCcParams().GetChaincodeId(),
		TxID:        txID,
		RequestHash: [32]byte(m.GetRequestHash()),
		Exec:        keys.Exec(m.GetExec()),
	}, nil
}

// SealResponse encrypts a chaincode's answer under r_key (INV-15).
func SealResponse(k keys.ResponseKey, b keys.ResponseBinding, p keys.Padding, clear *pb.ClearResponse) ([]byte, error) {
	plaintext, err := marshal(clear)
	if err != nil {
		return nil, Errorf("INV-15", CodeInternal, "encode the answer: %w", err)
	}
	return k.SealResponse(b, p, plaintext)
}

// OpenResponse decrypts the chaincode's answer (INV-22).
func OpenResponse(k keys.ResponseKey, r VerifiedResponse) (*pb.ClearResponse, error) {
	const step = "INV-22"
	b, err := r.Binding()
	if err != nil {
		return nil, Errorf(step, CodeBadResponse, "response's hashes: %w", err)
	}
	return openAnswer(k, b, r.m.GetEncryptedResponse())
}

func openAnswer(k keys.ResponseKey, b keys.ResponseBinding, sealed []byte) (*pb.ClearResponse, error) {
	const step = "INV-22"
	plaintext, err := k.OpenResponse(b, sealed)
	if err != nil {
		return nil, Errorf(step, CodeBadResponse, "answer does not open with this request's key: %w", err)
	}
	clear := &pb.ClearResponse{}
	if err := proto.Unmarshal(plaintext, clear); err != nil {
		return nil, Errorf(step, CodeMalformed, "answer does not decode once opened")
	}
	return clear, nil
}
