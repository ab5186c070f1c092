// SPDX-License-Identifier: Apache-2.0

// Package registration is untrusted: it makes the checks of REG-12 that need
// nothing but what they are given, so that ERCC and an organisation's CA, which
// certifies an enclave before ERCC sees it (REG-9), judge by one rule. It is pure:
// the time is an argument.
package registration

import (
	"bytes"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Facts are what credentials are held against. Who judges got them from where it
// trusts: ERCC from its own peer's _lifecycle and its own state.
type Facts struct {
	Policy           *protocol.RegistryPolicy // ERCC's, approved (LC-5)
	Registry         string                   // ERCC's chaincode name
	Definition       *fpc.CCParameters        // the committed definition
	DefinitionPolicy []byte                   // its endorsement policy, serialised ApplicationPolicy
	Manifest         []byte                   // code manifest whose hash is the definition's version
	Verifiers        map[string]attest.Verifier
	At               time.Time // the time of judgement
}

// Enclave is an enclave that passed [Check]. Its certificate is another question.
type Enclave struct {
	*protocol.Credentials
	Claims attest.Claims
	Mode   protocol.Mode

	facts Facts
}

// Check makes the checks of REG-12 on credentials, but for the caller and the
// certificate. Nothing that the credentials say is believed before the evidence
// covers it.
//
// Codes: malformed, attest's codes, not_in_manifest, wrong_chaincode,
// wrong_version, wrong_channel, bad_arguments, wrong_msp, bad_enclave_policy,
// wrong_mode, wrong_ledger, wrong_registry.
func Check(step string, facts Facts, credentials *fpc.Credentials) (*Enclave, error) {
	c, err := protocol.CredentialsFromPB(step, credentials)
	if err != nil {
		return nil, err
	}
	claims, err := Judge(step, c, facts.Policy, facts.Verifiers, facts.At)
	if err != nil {
		return nil, err
	}
	e := &Enclave{Credentials: c, Claims: claims, facts: facts}
	for _, check := range []func(string) error{e.checkCode, e.checkParams, e.checkChannel, e.checkMode} {
		if err := check(step); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Judge verifies evidence under the approved attestation policy.
func Judge(step string, c *protocol.Credentials, policy *protocol.RegistryPolicy, verifiers map[string]attest.Verifier, at time.Time) (attest.Claims, error) {
	claims, err := attest.Verify(c.Evidence, c.Statement, policy.Attestation, verifiers, at)
	if err != nil {
		return attest.Claims{}, protocol.Wrap(step, attest.CodeEvidence, err)
	}
	return claims, nil
}

// checkCode demands that the measured code stands in the manifest which the
// organisations approved as the definition's version.
func (e *Enclave) checkCode(step string) error {
	version := e.facts.Definition.GetVersion()
	m, err := protocol.CheckManifest(step, e.facts.Manifest, version)
	if err != nil {
		return err
	}
	if !m.Contains(e.Claims.Platform, e.Claims.CodeID) {
		return protocol.Errorf(step, protocol.CodeNotInManifest, "code %s:%s is not in the code manifest of version %s", e.Claims.Platform, e.Claims.CodeID, version)
	}
	return nil
}

// checkParams holds CC_Params against the committed definition, the sequence
// excepted, and Host_Params to their form.
func (e *Enclave) checkParams(step string) error {
	p, committed := e.Data.GetCcParams(), e.facts.Definition
	if p.GetChaincodeId() != committed.GetChaincodeId() {
		return protocol.Errorf(step, protocol.CodeWrongChaincode, "the enclave runs chaincode %q, the definition is of %q", p.GetChaincodeId(), committed.GetChaincodeId())
	}
	if p.GetVersion() != committed.GetVersion() {
		return protocol.Errorf(step, protocol.CodeWrongVersion, "the enclave runs version %q, committed is %q", p.GetVersion(), committed.GetVersion())
	}
	if p.GetChannelId() != committed.GetChannelId() {
		return protocol.Errorf(step, protocol.CodeWrongChannel, "the enclave was made for channel %q, this is %q", p.GetChannelId(), committed.GetChannelId())
	}
	return protocol.CheckEndpoint(step, e.Data.GetHostParams().GetPeerEndpoint())
}

// checkChannel holds the channel that the enclave was given against the one
// that the organisations approved: the name is not enough.
func (e *Enclave) checkChannel(step string) error {
	if !bytes.Equal(e.Data.GetChannelHash(), e.facts.Policy.ChannelHashBytes()) {
		return protocol.Errorf(step, protocol.CodeWrongChannel, "the enclave was made for the channel with hash %x, the policy says %s", e.Data.GetChannelHash(), e.facts.Policy.ChannelHash)
	}
	if !bytes.Equal(e.Data.GetMspRootsHash(), e.facts.Policy.MSPRootsHashBytes()) {
		return protocol.Errorf(step, protocol.CodeWrongMSP, "the enclave was given MSP roots with hash %x, the policy says %s", e.Data.GetMspRootsHash(), e.facts.Policy.MSPRootsHash).
			WithHint("refresh the enclave with the channel's current configuration, or approve a policy for the changed MSPs")
	}
	return nil
}

// checkMode demands an enclave of the definition's mode and, in Full mode, a
// ledger enclave that the organisations approved.
func (e *Enclave) checkMode(step string) error {
	var err error
	e.Mode, _, err = protocol.EnclavePolicy(step, e.facts.DefinitionPolicy, e.Data.GetChannelHash(), e.Data.GetCcParams().GetChaincodeId(), e.facts.Definition.GetVersion())
	if err != nil {
		return err
	}
	if err := protocol.CheckMode(step, e.Mode, e.Data); err != nil || e.Mode == protocol.ModeLite {
		return err
	}
	if registry := e.Data.GetRegistry(); registry != e.facts.Registry {
		return protocol.Errorf(step, CodeWrongRegistry, "the enclave's ledger enclave looks registrations up at chaincode %q, this registry is %q", registry, e.facts.Registry)
	}
	return protocol.CheckLedger(step, e.Data, e.facts.Policy.LedgerCodeIDs, e.facts.Policy.Attestation)
}

// CodeWrongRegistry: the enclave works with a ledger enclave that reads another
// chaincode's state as the registry's.
const CodeWrongRegistry protocol.Code = "wrong_registry"

// CheckCertificate demands, of an enclave of Full mode, a certificate over its
// Enclave_VK, for enclaves of this chaincode, from its organisation (REG-9).
// mspRoots are the organisations' roots, serialised ([protocol.CertificateRoots]),
// whose hash the policy has. Codes: those of [protocol.RootsOf] and
// [protocol.CheckEnclaveIdentity].
func (e *Enclave) CheckCertificate(step string, certificate, mspRoots []byte) error {
	host, err := protocol.RootsOf(step, mspRoots, e.facts.Policy.MSPRootsHashBytes(), e.Data.GetHostParams().GetMspId())
	if err != nil {
		return err
	}
	_, err = protocol.CheckEnclaveIdentity(step, host, certificate, e.Data)
	return err
}
