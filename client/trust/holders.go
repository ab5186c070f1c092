// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"errors"
	"slices"

	"github.com/privatechaincode/fpc/attest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// addHolders adds every enclave that passes all checks and holds the key. An
// enclave that fails does not matter if others pass: it is never talked to. But
// the key is refused where anybody ever held it whom this client's policy rules
// out: see everHeld.
func (c *check) addHolders(found *Chaincode) error {
	registrations := make(map[string]*pb.Signed)
	for _, s := range c.view.GetProvisioned() {
		if r, err := protocol.ParseKeyRegistration(stepCredentials, s); err == nil {
			registrations[r.EnclaveID] = s
		}
	}
	var refused []error
	var orgs []string
	for _, m := range c.view.GetCredentials() {
		e, err := c.holder(found, m, registrations)
		if err != nil {
			refused = append(refused, err)
			found.refused = append(found.refused, Refused{e.ID, e.MSPID, err})
			continue
		}
		found.enclaves = append(found.enclaves, e)
		if !slices.Contains(orgs, e.MSPID) {
			orgs = append(orgs, e.MSPID)
		}
	}
	if len(found.enclaves) == 0 {
		return nobody(c.view, refused)
	}
	if want := max(c.policy.MinHolders, 1); len(orgs) < want {
		return protocol.Errorf(stepCredentials, CodeTooFewHolders, "the key of %s is held by enclaves of %d organisations %v, this client asks for %d", found.ID(), len(orgs), orgs, want).
			WithHint("lower --min-holders, or have more organisations provision enclaves")
	}
	found.lineage = c.everHeld(found.ek)
	return found.lineage.Check(stepCredentials, c.policy.Attestation)
}

// everHeld is the lineage of a key, as far as the registry tells: of all who
// registered that they hold it, trusted here or not, revoked or not; and of all to
// whom an enclave gave it, whether they took it or not. Whoever broke one of them
// reads what is encrypted to any. The registry verified what it lists; what it
// lists wrongly can only have this client refuse.
func (c *check) everHeld(ek keys.ChaincodeEK) protocol.Lineage {
	var all protocol.Lineage
	for _, s := range c.view.GetProvisioned() {
		if r, err := protocol.ParseKeyRegistration(stepCredentials, s); err == nil && bytes.Equal(r.ChaincodeEK.ID(), ek.ID()) {
			all = all.Union(r.Lineage)
		}
	}
	for _, s := range c.view.GetExported() {
		if x, err := protocol.ParseKeyExport(stepCredentials, s); err == nil && bytes.Equal(x.ChaincodeEK.ID(), ek.ID()) {
			all = all.Union(x.Lineage)
		}
	}
	return all
}

// holder checks one enclave: credentials, evidence, code, and its signature for
// the chaincode's key. A refused one is returned as far as it is known.
func (c *check) holder(found *Chaincode, m *pb.Credentials, registrations map[string]*pb.Signed) (Enclave, error) {
	credentials, err := protocol.CredentialsFromPB(stepCredentials, m)
	if err != nil {
		return Enclave{}, err
	}
	data, id := credentials.Data, credentials.EnclaveID()
	e := Enclave{
		ID: id, VK: credentials.EnclaveVK, MSPID: data.GetHostParams().GetMspId(), Peer: data.GetHostParams().GetPeerEndpoint(),
		ConfigSequence: data.GetConfigSequence(), MSPConfigHash: data.GetMspConfigHash(),
		certificate: m.GetCertificate(), credentials: credentials,
	}
	if slices.Contains(c.view.GetRevoked(), id) {
		return e, protocol.Errorf(stepCredentials, protocol.CodeRevoked, "enclave %.12s is revoked", id)
	}
	if e.Claims, err = attest.Verify(credentials.Evidence, credentials.Statement, c.policy.Attestation, c.policy.Verifiers, c.at); err != nil {
		return e, protocol.Errorf(stepCredentials, protocol.CodeOf(err), "enclave %.12s: %w", id, err)
	}
	if err := c.policy.checkCode(stepCredentials, e.Claims, c.manifest); err != nil {
		return e, err
	}
	if err := c.checkAttested(credentials); err != nil {
		return e, err
	}
	if err := c.checkMode(&e); err != nil {
		return e, err
	}
	return e, c.checkRegistration(found, credentials, e.Claims, registrations[id])
}

