// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"crypto/rand"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Request returns the request of a chaincodeInvoke proposal, for the test to
// change.
func (s *Scene) Request(creator []byte, ccreq []byte) envelope.Request {
	nonce := make([]byte, envelope.NonceSize)
	rand.Read(nonce)
	return envelope.Request{
		ChannelID: ChannelID, Chaincode: Chaincode, Creator: creator, Nonce: nonce,
		Args: protocol.InvokeArgs(ccreq), Timestamp: s.Now,
	}
}

// Proposal builds and signs a proposal.
func (s *Scene) Proposal(r envelope.Request, signer msp.Signer) *peer.SignedProposal {
	s.T.Helper()
	proposal, _, err := envelope.NewProposal(r)
	if err != nil {
		s.T.Fatal(err)
	}
	signed, err := envelope.SignProposal(proposal, signer)
	if err != nil {
		s.T.Fatal(err)
	}
	return signed
}

// Result returns what the enclave says of a run on the proposal, for the test to
// change before it is signed.
func (e *Enclave) Result(signed *peer.SignedProposal, rw *fpc.ReadWriteSet) *fpc.EnclaveResponse {
	s := e.scene
	s.T.Helper()
	proposal := must(envelope.UnpackProposal(signed))(s)
	hash := protocol.RequestHash(proposal.Args()[len(proposal.Args())-1])
	ek := must(e.Key.Public())(s)
	return &fpc.EnclaveResponse{
		Kind:              fpc.EnclaveResponse_RESULT,
		CcParams:          proto.CloneOf(e.Data.GetCcParams()),
		ChannelHash:       e.Data.GetChannelHash(),
		EnclaveId:         e.ID(),
		ChaincodeEkId:     ek.ID(),
		Generation:        e.Generation,
		TxId:              proposal.TxID(),
		RequestHash:       hash[:],
		SignedProposal:    must(proto.Marshal(signed))(s),
		Rwset:             rw,
		EncryptedResponse: []byte("sealed answer"),
	}
}

// Sign signs a response under the label of its kind, whatever it says, and
// returns ccrsp_msg. It fills exec in.
func (e *Enclave) Sign(m *fpc.EnclaveResponse) []byte {
	s := e.scene
	s.T.Helper()
	exec := protocol.ComputeExec(protocol.ExecInputs{
		RequestHash: [32]byte(m.GetRequestHash()), SignedProposal: m.GetSignedProposal(),
		DecorationsHash: m.GetDecorationsHash(), Reads: m.GetRwset(),
	})
	m.Exec = exec[:]
	label := keys.LabelResponse
	if m.GetKind() != fpc.EnclaveResponse_RESULT {
		label = keys.LabelError
	}
	return e.SignAs(label, m)
}

// SignAs signs a response as it is, under any label.
func (e *Enclave) SignAs(label keys.Label, m *fpc.EnclaveResponse) []byte {
	e.scene.T.Helper()
	b := must(proto.Marshal(m))(e.scene)
	signature := must(e.SK.Sign(label, b))(e.scene)
	return must(proto.Marshal(&fpc.Response{Response: b, Signature: signature}))(e.scene)
}

// View is what the registry says of the enclave once its key set is registered.
func (e *Enclave) View() *fpc.ValidationView {
	s := e.scene
	s.T.Helper()
	registration := e.KeyRegistration()
	return &fpc.ValidationView{
		Definition:  &fpc.CCParameters{ChaincodeId: Chaincode, Version: s.Version(), ChannelId: ChannelID, Sequence: 1},
		Credentials: e.Credentials(),
		Provisioned: registration,
		ChaincodeKey: &fpc.ChaincodeKey{
			ChaincodeEk: must(e.Key.Public())(s).PB(), Generation: e.Generation, Registration: registration,
		},
	}
}
