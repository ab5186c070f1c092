// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"bytes"
	"cmp"

	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
)

// registerCCKeys registers the key set that an enclave generated (KEY-3), or that
// it imported (KEY-7). Argument: Signed, of KeyRegistration. A generated key stays
// the chaincode's until a later generation has a cause, so who may register one is
// narrow (attack 27): administrators of the one organisation that the policy
// designates, for a registered enclave of theirs. An imported one is the
// registered one already: administrators register it for their own enclave.
//
// Codes: no_policy, wrong_policy, clock, malformed, not_registered, revoked,
// attest's codes, not_designated, not_admin, foreign_caller, wrong_enclave,
// bad_signature, no_definition, wrong_chaincode, wrong_version, wrong_channel,
// lineage, already_provisioned, wrong_generation.
func (t *tx) registerCCKeys(args [][]byte) ([]byte, error) {
	const step = "KEY-3"
	offer, err := t.offered(step, args)
	if err != nil {
		return nil, err
	}
	imported, err := t.imported(offer.keys, offer.enclave, offer.current)
	if err != nil {
		return nil, err
	}
	if err := t.checkOffer(step, offer, imported); err != nil {
		return nil, err
	}
	if !imported {
		if err := t.checkGeneration(step, offer.cc, offer.keys, offer.current); err != nil {
			return nil, err
		}
		if err := t.store.putKey(offer.cc, &fpc.ChaincodeKey{
			ChaincodeEk:  offer.keys.ChaincodeEK.PB(),
			Generation:   offer.keys.Generation,
			Registration: offer.signed,
		}); err != nil {
			return nil, err
		}
	}
	return nil, t.store.putProvisioned(offer.cc, offer.keys.EnclaveID, offer.signed)
}

// keyOffer is a key set that a registered enclave signed, beside what it is to be
// held against.
type keyOffer struct {
	cc      string
	signed  *fpc.Signed
	keys    protocol.VerifiedKeyRegistration // what signed says
	enclave *protocol.Credentials            // who signed it
	current *fpc.ChaincodeKey                // what is registered so far; nil: nothing
	policy  *protocol.RegistryPolicy
}

// offered reads the offer, and verifies that the enclave it names signed it.
func (t *tx) offered(step string, args [][]byte) (o keyOffer, err error) {
	if o.signed, err = protocol.ParseRegisterCCKeys(args); err != nil {
		return o, err
	}
	claimed, err := protocol.ParseKeyRegistration(step, o.signed)
	if err != nil {
		return o, err
	}
	if o.policy, err = t.policy(step); err != nil {
		return o, err
	}
	o.cc = claimed.CCParams.GetChaincodeId()
	if err := cmp.Or(checkName(step, o.cc), checkEnclaveID(step, claimed.EnclaveID)); err != nil {
		return o, err
	}
	if o.enclave, err = t.registered(step, o.cc, claimed.EnclaveID); err != nil {
		return o, err
	}
	if o.keys, err = protocol.VerifyKeyRegistration(step, o.enclave.EnclaveVK, o.signed); err != nil {
		return o, err
	}
	o.current, err = t.store.key(o.cc)
	return o, err
}

// checkOffer is what generated and imported keys have in common.
func (t *tx) checkOffer(step string, o keyOffer, imported bool) error {
	if err := t.mayProvision(step, o.cc, o.enclave, o.policy, imported); err != nil {
		return err
	}
	if err := t.checkKeyPlace(step, o.keys, o.enclave, o.policy); err != nil {
		return err
	}
	if err := t.checkLineage(step, o.keys, o.enclave, o.policy); err != nil {
		return err
	}
	return t.unprovisioned(step, o.cc, o.keys.EnclaveID)
}

// imported tells whether the registration is of the key set that is registered
// already, in Full mode: there is no import in Lite. Its lineage must cover all
// that is known of that key set, or a holder could hide where it has been.
func (t *tx) imported(r protocol.VerifiedKeyRegistration, enclave *protocol.Credentials, current *fpc.ChaincodeKey) (bool, error) {
	const step = "KEY-7"
	if current.GetGeneration() != r.Generation || protocol.AttestedMode(enclave.Data) != protocol.ModeFull {
		return false, nil
	}
	known, err := protocol.ParseKeyRegistration(step, current.GetRegistration())
	if err != nil {
		return false, err
	}
	if !bytes.Equal(known.ChaincodeEK.ID(), r.ChaincodeEK.ID()) {
		return false, nil
	}
	for _, c := range known.Lineage.Custodies() {
		if !r.Lineage.Contains(c) {
			return false, protocol.Errorf(step, protocol.CodeLineage, "the lineage leaves out platform %q, TCB level %d, debug %t, which the registered one names", c.Platform, c.TCB, c.Debug)
		}
	}
	return true, nil
}

