// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"slices"
	"time"

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
	registry string // the chaincode that answered
	mode     protocol.Mode
}

// Check examines the registry's view of a chaincode, as [Pins.Agreed] returned
// it, and makes the whole chain of INV-5 before anything is encrypted: the
// organisations' policy and definition are for this channel and chaincode;
// evidence of each enclave is genuine by the client's own policy; its code is in
// the agreed manifest; the key is of a suite that the client accepts; its Enclave_VK signed for exactly the registered
// Chaincode_EK, its generation and lineage; enough organisations hold it. In Full
// mode, its ledger enclave is approved too, and its certificate is one of its
// organisation for enclaves of this definition. at is the time of judgement.
//
// All errors are *protocol.StepError.
func Check(pins *Pins, policy *Policy, chaincode string, answer *envelope.Result, at time.Time) (*Chaincode, error) {
	view, err := protocol.ParseRegistryView(stepCredentials, answer.Response.GetPayload())
	if err != nil {
		return nil, err
	}
	c := &check{pins: pins, policy: policy, view: view, at: at, registry: answer.ChaincodeID.GetName()}
	if v := answer.ChaincodeID.GetVersion(); v != view.GetErccVersion() {
		return nil, protocol.Errorf(stepCredentials, protocol.CodeWrongPolicy, "the registry says that its version is %q, its endorsers run %q", view.GetErccVersion(), v)
	}
	if err := c.checkPolicy(); err != nil {
		return nil, err
	}
	if err := c.checkDefinition(chaincode); err != nil {
		return nil, err
	}
	if c.mode, _, err = protocol.EnclavePolicy(stepCredentials, view.GetDefinitionPolicy(), pins.channelHash, chaincode, view.GetDefinition().GetVersion()); err != nil {
		return nil, err
	}
	ek, err := c.key(chaincode)
	if err != nil {
		return nil, err
	}
	found := &Chaincode{
		pins: pins, definition: view.GetDefinition(), policy: view.GetDefinitionPolicy(), mode: c.mode,
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
	return ek, c.policy.checkSuite(step, chaincode, ek.Suite())
}
