// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/pem"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
)

// EndorsedPayload is what an enclave endorses in Full mode (INV-16). Equal
// executions give equal bytes, whichever enclave made them.
type EndorsedPayload struct {
	ProposalHash []byte // envelope.ProposalHash
	ReadWriteSet []byte // serialised TxReadWriteSet
	Event        *peer.ChaincodeEvent
	Result       *pb.EndorsedResult
	Chaincode    *pb.CCParameters
}

// Marshal returns the ProposalResponsePayload.
func (p EndorsedPayload) Marshal() ([]byte, error) {
	const step = "INV-16"
	result, err := marshal(p.Result)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the result: %w", err)
	}
	var event []byte
	if p.Event != nil {
		if event, err = marshal(p.Event); err != nil {
			return nil, Errorf(step, CodeInternal, "encode the event: %w", err)
		}
	}
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: p.ProposalHash,
		ReadWriteSet: p.ReadWriteSet,
		Event:        event,
		Response:     &peer.Response{Status: endorsedStatus, Payload: result},
		ChaincodeID:  &peer.ChaincodeID{Name: p.Chaincode.GetChaincodeId(), Version: p.Chaincode.GetVersion()},
	})
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the payload: %w", err)
	}
	return payload, nil
}

// endorsedStatus is the status that Fabric sees: the chaincode's own is sealed.
const endorsedStatus = 200

// SignEndorsed makes ccrsp_msg of a result in Full mode (INV-16, INV-17): the
// endorsement in the name of the enclave's certificate, and beside it the head,
// authenticated under the request's key. Nobody but the client reads the head, so
// that a second signature would cost each side more than it gives.
func SignEndorsed(sk keys.EnclaveSK, endorser, payload []byte, head *pb.HeadUsed, key keys.ResponseKey) (*pb.Response, error) {
	const step = "INV-16"
	sig, err := sk.SignEndorsement(payload, endorser)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "endorse: %w", err)
	}
	m := &pb.Endorsed{Payload: payload, Endorser: endorser, Signature: sig}
	if err := addHead(m, head, key); err != nil {
		return nil, err
	}
	return &pb.Response{Endorsed: m}, nil
}

// ExpectedEndorsement is what a client knows of the endorsement that it asked
// for.
type ExpectedEndorsement struct {
	Enclave     *Credentials // of the enclave that was asked, verified
	Certificate []byte       // that enclave's, as its credentials have it: PEM
	// Endorser is the serialised identity of Certificate after [CheckEnclaveIdentity]
	// accepted it for Enclave, so that the certificate is not read again for every
	// answer; nil: it is.
	Endorser      []byte
	ProposalHash  []byte // of the proposal that was sent: envelope.ProposalHash
	TxID          string
	RequestHash   [32]byte
	ChaincodeEKID []byte
	ResponseKey   keys.ResponseKey // of the request
}

// VerifiedEndorsement is a result that a known enclave endorsed, found to answer
// the request. Whether it satisfies the definition's policy, alone or with
// others, is for the channel to judge (VAL-7).
type VerifiedEndorsement struct {
	m       *pb.Endorsed
	action  *envelope.Result
	result  *pb.EndorsedResult
	head    *pb.HeadUsed
	binding keys.ResponseBinding
}

// Payload is the ProposalResponsePayload; it must not be changed.
func (v VerifiedEndorsement) Payload() []byte { return v.m.GetPayload() }

// Endorsement is Fabric's endorsement over the payload.
func (v VerifiedEndorsement) Endorsement() *peer.Endorsement {
	return &peer.Endorsement{Endorser: v.m.GetEndorser(), Signature: v.m.GetSignature()}
}

// Action is the chaincode action in the payload: read/write set, event, response.
func (v VerifiedEndorsement) Action() *envelope.Result { return v.action }

// Result is the enclave's result in the action's response.
func (v VerifiedEndorsement) Result() *pb.EndorsedResult { return v.result }

