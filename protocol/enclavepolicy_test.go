// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

var policyChannel = make([]byte, 32)

const policyVersion = "fpc-00"

func certifiers(mspID string) ([]byte, error) {
	if mspID == "Org9MSP" {
		return nil, errors.New("the channel has no Org9MSP")
	}
	return []byte("CA of " + mspID), nil
}

// TestCompileEnclavePolicy: what an approval takes, and what the mode is read from.
func TestCompileEnclavePolicy(t *testing.T) {
	for _, test := range []struct {
		text string
		code protocol.Code
		n    int // principals
	}{
		{"OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')", "", 3},
		{"AND('Org1MSP.enclave','Org2MSP.enclave')", "", 2},
		{"OR('Org1MSP.enclave')", "", 1},
		{"AND('Org1MSP.enclave', OR('Org2MSP.enclave','Org3MSP.enclave'))", "", 3},
		{"AND('Org1MSP.enclave','Org2MSP.peer')", protocol.CodeBadEnclavePolicy, 0},
		{"AND('Org1MSP.peer','Org2MSP.peer')", protocol.CodeBadEnclavePolicy, 0},
		{"OutOf(0,'Org1MSP.enclave')", protocol.CodeBadEnclavePolicy, 0},
		{"OR('Org1MSP.enclave', OutOf(0,'Org2MSP.enclave'))", protocol.CodeBadEnclavePolicy, 0},
		{"OR('Org9MSP.enclave')", protocol.CodeBadEnclavePolicy, 0},
		{"OR('Org1MSP.enclave'", protocol.CodeBadEnclavePolicy, 0},
	} {
		b, err := protocol.CompileEnclavePolicy(test.text, policyChannel, "auction", policyVersion, certifiers)
		if got := protocol.CodeOf(err); got != test.code {
			t.Errorf("%s: got %v, want code %q", test.text, err, test.code)
			continue
		}
		if test.code != "" {
			continue
		}
		mode, envelope, err := protocol.EnclavePolicy("INV-5", b, policyChannel, "auction", policyVersion)
		if err != nil || mode != protocol.ModeFull || len(envelope.GetIdentities()) != test.n {
			t.Errorf("%s: got mode %q with %d principals (%v), want full with %d", test.text, mode, len(envelope.GetIdentities()), err, test.n)
		}
	}
}

// TestEnclavePolicyOfOthers: enclaves of another version, chaincode or channel do
// not make a definition Full, and do not pass for Lite either.
func TestEnclavePolicyOfOthers(t *testing.T) {
	own, err := protocol.CompileEnclavePolicy("OR('Org1MSP.enclave')", policyChannel, "auction", policyVersion, certifiers)
	if err != nil {
		t.Fatal(err)
	}
	otherChannel := append(make([]byte, 31), 1)
	for name, mode := range map[string]func() (protocol.Mode, *common.SignaturePolicyEnvelope, error){
		"channel": func() (protocol.Mode, *common.SignaturePolicyEnvelope, error) {
			return protocol.EnclavePolicy("INV-5", own, otherChannel, "auction", policyVersion)
		},
		"chaincode": func() (protocol.Mode, *common.SignaturePolicyEnvelope, error) {
			return protocol.EnclavePolicy("INV-5", own, policyChannel, "other", policyVersion)
		},
		"version": func() (protocol.Mode, *common.SignaturePolicyEnvelope, error) {
			return protocol.EnclavePolicy("INV-5", own, policyChannel, "auction", "fpc-01")
		},
		"any issuer": func() (protocol.Mode, *common.SignaturePolicyEnvelope, error) {
			unit := protocol.EnclaveOU(policyChannel, "auction", policyVersion)
			return protocol.EnclavePolicy("INV-5", anyOf(t, msp.OUPrincipal("Org1MSP", unit, nil)), policyChannel, "auction", policyVersion)
		},
	} {
		if got, _, err := mode(); protocol.CodeOf(err) != protocol.CodeBadEnclavePolicy {
			t.Errorf("another %s: got mode %q, %v, want code %s", name, got, err, protocol.CodeBadEnclavePolicy)
		}
	}
}

