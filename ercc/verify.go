// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"bytes"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// registration is an enclave that has passed all of REG-12's checks. Only
// verifyRegistration makes one.
type registration struct {
	credentials *protocol.Credentials
	definition  *definition.Definition
}

// verifyRegistration makes REG-12's checks, in the order of the flow. Nothing
// that the caller says is believed before the evidence covers it.
//
// Codes: no_policy, wrong_policy, clock, malformed, attest's codes,
// no_definition, not_in_manifest, wrong_chaincode, wrong_version,
// wrong_channel, bad_arguments, wrong_msp, foreign_caller, not_admin.
func (t *tx) verifyRegistration(credentials *fpc.Credentials, manifest []byte) (*registration, error) {
	const step = "REG-12"
	policy, err := t.policy(step)
	if err != nil {
		return nil, err
	}
	at, err := t.time(step)
	if err != nil {
		return nil, err
	}
	c, err := protocol.CredentialsFromPB(step, credentials)
	if err != nil {
		return nil, err
	}
	claims, err := t.judge(step, c, policy, at)
	if err != nil {
		return nil, err
	}
	committed, err := t.definition(step, c.Data.GetCcParams().GetChaincodeId())
	if err != nil {
		return nil, err
	}
	if err := checkCode(step, claims, manifest, committed); err != nil {
		return nil, err
	}
	if err := checkParams(step, c, committed); err != nil {
		return nil, err
	}
	if err := checkChannel(step, c, policy); err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, t.stub, c.Data.GetHostParams().GetMspId()); err != nil {
		return nil, err
	}
	return &registration{credentials: c, definition: committed}, nil
}

// judge verifies evidence under the approved attestation policy.
func (t *tx) judge(step string, c *protocol.Credentials, policy *protocol.RegistryPolicy, at time.Time) (attest.Claims, error) {
	claims, err := attest.Verify(c.Evidence, c.Statement, policy.Attestation, t.registry.config.Verifiers, at)
	if err != nil {
		return attest.Claims{}, protocol.Wrap(step, attest.CodeEvidence, err)
	}
	return claims, nil
}

// checkCode demands that the measured code stands in the manifest which the
// organisations approved as the definition's version.
func checkCode(step string, claims attest.Claims, manifest []byte, committed *definition.Definition) error {
	m, err := protocol.CheckManifest(step, manifest, committed.GetVersion())
	if err != nil {
		return err
	}
	if !m.Contains(claims.Platform, claims.CodeID) {
		return protocol.Errorf(step, protocol.CodeNotInManifest, "code %s:%s is not in the code manifest of version %s", claims.Platform, claims.CodeID, committed.GetVersion())
	}
	return nil
}

// checkParams holds CC_Params against the committed definition, the sequence
// excepted, and Host_Params to their form.
func checkParams(step string, c *protocol.Credentials, committed *definition.Definition) error {
	p := c.Data.GetCcParams()
	if p.GetVersion() != committed.GetVersion() {
		return protocol.Errorf(step, protocol.CodeWrongVersion, "the enclave runs version %q, committed is %q", p.GetVersion(), committed.GetVersion())
	}
	if p.GetChannelId() != committed.Channel {
		return protocol.Errorf(step, protocol.CodeWrongChannel, "the enclave was made for channel %q, this is %q", p.GetChannelId(), committed.Channel)
	}
	return protocol.CheckEndpoint(step, c.Data.GetHostParams().GetPeerEndpoint())
}

// checkChannel holds the channel that the enclave was given against the one
// that the organisations approved: the name is not enough.
func checkChannel(step string, c *protocol.Credentials, policy *protocol.RegistryPolicy) error {
	if !bytes.Equal(c.Data.GetChannelHash(), policy.ChannelHashBytes()) {
		return protocol.Errorf(step, protocol.CodeWrongChannel, "the enclave was made for the channel with hash %x, the policy says %s", c.Data.GetChannelHash(), policy.ChannelHash)
	}
	if !bytes.Equal(c.Data.GetMspRootsHash(), policy.MSPRootsHashBytes()) {
		return protocol.Errorf(step, protocol.CodeWrongMSP, "the enclave was given MSP roots with hash %x, the policy says %s", c.Data.GetMspRootsHash(), policy.MSPRootsHash).
			WithHint("refresh the enclave with the channel's current configuration, or approve a policy for the changed MSPs")
	}
	return nil
}