// Head is the head that the execution read at.
func (v VerifiedEndorsement) Head() *pb.HeadUsed { return v.head }

// ProposalResponse is the endorsement as a peer's answer would carry it, for
// forming the transaction (VAL-6).
func (v VerifiedEndorsement) ProposalResponse() *peer.ProposalResponse {
	return &peer.ProposalResponse{Version: 1, Response: v.action.Response, Payload: v.Payload(), Endorsement: v.Endorsement()}
}

// VerifyEndorsed checks ccrsp_msg of a result in Full mode against what was
// asked (INV-22): the endorser's certificate is the one of that enclave's
// credentials and over its Enclave_VK, the signature over the payload and the MAC
// over the head are good, and the payload answers this very proposal and request
// with this Chaincode_EK.
//
// Codes: malformed, not_certified, wrong_enclave, bad_signature, wrong_chaincode,
// unknown_key, request_hash, bad_response, bad_tx_id.
func VerifyEndorsed(step string, r *pb.Response, want ExpectedEndorsement) (VerifiedEndorsement, error) {
	m := r.GetEndorsed()
	if m == nil || len(r.GetResponse()) != 0 || len(r.GetSignature()) != 0 {
		return VerifiedEndorsement{}, Errorf(step, CodeMalformed, "ccrsp_msg is not an endorsement of Full mode, or not only that")
	}
	if err := checkEndorser(step, m.GetEndorser(), want); err != nil {
		return VerifiedEndorsement{}, err
	}
	vk := want.Enclave.EnclaveVK
	if err := vk.VerifyEndorsement(m.GetPayload(), m.GetEndorser(), m.GetSignature()); err != nil {
		return VerifiedEndorsement{}, Errorf(step, CodeBadSignature, "enclave %.12s did not endorse this payload: %w", vk.ID(), err)
	}
	v := VerifiedEndorsement{m: m}
	if err := v.readPayload(step, want); err != nil {
		return VerifiedEndorsement{}, err
	}
	var err error
	v.head, err = verifyHeadUsed(step, want, m)
	return v, err
}

// OpenEndorsed decrypts the chaincode's answer (INV-22).
func OpenEndorsed(k keys.ResponseKey, v VerifiedEndorsement) (*pb.ClearResponse, error) {
	return openAnswer(k, v.binding, v.result.GetEncryptedResponse())
}

// checkEndorser holds the serialised identity to the enclave's certificate.
func checkEndorser(step string, endorser []byte, want ExpectedEndorsement) error {
	if len(want.Endorser) > 0 && bytes.Equal(endorser, want.Endorser) {
		return nil
	}
	wanted, err := parseCertificate(want.Certificate)
	if err != nil {
		return Errorf(step, CodeNotCertified, "the credentials of enclave %.12s have no certificate: %w", want.Enclave.EnclaveID(), err)
	}
	mspID, certificate, err := msp.ParseSerialized(endorser)
	if err != nil {
		return Errorf(step, CodeMalformed, "endorser: %w", err)
	}
	block, _ := pem.Decode(certificate)
	switch {
	case mspID != want.Enclave.Data.GetHostParams().GetMspId():
		return Errorf(step, CodeWrongEnclave, "endorser is of %.64q, the enclave of %q", mspID, want.Enclave.Data.GetHostParams().GetMspId())
	case block == nil || !bytes.Equal(block.Bytes, wanted.Raw):
		return Errorf(step, CodeWrongEnclave, "endorser's certificate is not that of enclave %.12s", want.Enclave.EnclaveID())
	case !bytes.Equal(wanted.RawSubjectPublicKeyInfo, want.Enclave.EnclaveVK.DER()):
		return Errorf(step, CodeWrongEnclave, "the certificate in the credentials is not over the key of enclave %.12s", want.Enclave.EnclaveID())
	}
	return nil
}

