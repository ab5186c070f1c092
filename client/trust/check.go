// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// stepCredentials is the step whose checks stand here (flows.md INV-5).
const stepCredentials = "INV-5"

// check is one examination of a registry view.
type check struct {
	pins     *Pins
	policy   *Policy
	view     *pb.RegistryView
	at       time.Time
	manifest protocol.CodeManifest
	agreed   *protocol.RegistryPolicy
}

// Check examines the registry's view of a chaincode, as [Pins.Agreed] returned
// it, and makes the whole chain of INV-5 before anything is encrypted: the
// organisations' policy and definition are for this channel and chaincode;
// evidence of each enclave is genuine by the client's own policy; its code is in
// the agreed manifest; its Enclave_VK signed for exactly the registered
// Chaincode_EK, its generation and lineage; enough organisations hold it. at is
// the time of judgement.
//
// All errors are *protocol.StepError.
func Check(pins *Pins, policy *Policy, chaincode string, answer *envelope.Result, at time.Time) (*Chaincode, error) {
	view, err := protocol.ParseRegistryView(stepCredentials, answer.Response.GetPayload())
	if err != nil {
		return nil, err
	}
	c := &check{pins: pins, policy: policy, view: view, at: at}
	if v := answer.ChaincodeID.GetVersion(); v != view.GetErccVersion() {
		return nil, protocol.Errorf(stepCredentials, protocol.CodeWrongPolicy, "the registry says that its version is %q, its endorsers run %q", view.GetErccVersion(), v)
	}
	if err := c.checkPolicy(); err != nil {
		return nil, err
	}
	if err := c.checkDefinition(chaincode); err != nil {
		return nil, err
	}
	ek, err := c.key(chaincode)
	if err != nil {
		return nil, err
	}
	found := &Chaincode{
		pins: pins, definition: view.GetDefinition(), policy: view.GetDefinitionPolicy(),
		ek: ek, generation: view.GetChaincodeKey().GetGeneration(),
	}
	if err := c.addHolders(found); err != nil {
		return nil, err
	}
	return found, nil
}

// checkPolicy holds the organisations' own policy against what the client pins.
func (c *check) checkPolicy() error {
	agreed, err := protocol.CheckPolicy(stepCredentials, c.view.GetPolicy(), c.view.GetErccVersion())
	if err != nil {
		return err
	}
	if !bytes.Equal(agreed.ChannelHashBytes(), c.pins.channelHash) {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "the registry's policy is for the channel with hash %s, this client pins %x", agreed.ChannelHash, c.pins.channelHash)
	}
	if !slices.Equal(agreed.MSPIDs, c.pins.manager.IDs()) || !bytes.Equal(agreed.MSPRootsHashBytes(), c.pins.rootsHash) {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongMSP, "the registry's policy names organisations %v, or roots of theirs, that differ from the pinned ones %v", agreed.MSPIDs, c.pins.manager.IDs()).
			WithHint("if the channel's organisations changed, get its configuration block from somebody you trust and pin it")
	}
	c.agreed = agreed
	return nil
}

// checkDefinition demands a definition of this very chaincode, and the code
// manifest that it names.
func (c *check) checkDefinition(chaincode string) error {
	d := c.view.GetDefinition()
	if d.GetChaincodeId() != chaincode {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChaincode, "the registry answered about chaincode %q, asked was %q", d.GetChaincodeId(), chaincode)
	}
	if d.GetChannelId() != c.pins.channelID {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "the registry answered about channel %q, asked was %q", d.GetChannelId(), c.pins.channelID)
	}
	if len(c.view.GetCodeManifest()) == 0 {
		return protocol.Errorf(stepCredentials, protocol.CodeNotRegistered, "no enclave of %s %s is registered", chaincode, d.GetVersion())
	}
	manifest, err := protocol.CheckManifest(stepCredentials, c.view.GetCodeManifest(), d.GetVersion())
	c.manifest = manifest
	return err
}