// checkAttested holds what the enclave attested against definition and pins.
func (c *check) checkAttested(credentials *protocol.Credentials) error {
	data, id := credentials.Data, credentials.EnclaveID()
	if err := c.sameChaincode(id, data.GetCcParams()); err != nil {
		return err
	}
	if !bytes.Equal(data.GetChannelHash(), c.pins.channelHash) {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "enclave %.12s is of the channel with hash %x, this client pins %x", id, data.GetChannelHash(), c.pins.channelHash)
	}
	if !bytes.Equal(data.GetMspRootsHash(), c.pins.rootsHash) {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongMSP, "enclave %.12s knows other organisations' roots than this client pins", id)
	}
	if _, ok := c.pins.manager.MSP(data.GetHostParams().GetMspId()); !ok {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongMSP, "enclave %.12s is hosted by %q, which is not of the channel", id, data.GetHostParams().GetMspId())
	}
	return c.pins.checkConfig(id, data)
}

// checkConfig refuses an enclave that attested other MSP configurations than the
// pinned block holds: older ones, which lack a revocation, or false ones. Newer
// ones than the pinned are for those to judge who pin them.
func (p *Pins) checkConfig(id string, data *pb.AttestedData) error {
	if p.config == nil || bytes.Equal(data.GetMspConfigHash(), p.configHash) || data.GetConfigSequence() > p.config.Sequence() {
		return nil
	}
	return protocol.Errorf(stepCredentials, CodeOldConfig, "enclave %.12s knows the MSP configurations of channel configuration %d, this client pins those of %d, and they differ",
		id, data.GetConfigSequence(), p.config.Sequence()).
		WithHint("have its administrator refresh it: fpc enclave refresh")
}

// CodeOldConfig says that an enclave does not know the MSP configurations that
// the client pins.
const CodeOldConfig protocol.Code = "old_config"

// sameChaincode compares CC_Params with the definition; the sequence is recorded
// only, so that a policy-only sequence strands nobody.
func (c *check) sameChaincode(id string, p *pb.CCParameters) error {
	d := c.view.GetDefinition()
	switch {
	case p.GetChaincodeId() != d.GetChaincodeId():
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChaincode, "enclave %.12s is of chaincode %q", id, p.GetChaincodeId())
	case p.GetChannelId() != d.GetChannelId():
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "enclave %.12s is of channel %q", id, p.GetChannelId())
	case p.GetVersion() != d.GetVersion():
		return protocol.Errorf(stepCredentials, protocol.CodeWrongVersion, "enclave %.12s is of version %s, agreed is %s", id, p.GetVersion(), d.GetVersion())
	}
	return nil
}

// checkRegistration demands the enclave's signature for exactly the registered
// key, and a lineage that names the enclave's own kind.
func (c *check) checkRegistration(found *Chaincode, credentials *protocol.Credentials, claims attest.Claims, signed *pb.Signed) error {
	id := credentials.EnclaveID()
	if signed == nil {
		return protocol.Errorf(stepCredentials, protocol.CodeNotProvisioned, "enclave %.12s is registered, but holds no key", id)
	}
	r, err := protocol.VerifyKeyRegistration(stepCredentials, credentials.EnclaveVK, signed)
	if err != nil {
		return err
	}
	if err := c.sameChaincode(id, r.CCParams); err != nil {
		return err
	}
	if !bytes.Equal(r.ChannelHash, c.pins.channelHash) {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "enclave %.12s registered its key for another channel", id)
	}
	if r.Generation != found.generation {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongGeneration, "enclave %.12s holds generation %d, current is %d", id, r.Generation, found.generation)
	}
	if !bytes.Equal(r.ChaincodeEK.ID(), found.ek.ID()) {
		return protocol.Errorf(stepCredentials, protocol.CodeUnknownKey, "enclave %.12s signed for another key than the registered one", id)
	}
	if !r.Lineage.Covers(claims.Custody()) {
		return protocol.Errorf(stepCredentials, protocol.CodeLineage, "lineage of the key that enclave %.12s holds leaves out that enclave's own kind", id)
	}
	return nil
}

// nobody explains why no enclave passed; the first refusal gives its code.
func nobody(view *pb.RegistryView, refused []error) error {
	if len(refused) == 0 {
		return protocol.Errorf(stepCredentials, protocol.CodeNotRegistered, "no enclave of %s is registered", view.GetDefinition().GetChaincodeId())
	}
	refusal := protocol.Errorf(stepCredentials, protocol.CodeOf(refused[0]), "none of the %d registered enclaves of %s is trusted, the first because: %w", len(refused), view.GetDefinition().GetChaincodeId(), refused[0])
	refusal.Err = errors.Join(refused...)
	return refusal
}
