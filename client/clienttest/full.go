// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package clienttest

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// LedgerCode is the code of the ledger enclaves in worlds of Full mode.
var LedgerCode = protocol.ManifestEntry(sim.Platform, strings.Repeat("1e", 32))

// EndorsementPolicy is the definition's policy in worlds of Full mode.
const EndorsementPolicy = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"

// NewFull makes a world of three organisations in Full mode: each hosts an enclave
// beside its peer, and all hold the first one's keys. The chaincode's only key was
// written at the heights in Changes.
func NewFull(t testing.TB) *World {
	t.Helper()
	w := New(t, 3)
	w.Enclave = nil
	for i, org := range w.Orgs {
		e := NewEnclave(w, org.MSPID, w.Peers[i].Address())
		if i > 0 {
			e.DK, e.EK = w.Enclaves[0].DK, w.Enclaves[0].EK
		}
		e.Height = 10
		e.Attested.LedgerCodeId, e.Attested.LedgerTcb = LedgerCode, 1
		e.Attested.StateDatabase, e.Attested.Registry = "leveldb", protocol.ERCCName
		e.Certificate = e.Certify(org, fpctest.RoleClient, e.Unit())
		w.Enclaves = append(w.Enclaves, e)
	}
	w.Changes = []uint64{3}
	w.ViewFull()
	return w
}

// ViewFull has ERCC say what the enclaves attest now.
func (w *World) ViewFull() {
	w.TB.Helper()
	w.view(w.Enclaves...)
	agreed := w.Policy()
	agreed.LedgerCodeIDs = []string{LedgerCode}
	w.SetPolicy(agreed)
	application, err := protocol.CompileEnclavePolicy(EndorsementPolicy, w.Pins.ChannelHash(), Chaincode, Manifest().Version(), func(mspID string) ([]byte, error) {
		i := slices.IndexFunc(w.Orgs, func(o *fpctest.Org) bool { return o.MSPID == mspID })
		return msp.CertifiersIdentifier(w.Orgs[i].CA.Chain...)
	})
	w.check(err)
	w.View.DefinitionPolicy = application
	_, envelope, err := protocol.EnclavePolicy("INV-5", application, w.Pins.ChannelHash(), Chaincode, Manifest().Version())
	w.check(err)
	w.endorsement, err = policy.Compile(envelope, w.Manager)
	w.check(err)
}

// Unit is the organisation unit of the enclave's chaincode.
func (e *Enclave) Unit() string {
	return protocol.EnclaveOU(e.Attested.ChannelHash, Chaincode, e.Attested.CcParams.GetVersion())
}

// Certify has an organisation certify the enclave's key with these units, PEM.
func (e *Enclave) Certify(org *fpctest.Org, units ...string) []byte {
	e.w.TB.Helper()
	secret, err := e.SK.MarshalSecret()
	e.w.check(err)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	e.w.check(err)
	return org.Issue(fpctest.Template{Name: e.VK.ID(), OUs: units, Key: key}).CertPEM
}

// endorse answers a successful call in Full mode (INV-11 to INV-17).
func (e *Enclave) endorse(p *envelope.Proposal, ccreq []byte, request *pb.Request, clear *pb.ClearRequest, key keys.ResponseKey) ([]byte, error) {
	at := e.Height
	switch {
	case request.GetMinHeight() > at:
		return nil, protocol.Errorf("INV-11", protocol.CodeBelowMinHead, "the ledger enclave is at %d", at)
	case request.GetAtHeight() > at:
		return nil, protocol.Errorf("INV-11", protocol.CodeStaleView, "the ledger enclave is at %d", at)
	case request.GetAtHeight() != 0:
		if e.w.changed(request.GetAtHeight()) != e.w.changed(at) {
			return nil, protocol.Errorf("EX-1", protocol.CodeStaleView, "the peer shows a newer value")
		}
		at = request.GetAtHeight()
	}
	at = cmp.Or(e.Frozen, at)
	payload, err := e.payload(p, ccreq, clear, key, e.w.changed(at))
	if err != nil {
		return nil, err
	}
	endorser, err := protocol.EndorserIdentity(e.Attested.HostParams.GetMspId(), e.Certificate)
	if err != nil {
		return nil, err
	}
	response, err := protocol.SignEndorsed(e.SK, endorser, payload, &pb.HeadUsed{
		EnclaveId: e.VK.ID(), Height: at, BlockHash: bytes.Repeat([]byte{byte(at)}, 32),
	}, key)
	if err != nil {
		return nil, err
	}
	if e.AlterEndorsed != nil {
		e.AlterEndorsed(response.GetEndorsed())
	}
	return proto.Marshal(response)
}

// payload is what the enclave endorses: a read of the only key in the version of
// a block, and a write.
func (e *Enclave) payload(p *envelope.Proposal, ccreq []byte, clear *pb.ClearRequest, key keys.ResponseKey, block uint64) ([]byte, error) {
	var accesses rwset.Builder
	accesses.Read(Chaincode, "last", &rwset.Version{Block: block})
	accesses.Write(Chaincode, "last", []byte("sealed"))
	if e.Access != nil {
		e.Access(&accesses)
	}
	results, err := accesses.Build()
	if err != nil {
		return nil, err
	}
	hash := protocol.RequestHash(ccreq)
	exec := keys.Exec(keys.Digest(keys.LabelExec, hash[:], []byte{byte(block)}))
	txID, err := keys.ParseTxID(p.TxID())
	if err != nil {
		return nil, err
	}
	answer := &pb.ClearResponse{Status: 200, Payload: append(bytes.Join(clear.GetArgs(), []byte(" ")), clear.GetTransient()["t"]...)}
	binding := keys.ResponseBinding{ChannelHash: e.Attested.ChannelHash, ChaincodeID: Chaincode, TxID: txID, RequestHash: hash, Exec: exec}
	sealed, err := protocol.SealResponse(key, binding, keys.PadPadme, answer)
	if err != nil {
		return nil, err
	}
	endorsed := protocol.EndorsedPayload{
		ProposalHash: p.Hash, ReadWriteSet: results.Public, Chaincode: proto.CloneOf(e.Attested.CcParams),
		Result: &pb.EndorsedResult{ChaincodeEkId: e.EK.ID(), Generation: 1, RequestHash: hash[:], Exec: exec[:], EncryptedResponse: sealed},
		Event:  &peer.ChaincodeEvent{ChaincodeId: Chaincode, TxId: p.TxID(), EventName: "echoed"},
	}
	if e.AlterPayload != nil {
		e.AlterPayload(&endorsed)
	}
	return endorsed.Marshal()
}

// changed returns the newest of the heights in Changes up to one.
func (w *World) changed(height uint64) uint64 {
	var newest uint64
	for _, h := range w.Changes {
		if h <= height {
			newest = max(newest, h)
		}
	}
	return newest
}

// enclave is the one beside a peer.
func (p *Peer) enclave() *Enclave {
	for _, e := range p.w.Enclaves {
		if e.Attested.HostParams.GetPeerEndpoint() == p.address {
			return e
		}
	}
	return p.w.Enclave
}