// key reads the registered Chaincode_EK (INV-2). It is believed only through the
// registrations of its holders.
func (c *check) key(chaincode string) (keys.ChaincodeEK, error) {
	const step = "INV-2"
	k := c.view.GetChaincodeKey()
	if k == nil {
		return keys.ChaincodeEK{}, protocol.Errorf(step, protocol.CodeNotProvisioned, "chaincode %s has no key yet", chaincode)
	}
	ek, err := keys.ChaincodeEKFromPB(k.GetChaincodeEk())
	if err != nil {
		return keys.ChaincodeEK{}, protocol.Errorf(step, protocol.CodeMalformed, "Chaincode_EK: %w", err)
	}
	return ek, nil
}

// addHolders adds every enclave that passes all checks and holds the key. An
// enclave that fails does not matter if others pass: it is never talked to.
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
		e, lineage, err := c.holder(found, m, registrations)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		found.enclaves = append(found.enclaves, e)
		found.lineage = found.lineage.Union(lineage)
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
	return nil
}

// holder checks one enclave: credentials, evidence, code, and its signature for
// the chaincode's key.
func (c *check) holder(found *Chaincode, m *pb.Credentials, registrations map[string]*pb.Signed) (Enclave, protocol.Lineage, error) {
	none := protocol.Lineage{}
	credentials, err := protocol.CredentialsFromPB(stepCredentials, m)
	if err != nil {
		return Enclave{}, none, err
	}
	id := credentials.EnclaveID()
	if slices.Contains(c.view.GetRevoked(), id) {
		return Enclave{}, none, protocol.Errorf(stepCredentials, protocol.CodeRevoked, "enclave %.12s is revoked", id)
	}
	claims, err := attest.Verify(credentials.Evidence, credentials.Statement, c.policy.Attestation, c.policy.Verifiers, c.at)
	if err != nil {
		return Enclave{}, none, protocol.Errorf(stepCredentials, protocol.CodeOf(err), "enclave %.12s: %w", id, err)
	}
	if err := c.policy.checkCode(stepCredentials, claims, c.manifest); err != nil {
		return Enclave{}, none, err
	}
	if err := c.checkAttested(credentials); err != nil {
		return Enclave{}, none, err
	}
	lineage, err := c.checkRegistration(found, credentials, claims, registrations[id])
	if err != nil {
		return Enclave{}, none, err
	}
	data := credentials.Data
	return Enclave{
		ID: id, VK: credentials.EnclaveVK, MSPID: data.GetHostParams().GetMspId(), Peer: data.GetHostParams().GetPeerEndpoint(),
		Claims: claims, ConfigSequence: data.GetConfigSequence(), MSPConfigHash: data.GetMspConfigHash(),
	}, lineage, nil
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
	return nil
}

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
// key, and a lineage that the client's own policy accepts.
func (c *check) checkRegistration(found *Chaincode, credentials *protocol.Credentials, claims attest.Claims, signed *pb.Signed) (protocol.Lineage, error) {
	none, id := protocol.Lineage{}, credentials.EnclaveID()
	if signed == nil {
		return none, protocol.Errorf(stepCredentials, protocol.CodeNotProvisioned, "enclave %.12s is registered, but holds no key", id)
	}
	r, err := protocol.VerifyKeyRegistration(stepCredentials, credentials.EnclaveVK, signed)
	if err != nil {
		return none, err
	}
	if err := c.sameChaincode(id, r.CCParams); err != nil {
		return none, err
	}
	if !bytes.Equal(r.ChannelHash, c.pins.channelHash) {
		return none, protocol.Errorf(stepCredentials, protocol.CodeWrongChannel, "enclave %.12s registered its key for another channel", id)
	}
	if r.Generation != found.generation {
		return none, protocol.Errorf(stepCredentials, protocol.CodeWrongGeneration, "enclave %.12s holds generation %d, current is %d", id, r.Generation, found.generation)
	}
	if !bytes.Equal(r.ChaincodeEK.ID(), found.ek.ID()) {
		return none, protocol.Errorf(stepCredentials, protocol.CodeUnknownKey, "enclave %.12s signed for another key than the registered one", id)
	}
	if !r.Lineage.Contains(claims.Custody()) {
		return none, protocol.Errorf(stepCredentials, protocol.CodeLineage, "lineage of the key that enclave %.12s holds leaves out that enclave's own kind", id)
	}
	return r.Lineage, r.Lineage.Check(stepCredentials, c.policy.Attestation)
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