// TestEnclavePolicyGates: a policy that asks for more than it lists is one that
// nobody satisfies; one that asks for none is refused.
func TestEnclavePolicyGates(t *testing.T) {
	unit := protocol.EnclaveOU(policyChannel, "auction", policyVersion)
	one := &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{}}
	for n, want := range map[int32]protocol.Code{9: "", 1: "", 0: protocol.CodeBadEnclavePolicy, -1: protocol.CodeBadEnclavePolicy} {
		rule := &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{N: n, Rules: []*common.SignaturePolicy{one}}}}
		b, err := proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{
			SignaturePolicy: &common.SignaturePolicyEnvelope{Rule: rule, Identities: []*common.MSPPrincipal{msp.OUPrincipal("Org1MSP", unit, []byte("CA"))}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := protocol.EnclavePolicy("INV-5", b, policyChannel, "auction", policyVersion); protocol.CodeOf(err) != want {
			t.Errorf("%d of 1: got %v, want code %q", n, err, want)
		}
	}
}

// TestEnclavePolicyLite: policies of peers are Lite's.
func TestEnclavePolicyLite(t *testing.T) {
	peers, err := policy.Parse("OutOf(2,'Org1MSP.peer','Org2MSP.peer')")
	if err != nil {
		t.Fatal(err)
	}
	for name, application := range map[string]*peer.ApplicationPolicy{
		"peers":     {Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: peers}},
		"reference": {Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{ChannelConfigPolicyReference: "/Channel/Application/Endorsement"}},
	} {
		b, err := proto.Marshal(application)
		if err != nil {
			t.Fatal(err)
		}
		mode, envelope, err := protocol.EnclavePolicy("INV-5", b, policyChannel, "auction", policyVersion)
		if mode != protocol.ModeLite || envelope != nil || err != nil {
			t.Errorf("%s: got mode %q, policy %v, %v, want lite", name, mode, envelope, err)
		}
	}
}

// TestPinnedPolicy: exact certificates do, if they are of this definition's
// enclaves.
func TestPinnedPolicy(t *testing.T) {
	org := fpctest.NewOrg(t, "Org1MSP")
	enclave := org.Issue(fpctest.Template{Name: "enclave", OUs: []string{"client", protocol.EnclaveOU(policyChannel, "auction", policyVersion)}})
	plain := org.Client()
	for name, test := range map[string]struct {
		identity []byte
		code     protocol.Code
	}{
		"enclave": {enclave.Creator(), ""},
		"client":  {plain.Creator(), protocol.CodeBadEnclavePolicy},
		"garbage": {[]byte{1}, protocol.CodeBadEnclavePolicy},
	} {
		_, err := protocol.CompilePinnedPolicy("OR('Org1MSP.enclave')", policyChannel, "auction", policyVersion,
			func(string) ([]byte, error) { return test.identity, nil })
		if got := protocol.CodeOf(err); got != test.code {
			t.Errorf("%s: got %v, want code %q", name, err, test.code)
		}
	}
}

func anyOf(t *testing.T, principals ...*common.MSPPrincipal) []byte {
	t.Helper()
	rule := &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{}}
	b, err := proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{
		SignaturePolicy: &common.SignaturePolicyEnvelope{Rule: rule, Identities: principals},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzEnclavePolicy: whatever stands in a definition, it has a mode or is refused
// with a code; a Full policy has only principals of this definition.
func FuzzEnclavePolicy(f *testing.F) {
	full, err := protocol.CompileEnclavePolicy("OR('Org1MSP.enclave')", policyChannel, "auction", policyVersion, certifiers)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte{})
	f.Add([]byte("\x0a\x02\x12\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		mode, envelope, err := protocol.EnclavePolicy("INV-5", b, policyChannel, "auction", policyVersion)
		switch {
		case err != nil && protocol.CodeOf(err) == "":
			t.Errorf("got %v, want an error with a code", err)
		case err == nil && (mode == protocol.ModeFull) != (envelope != nil):
			t.Errorf("got mode %q with policy %v", mode, envelope)
		}
	})
}
