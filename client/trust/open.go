// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// stepAnswer is the step whose checks stand here (flows.md INV-22).
const stepAnswer = "INV-22"

// Answer is an enclave's answer to one request, verified and still sealed.
type Answer struct {
	request  *Request
	enclave  Enclave                       // that answered
	response protocol.VerifiedResponse     // Lite, and errors of Full mode
	endorsed *protocol.VerifiedEndorsement // results of Full mode
	ccrsp    []byte
}

// Verify holds ccrsp_msg against everything that this client asked and trusts,
// before anything is decrypted (INV-22): an enclave that holds the key signed
// it, for this definition, key, transaction, request and proposal.
//
// Codes: not_registered, bad_signature, wrong_chaincode, wrong_version,
// wrong_channel, wrong_generation, unknown_key, bad_tx_id, request_hash,
// wrong_proposal, and those of protocol.VerifyResponse.
func (r *Request) Verify(proposal *peer.SignedProposal, txID string, ccrsp []byte) (*Answer, error) {
	signed, err := protocol.ParseResponse(stepAnswer, ccrsp)
	if err != nil {
		return nil, err
	}
	if signed.GetEndorsed() != nil {
		return r.verifyEndorsed(proposal, txID, signed)
	}
	claimed, err := protocol.ParseUnverifiedResponse(stepAnswer, signed)
	if err != nil {
		return nil, err
	}
	enclave, ok := r.chaincode.enclave(claimed.GetEnclaveId())
	if !ok {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeNotRegistered, "answer is by enclave %.12s, which is not among the trusted ones", claimed.GetEnclaveId())
	}
	response, err := protocol.VerifyResponse(stepAnswer, enclave.VK, signed)
	if err != nil {
		return nil, err
	}
	if err := r.matches(response.Message(), txID); err != nil {
		return nil, err
	}
	if response.IsResult() {
		if r.chaincode.mode == protocol.ModeFull {
			return nil, protocol.Errorf(stepAnswer, protocol.CodeWrongMode, "enclave %.12s signed a result for replay, the definition is of Full mode", enclave.ID)
		}
		if err := sameProposal(response.Message(), proposal); err != nil {
			return nil, err
		}
	}
	return &Answer{request: r, enclave: enclave, response: response, ccrsp: ccrsp}, nil
}

// matches compares what the enclave signed with what was asked.
func (r *Request) matches(m *pb.EnclaveResponse, txID string) error {
	c, hash := r.chaincode, protocol.RequestHash(r.ccreq)
	refuse := func(code protocol.Code, what string) error {
		return protocol.Errorf(stepAnswer, code, "answer is for another %s", what)
	}
	switch {
	case m.GetCcParams().GetChaincodeId() != c.ID():
		return refuse(protocol.CodeWrongChaincode, "chaincode")
	case m.GetCcParams().GetVersion() != c.Version():
		return refuse(protocol.CodeWrongVersion, "version")
	case m.GetCcParams().GetChannelId() != c.pins.channelID, !bytes.Equal(m.GetChannelHash(), c.pins.channelHash):
		return refuse(protocol.CodeWrongChannel, "channel")
	case m.GetGeneration() != c.generation:
		return refuse(protocol.CodeWrongGeneration, "key generation")
	case !bytes.Equal(m.GetChaincodeEkId(), c.ek.ID()):
		return refuse(protocol.CodeUnknownKey, "chaincode key")
	case m.GetTxId() != txID:
		return refuse(protocol.CodeBadTxID, "transaction")
	case !bytes.Equal(m.GetRequestHash(), hash[:]):
		return refuse(protocol.CodeRequestHash, "request")
	}
	return nil
}

// CodeWrongProposal says that a result was signed over another proposal.
const CodeWrongProposal protocol.Code = "wrong_proposal"

// sameProposal compares the inner proposal of a result with the one sent. Only
// what was signed counts: an ECDSA signature is not unique.
func sameProposal(m *pb.EnclaveResponse, sent *peer.SignedProposal) error {
	inner := &peer.SignedProposal{}
	if err := proto.Unmarshal(m.GetSignedProposal(), inner); err != nil {
		return protocol.Errorf(stepAnswer, protocol.CodeMalformed, "answer's proposal does not decode: %w", err)
	}
	if !bytes.Equal(inner.GetProposalBytes(), sent.GetProposalBytes()) {
		return protocol.Errorf(stepAnswer, CodeWrongProposal, "answer is to another proposal than the one sent")
	}
	return nil
}

// EnclaveID tells which enclave answered.
func (a *Answer) EnclaveID() string { return a.enclave.ID }

// IsResult tells whether there is a result to commit; otherwise the chaincode
// failed, and only its sealed error was signed.
func (a *Answer) IsResult() bool { return a.endorsed != nil || a.response.IsResult() }

// ReadWriteSet returns what a commit would replay in Lite mode: keys in clear,
// values sealed.
func (a *Answer) ReadWriteSet() *pb.ReadWriteSet {
	if a.endorsed != nil {
		return nil
	}
	return a.response.Message().GetRwset()
}

// ValidateArgs returns the arguments of the validation transaction (VAL-1).
func (a *Answer) ValidateArgs() [][]byte { return protocol.ValidateArgs(a.ccrsp) }

// Result is a private chaincode's answer in clear.
type Result struct {
	Status  int32
	Message string
	Payload []byte
}

// Open decrypts the answer with the request's key (INV-22): after commit where
// the answer is to be committed, at once for a query.
func (a *Answer) Open() (*Result, error) {
	clear, err := a.openSealed()
	if err != nil {
		return nil, err
	}
	return &Result{clear.GetStatus(), clear.GetMessage(), clear.GetPayload()}, nil
}

func (a *Answer) openSealed() (*pb.ClearResponse, error) {
	if a.endorsed != nil {
		return protocol.OpenEndorsed(a.request.key, *a.endorsed)
	}
	return protocol.OpenResponse(a.request.key, a.response)
}
