// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// LedgerCode is the code of the ledger enclaves that a scene's Full policy
// approves.
var LedgerCode = protocol.ManifestEntry(sim.Platform, strings.Repeat("1e", 32))

// EnclavePolicy is the endorsement policy of a scene in Full mode.
const EnclavePolicy = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"

// Full commits the private chaincode with an enclave policy, has ERCC's policy
// approve LedgerCode, and returns that policy's bytes. Enclaves made afterwards
// are still of Lite mode: see [Enclave.Full].
func (s *Scene) Full() []byte {
	s.T.Helper()
	s.CommitEnclavePolicy(EnclavePolicy)
	s.Roots = s.CertificateRoots()
	return s.CommitPolicy(s.FullPolicy())
}

// CommitEnclavePolicy commits a new sequence of the private chaincode with an
// enclave policy.
func (s *Scene) CommitEnclavePolicy(text string) {
	s.T.Helper()
	policy := must(protocol.CompileEnclavePolicy(text, s.ChannelHash, Chaincode, s.Version(), func(mspID string) ([]byte, error) {
		return msp.CertifiersIdentifier(s.Orgs[mspID].CA.Chain...)
	}))(s)
	s.Lifecycle.CommitWith(Chaincode, s.Version(), policy)
}

// FullPolicy is Policy with LedgerCode approved.
func (s *Scene) FullPolicy() *protocol.RegistryPolicy {
	p := s.Policy()
	p.LedgerCodeIDs = []string{LedgerCode}
	return p
}

// CertificateRoots returns the organisations' roots as registerEnclave takes them.
func (s *Scene) CertificateRoots() []byte {
	s.T.Helper()
	var serialized [][]byte
	for _, id := range []string{Org1, Org2, Org3} {
		serialized = append(serialized, must(proto.Marshal(s.Orgs[id].MSPConfig()))(s))
	}
	configs := must(protocol.NewMSPConfigurations(serialized, 0))(s)
	return must(protocol.CertificateRoots(configs))(s)
}

// Full makes the enclave one of Full mode, with a certificate.
func (e *Enclave) Full() *Enclave {
	e.Data.LedgerCodeId, e.Data.LedgerTcb = LedgerCode, 3
	e.Data.StateDatabase, e.Data.Registry = "leveldb", protocol.ERCCName
	e.Certificate = e.Certify(e.Data.GetHostParams().GetMspId(), fpctest.RoleClient, e.Unit())
	return e
}

// Unit is the organisation unit of the enclave's chaincode.
func (e *Enclave) Unit() string {
	return protocol.EnclaveOU(e.Data.GetChannelHash(), e.Data.GetCcParams().GetChaincodeId(), e.Data.GetCcParams().GetVersion())
}

// Certify has an organisation's CA certify Enclave_VK with these units, PEM.
func (e *Enclave) Certify(mspID string, units ...string) []byte {
	e.scene.T.Helper()
	secret := must(e.SK.MarshalSecret())(e.scene)
	key := must(ecdsa.ParseRawPrivateKey(elliptic.P256(), secret))(e.scene)
	return e.scene.Orgs[mspID].Issue(fpctest.Template{Name: e.ID(), OUs: units, Key: key}).CertPEM
}

// Export signs an export of the enclave's key set to another enclave (KEY-5). The
// keys in it open for nobody.
func (e *Enclave) Export(receiver string) *fpc.Signed {
	s := e.scene
	s.T.Helper()
	return must(protocol.SignKeyExport(e.SK, protocol.KeyExport{
		CCParams: e.Data.GetCcParams(), ChannelHash: e.Data.GetChannelHash(), Generation: e.Generation,
		Sender: e.ID(), Receiver: receiver, ChaincodeEK: must(e.Key.Public())(s), Lineage: e.Lineage,
		EncryptedKeys: []byte("sealed keys"),
	}))(s)
}