// mayProvision demands that one of the administrators of the enclave's
// organisation calls and, unless the keys are imported, that the policy designates
// that organisation.
func (t *tx) mayProvision(step, cc string, enclave *protocol.Credentials, policy *protocol.RegistryPolicy, imported bool) error {
	host := enclave.Data.GetHostParams().GetMspId()
	designated, named := policy.DesignatedMSP(cc)
	if (!named || designated != host) && !imported {
		return protocol.Errorf(step, protocol.CodeNotDesignated, "the policy designates %q for chaincode %s, the enclave's organisation is %s", designated, cc, host)
	}
	return admin.CallerOf(step, t.stub, host)
}

// checkKeyPlace holds the registration against the committed definition and the
// channel, by name and by hash.
func (t *tx) checkKeyPlace(step string, r protocol.VerifiedKeyRegistration, enclave *protocol.Credentials, policy *protocol.RegistryPolicy) error {
	p := r.CCParams
	committed, err := t.definition(step, p.GetChaincodeId())
	if err != nil {
		return err
	}
	if v := enclave.Data.GetCcParams().GetVersion(); p.GetVersion() != committed.GetVersion() || v != committed.GetVersion() {
		return protocol.Errorf(step, protocol.CodeWrongVersion, "key set of version %q, enclave of version %q, committed is %q", p.GetVersion(), v, committed.GetVersion())
	}
	if p.GetChannelId() != committed.Channel || !bytes.Equal(r.ChannelHash, policy.ChannelHashBytes()) {
		return protocol.Errorf(step, protocol.CodeWrongChannel, "key set of channel %q, hash %x; this is %q, hash %s", p.GetChannelId(), r.ChannelHash, committed.Channel, policy.ChannelHash)
	}
	return nil
}

// checkLineage refuses a key set that any enclave below the policy ever held,
// and one that leaves the registering enclave itself out.
func (t *tx) checkLineage(step string, r protocol.VerifiedKeyRegistration, enclave *protocol.Credentials, policy *protocol.RegistryPolicy) error {
	at, err := t.time(step)
	if err != nil {
		return err
	}
	claims, err := registration.Judge(step, enclave, policy, t.registry.config.Verifiers, at)
	if err != nil {
		return err
	}
	if !r.Lineage.Covers(claims.Custody()) {
		return protocol.Errorf(step, protocol.CodeLineage, "the lineage leaves out the registering enclave")
	}
	return r.Lineage.Check(step, policy.Attestation)
}

// unprovisioned demands that the enclave has registered no key set yet.
func (t *tx) unprovisioned(step, cc, id string) error {
	provisioned, err := t.store.provisioned(cc, id)
	if err != nil {
		return err
	}
	if provisioned != nil {
		return protocol.Errorf(step, protocol.CodeAlreadyProvisioned, "enclave %.12s has registered its key set", id)
	}
	return nil
}

// checkGeneration accepts generation 1 where there is no key yet, and else
// exactly the next one, if it has a cause (KEY-8): the key set's enclave is of
// another version than the committed one, or revoked.
func (t *tx) checkGeneration(step, cc string, r protocol.VerifiedKeyRegistration, current *fpc.ChaincodeKey) error {
	next := current.GetGeneration() + 1
	if r.Generation != next {
		return protocol.Errorf(step, protocol.CodeWrongGeneration, "key set of generation %d, the next one is %d", r.Generation, next)
	}
	if current == nil {
		return nil
	}
	holder, err := protocol.ParseKeyRegistration(step, current.GetRegistration())
	if err != nil {
		return err
	}
	revoked, err := t.store.revoked(cc, holder.EnclaveID)
	if err != nil {
		return err
	}
	if holder.CCParams.GetVersion() == r.CCParams.GetVersion() && !revoked {
		return protocol.Errorf(step, protocol.CodeAlreadyProvisioned, "chaincode %s has a key set of generation %d, and there is no cause for another", cc, current.GetGeneration()).
			WithHint("a new generation needs a committed new version, or the revocation of the enclave that holds the keys")
	}
	return nil
}
