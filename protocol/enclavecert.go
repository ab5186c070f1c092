// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// The organisation units that tell roles apart, by the names that Fabric's tools
// give them.
const (
	clientOU  = "client"
	peerOU    = "peer"
	adminOU   = "admin"
	ordererOU = "orderer"
)

// CheckEnclaveIdentity holds an enclave's certificate (REG-9) against its
// organisation's MSP and what the enclave attested: over its Enclave_VK, issued
// under the MSP, with the unit of this chaincode's enclaves and the role client.
// The role matters: an enclave must not pass for a peer, an administrator or an
// orderer. It returns the identity that endorses.
//
// Codes: those of [CheckEnclaveCertificate], and wrong_msp, wrong_certificate.
func CheckEnclaveIdentity(step string, host *msp.MSP, certificate []byte, data *pb.AttestedData) (*msp.Identity, error) {
	if mspID := data.GetHostParams().GetMspId(); host.ID() != mspID {
		return nil, Errorf(step, CodeWrongMSP, "the enclave is hosted by %q, asked is %q", mspID, host.ID())
	}
	unit := EnclaveOU(data.GetChannelHash(), data.GetCcParams().GetChaincodeId(), data.GetCcParams().GetVersion())
	cert, err := CheckEnclaveCertificate(step, certificate, data.GetEnclaveVk(), unit)
	if err != nil {
		return nil, err
	}
	serialized, err := EndorserIdentity(host.ID(), certificate)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "%w", err)
	}
	identity, err := host.Identity(serialized)
	if err != nil {
		return nil, Errorf(step, CodeWrongCertificate, "the enclave's certificate is not one of %s: %w", host.ID(), err)
	}
	units := cert.Subject.OrganizationalUnit
	if !slices.Contains(units, clientOU) {
		return nil, Errorf(step, CodeWrongCertificate, "the enclave's certificate lacks the role client")
	}
	for _, role := range []string{peerOU, adminOU, ordererOU} {
		if slices.Contains(units, role) {
			return nil, Errorf(step, CodeWrongCertificate, "the enclave's certificate carries the role %s: an enclave must not pass for one", role)
		}
	}
	return identity, nil
}

// EndorserIdentity returns the serialised identity in whose name an enclave
// endorses.
func EndorserIdentity(mspID string, certificate []byte) ([]byte, error) {
	return marshal(&msppb.SerializedIdentity{Mspid: mspID, IdBytes: certificate})
}

// CertificateRoots reduces MSP configurations to what certificates are verified
// with: ids, roots and intermediate CAs, by MSP id. Their [MSPRootsHash] is that
// of the whole configurations.
func CertificateRoots(m *pb.MSPConfigurations) ([]byte, error) {
	all, err := ParseMSPs(m)
	if err != nil {
		return nil, err
	}
	var serialized [][]byte
	for _, one := range all {
		inner, err := marshal(&msppb.FabricMSPConfig{Name: one.GetName(), RootCerts: one.GetRootCerts(), IntermediateCerts: one.GetIntermediateCerts()})
		if err != nil {
			return nil, Errorf("REG-11", CodeInternal, "encode the roots of %s: %w", one.GetName(), err)
		}
		outer, err := marshal(&msppb.MSPConfig{Config: inner})
		if err != nil {
			return nil, Errorf("REG-11", CodeInternal, "encode the roots of %s: %w", one.GetName(), err)
		}
		serialized = append(serialized, outer)
	}
	reduced, err := NewMSPConfigurations(serialized, 0)
	if err != nil {
		return nil, err
	}
	return marshal(reduced)
}

// RootsOf reads what [CertificateRoots] wrote and returns an MSP that verifies
// certificates of one organisation: its roots are those that the hash names, its
// roles have the names of Fabric's tools. It knows no revocations.
//
// Codes: malformed, too_large, wrong_msp.
func RootsOf(step string, b, rootsHash []byte, mspID string) (*msp.MSP, error) {
	m := &pb.MSPConfigurations{}
	if err := Unmarshal(step, "organisations' roots", b, m); err != nil {
		return nil, err
	}
	all, err := ParseMSPs(m)
	if err != nil {
		return nil, Wrap(step, CodeMalformed, err)
	}
	if h, err := MSPRootsHash(all); err != nil || !bytes.Equal(h, rootsHash) {
		return nil, Errorf(step, CodeWrongMSP, "the organisations' roots are not those that the policy names")
	}
	i := slices.IndexFunc(all, func(one *msppb.FabricMSPConfig) bool { return one.GetName() == mspID })
	if i < 0 {
		return nil, Errorf(step, CodeWrongMSP, "%q is not among the organisations", mspID)
	}
	config := &msppb.FabricMSPConfig{Name: mspID, RootCerts: all[i].GetRootCerts(), IntermediateCerts: all[i].GetIntermediateCerts()}
	config.FabricNodeOus = proto.CloneOf(nodeOUs)
	host, err := msp.New(config)
	if err != nil {
		return nil, Wrap(step, CodeWrongMSP, err)
	}
	return host, nil
}

var nodeOUs = &msppb.FabricNodeOUs{
	Enable:              true,
	ClientOuIdentifier:  &msppb.FabricOUIdentifier{OrganizationalUnitIdentifier: clientOU},
	PeerOuIdentifier:    &msppb.FabricOUIdentifier{OrganizationalUnitIdentifier: peerOU},
	AdminOuIdentifier:   &msppb.FabricOUIdentifier{OrganizationalUnitIdentifier: adminOU},
	OrdererOuIdentifier: &msppb.FabricOUIdentifier{OrganizationalUnitIdentifier: ordererOU},
}

// CheckMode demands that an enclave attested the definition's mode: one of Lite
// mode knows no ledger enclave, one of Full mode does. Code: wrong_mode.
func CheckMode(step string, mode Mode, data *pb.AttestedData) error {
	if attested := AttestedMode(data); attested != mode {
		return Errorf(step, CodeWrongMode, "the definition of %s is of mode %s, the enclave was initialised for %s", data.GetCcParams().GetChaincodeId(), mode, attested)
	}
	return nil
}

// AttestedMode tells for which mode an enclave was initialised.
func AttestedMode(data *pb.AttestedData) Mode {
	if data.GetLedgerCodeId() != "" {
		return ModeFull
	}
	return ModeLite
}

// CodeWrongLedger: the ledger enclave that an enclave works with is not one that
// the policy approves.
const CodeWrongLedger Code = "wrong_ledger"

// CheckLedger holds the ledger enclave that an enclave attested against the code
// ids that are approved, `platform:code id`, and its platform, TCB level and debug
// state against the attestation policy. Code: wrong_ledger.
func CheckLedger(step string, data *pb.AttestedData, codeIDs []string, policy AttestationPolicy) error {
	code := data.GetLedgerCodeId()
	refuse := func(format string, args ...any) error {
		return Errorf(step, CodeWrongLedger, "ledger enclave %.20s…: "+format, append([]any{code}, args...)...)
	}
	if !slices.Contains(codeIDs, code) {
		return refuse("its code is not among the %d approved ones", len(codeIDs))
	}
	platform, _, found := strings.Cut(code, ":")
	custody := Custody{Platform: platform, TCB: data.GetLedgerTcb(), Debug: data.GetLedgerDebug()}
	if err := NewLineage(custody).Check(step, policy); !found || err != nil {
		return refuse("platform %q, TCB level %d, debug %t are below the attestation policy", custody.Platform, custody.TCB, custody.Debug)
	}
	if db := data.GetStateDatabase(); db != "leveldb" && db != "couchdb" {
		return refuse("state database %.20q is unknown", db)
	}
	return nil
}
