// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package clienttest

import (
	"bytes"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// CodeID is what the simulated enclaves of a world are measured as.
var CodeID = [32]byte{0xc0, 0xde}

// Enclave does what a private chaincode's enclave does with a request. Its
// application answers "echo" with its arguments and transient data, and fails
// everything else.
type Enclave struct {
	w        *World
	SK       keys.EnclaveSK
	VK       keys.EnclaveVK
	DK       keys.ChaincodeDK
	EK       keys.ChaincodeEK
	Attested *pb.AttestedData
	// Alter changes what the enclave is about to sign; nil: nothing.
	Alter func(*pb.EnclaveResponse)
	// Answer changes the answer before it is sealed; nil: nothing.
	Answer func(*pb.ClearResponse)

	// Full mode: the head of its ledger enclave, in blocks, and its certificate.
	Height      uint64
	Certificate []byte
	Frozen      uint64 // the head that it answers at, whatever is demanded; 0: Height
	// Access adds to what it reads and writes, AlterPayload changes what it
	// endorses, AlterEndorsed its answer; nil: nothing.
	Access        func(*rwset.Builder)
	AlterPayload  func(*protocol.EndorsedPayload)
	AlterEndorsed func(*pb.Endorsed)
}

// NewEnclave makes an enclave with chaincode keys of its own.
func NewEnclave(w *World, mspID, peer string) *Enclave {
	w.TB.Helper()
	e := &Enclave{w: w}
	var err error
	e.SK, err = keys.NewEnclaveSK()
	w.check(err)
	e.VK, err = e.SK.VK()
	w.check(err)
	e.DK, err = keys.GenerateChaincodeDK(keys.SuiteMLKEM768P256)
	w.check(err)
	e.EK, err = e.DK.Public()
	w.check(err)
	transport, err := keys.GenerateEnclaveDK(keys.SuiteMLKEM768P256)
	w.check(err)
	enclaveEK, err := transport.Public()
	w.check(err)
	e.Attested = &pb.AttestedData{
		CcParams:   &pb.CCParameters{ChaincodeId: Chaincode, Version: Manifest().Version(), ChannelId: ChannelID, Sequence: 1},
		HostParams: &pb.HostParameters{MspId: mspID, PeerEndpoint: peer},
		EnclaveVk:  e.VK.DER(), EnclaveEk: enclaveEK.PB(),
		ChannelHash: w.Pins.ChannelHash(), MspRootsHash: w.rootsHash(), MspConfigHash: w.configHash, OnCreation: true,
	}
	return e
}

// Params are for attestations valid an hour around [Noon].
func Params() guest.Params {
	return guest.Params{NotBefore: Noon.Add(-time.Hour).Unix(), NotAfter: Noon.Add(time.Hour).Unix(), TCB: 1}
}

// Credentials attests what Attested says now.
func (e *Enclave) Credentials(codeID [32]byte, params guest.Params) *pb.Credentials {
	e.w.TB.Helper()
	attested, err := proto.Marshal(e.Attested)
	e.w.check(err)
	evidence, err := guest.Issue(codeID, protocol.StatementHash(attested), params)
	e.w.check(err)
	return &pb.Credentials{AttestedData: attested, Evidence: evidence, Certificate: e.Certificate}
}

// Registration signs for the enclave's keys (KEY-2).
func (e *Enclave) Registration(edit func(*protocol.KeyRegistration)) *pb.Signed {
	e.w.TB.Helper()
	r := protocol.KeyRegistration{
		CCParams: e.Attested.CcParams, ChannelHash: e.Attested.ChannelHash, EnclaveID: e.VK.ID(), Generation: 1,
		ChaincodeEK: e.EK, Lineage: protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 1}),
	}
	if edit != nil {
		edit(&r)
	}
	signed, err := protocol.SignKeyRegistration(e.SK, r)
	e.w.check(err)
	return signed
}

// Invoke answers a proposal with ccrsp_msg (INV-10 to INV-17).
func (e *Enclave) Invoke(p *envelope.Proposal) ([]byte, error) {
	ccreq, err := protocol.ParseInvoke(p.Args()[1:])
	if err != nil {
		return nil, err
	}
	request, err := protocol.ParseRequest(ccreq)
	if err != nil {
		return nil, err
	}
	binding := keys.RequestBinding{ChannelHash: e.Attested.ChannelHash, ChaincodeID: p.Chaincode, Creator: p.Creator()}
	clear, key, err := protocol.OpenRequest(e.DK, binding, request)
	if err != nil {
		return nil, err
	}
	if e.Certificate != nil && string(clear.GetArgs()[0]) == "echo" {
		return e.endorse(p, ccreq, request, clear, key)
	}
	m := e.run(p, ccreq, clear)
	if e.Alter != nil {
		e.Alter(m)
	}
	if err := e.seal(m, key, clear); err != nil {
		return nil, err
	}
	signed, err := protocol.SignResponse(e.SK, m)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(signed)
}

// run is everything but the sealing of the answer.
func (e *Enclave) run(p *envelope.Proposal, ccreq []byte, clear *pb.ClearRequest) *pb.EnclaveResponse {
	hash := protocol.RequestHash(ccreq)
	m := &pb.EnclaveResponse{
		Kind: pb.EnclaveResponse_ERROR, CcParams: proto.Clone(e.Attested.CcParams).(*pb.CCParameters), ChannelHash: bytes.Clone(e.Attested.ChannelHash),
		EnclaveId: e.VK.ID(), ChaincodeEkId: e.EK.ID(), Generation: 1, TxId: p.TxID(), RequestHash: hash[:],
	}
	if string(clear.GetArgs()[0]) == "echo" {
		m.Kind = pb.EnclaveResponse_RESULT
		m.Rwset = &pb.ReadWriteSet{Writes: []*pb.Write{{Key: "last", Value: []byte("sealed")}}}
		signed, err := proto.Marshal(p.Signed)
		e.w.check(err)
		m.SignedProposal = signed
	}
	return m
}

func (e *Enclave) seal(m *pb.EnclaveResponse, key keys.ResponseKey, clear *pb.ClearRequest) error {
	exec := protocol.ComputeExec(protocol.ExecInputs{
		RequestHash: [32]byte(m.RequestHash), SignedProposal: m.SignedProposal, DecorationsHash: m.DecorationsHash, Reads: m.Rwset,
	})
	m.Exec = exec[:]
	txID, err := keys.ParseTxID(m.TxId)
	if err != nil {
		return err
	}
	answer := &pb.ClearResponse{Status: 500, Message: "no such function"}
	if m.Kind == pb.EnclaveResponse_RESULT {
		answer = &pb.ClearResponse{Status: 200, Payload: append(bytes.Join(clear.GetArgs(), []byte(" ")), clear.GetTransient()["t"]...)}
	}
	if e.Answer != nil {
		e.Answer(answer)
	}
	binding := keys.ResponseBinding{
		ChannelHash: m.ChannelHash, ChaincodeID: m.CcParams.GetChaincodeId(), TxID: txID, RequestHash: [32]byte(m.RequestHash), Exec: exec,
	}
	m.EncryptedResponse, err = protocol.SealResponse(key, binding, keys.PadPadme, answer)
	return err
}