// readPayload decodes the payload and holds it to the request.
func (v *VerifiedEndorsement) readPayload(step string, want ExpectedEndorsement) error {
	action, err := envelope.ParseResult(v.m.GetPayload())
	if err != nil {
		return Errorf(step, CodeMalformed, "endorsed payload: %w", err)
	}
	result := &pb.EndorsedResult{}
	if err := Unmarshal(step, "endorsed result", action.Response.GetPayload(), result); err != nil {
		return err
	}
	params := want.Enclave.Data.GetCcParams()
	switch {
	case !bytes.Equal(action.ProposalHash, want.ProposalHash):
		return Errorf(step, CodeBadResponse, "endorsed payload answers another proposal")
	case action.ChaincodeID.GetName() != params.GetChaincodeId() || action.ChaincodeID.GetVersion() != params.GetVersion():
		return Errorf(step, CodeWrongChaincode, "endorsed payload is of chaincode %.64q version %.80q, the enclave's is %q version %q",
			action.ChaincodeID.GetName(), action.ChaincodeID.GetVersion(), params.GetChaincodeId(), params.GetVersion())
	case action.Response.GetStatus() != endorsedStatus:
		return Errorf(step, CodeBadResponse, "endorsed payload has status %d", action.Response.GetStatus())
	case !bytes.Equal(result.GetChaincodeEkId(), want.ChaincodeEKID):
		return Errorf(step, CodeUnknownKey, "endorsed result is of key %x, the request was sealed with %x", short(result.GetChaincodeEkId()), short(want.ChaincodeEKID))
	case !bytes.Equal(result.GetRequestHash(), want.RequestHash[:]):
		return Errorf(step, CodeRequestHash, "endorsed result answers another request")
	case len(result.GetExec()) != 32:
		return Errorf(step, CodeMalformed, "endorsed result's exec has %d bytes, want 32", len(result.GetExec()))
	}
	txID, err := keys.ParseTxID(want.TxID)
	if err != nil {
		return Errorf(step, CodeBadTxID, "%w", err)
	}
	v.action, v.result = action, result
	v.binding = keys.ResponseBinding{
		ChannelHash: want.Enclave.Data.GetChannelHash(),
		ChaincodeID: params.GetChaincodeId(),
		TxID:        txID,
		RequestHash: want.RequestHash,
		Exec:        keys.Exec(result.GetExec()),
	}
	return nil
}

func addHead(m *pb.Endorsed, head *pb.HeadUsed, key keys.ResponseKey) error {
	const step = "INV-17"
	var err error
	if m.Head, err = marshal(head); err != nil {
		return Errorf(step, CodeInternal, "encode the head: %w", err)
	}
	if m.HeadMac, err = key.MACHead(m.Head, m.Signature); err != nil {
		return Errorf(step, CodeInternal, "authenticate the head: %w", err)
	}
	return nil
}

func verifyHeadUsed(step string, want ExpectedEndorsement, e *pb.Endorsed) (*pb.HeadUsed, error) {
	m := &pb.HeadUsed{}
	if err := Unmarshal(step, "head", e.GetHead(), m); err != nil {
		return nil, err
	}
	vk := want.Enclave.EnclaveVK
	if err := want.ResponseKey.VerifyHead(e.GetHead(), e.GetSignature(), e.GetHeadMac()); err != nil {
		return nil, Errorf(step, CodeBadSignature, "enclave %.12s did not authenticate this head with this endorsement: %w", vk.ID(), err)
	}
	switch {
	case m.GetEnclaveId() != vk.ID():
		return nil, Errorf(step, CodeWrongEnclave, "head names enclave %.12s, expected %.12s", m.GetEnclaveId(), vk.ID())
	case m.GetHeight() == 0 || len(m.GetBlockHash()) != 32:
		return nil, Errorf(step, CodeMalformed, "head lacks its height or block hash")
	}
	return m, nil
}
