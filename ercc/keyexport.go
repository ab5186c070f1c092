// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
)

// putKeyExport keeps a key export for its receiver, who takes it only if the
// registry holds these very bytes (KEY-6, KEY-7). Argument: Signed, of KeyExport.
// Any administrator of the policy's organisations may bring one: what counts is
// that a provisioned enclave signed it, for a registered one that has no keys yet,
// of the registered key. A later export to the same receiver replaces it.
//
// Codes: malformed, no_policy, wrong_policy, clock, bad_arguments, not_admin,
// foreign_caller, not_registered, revoked, not_provisioned, already_provisioned,
// wrong_enclave, bad_signature, no_definition, wrong_mode, wrong_version,
// wrong_channel, wrong_ledger, unknown_key, wrong_generation, lineage, attest's
// codes.
func (t *tx) putKeyExport(args [][]byte) ([]byte, error) {
	const step = "KEY-6"
	signed, err := protocol.ParsePutKeyExport(args)
	if err != nil {
		return nil, err
	}
	claimed, err := protocol.ParseKeyExport(step, signed)
	if err != nil {
		return nil, err
	}
	policy, err := t.policy(step)
	if err != nil {
		return nil, err
	}
	cc := claimed.CCParams.GetChaincodeId()
	if err := cmp.Or(checkName(step, cc), checkEnclaveID(step, claimed.Sender), checkEnclaveID(step, claimed.Receiver)); err != nil {
		return nil, err
	}
	mspID, err := admin.Caller(step, t.stub)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(policy.MSPIDs, mspID) {
		return nil, protocol.Errorf(step, protocol.CodeForeignCaller, "%s is not among the policy's organisations", mspID)
	}
	sender, err := t.registered(step, cc, claimed.Sender)
	if err != nil {
		return nil, err
	}
	export, err := protocol.VerifyKeyExport(step, sender.EnclaveVK, signed)
	if err != nil {
		return nil, err
	}
	if err := t.checkExport(step, export, sender, policy); err != nil {
		return nil, err
	}
	return nil, t.store.putExported(cc, export.Receiver, signed)
}

// checkExport holds an export whose signature is good against what is registered:
// both enclaves are of the committed version and of Full mode, as good as the
// policy in force asks, the sender holds the keys, the receiver does not and stands
// in the lineage, and the keys are the chaincode's.
func (t *tx) checkExport(step string, x protocol.VerifiedKeyExport, sender *protocol.Credentials, policy *protocol.RegistryPolicy) error {
	cc := x.CCParams.GetChaincodeId()
	receiver, err := t.registered(step, cc, x.Receiver)
	if err != nil {
		return err
	}
	if _, err := t.checkParty(step, x, sender, policy); err != nil {
		return err
	}
	claims, err := t.checkParty(step, x, receiver, policy)
	if err != nil {
		return err
	}
	if err := protocol.CheckLedger(step, receiver.Data, policy.LedgerCodeIDs, policy.Attestation); err != nil {
		return err
	}
	if !x.Lineage.Covers(claims.Custody()) {
		return protocol.Errorf(step, protocol.CodeLineage, "the lineage leaves out the receiving enclave")
	}
	holds, err := t.store.provisioned(cc, x.Sender)
	if err != nil {
		return err
	}
	if holds == nil {
		return protocol.Errorf(step, protocol.CodeNotProvisioned, "enclave %.12s exports keys and has registered none", x.Sender)
	}
	if err := t.unprovisioned(step, cc, x.Receiver); err != nil {
		return err
	}
	current, err := t.store.key(cc)
	if err != nil {
		return err
	}
	known, err := protocol.ParseKeyRegistration(step, current.GetRegistration())
	if err != nil {
		return err
	}
	if x.Generation != known.Generation {
		return protocol.Errorf(step, protocol.CodeWrongGeneration, "exported is generation %d, registered is %d", x.Generation, known.Generation)
	}
	if !bytes.Equal(x.ChaincodeEK.ID(), known.ChaincodeEK.ID()) {
		return protocol.Errorf(step, protocol.CodeUnknownKey, "exported is another key set than the registered one")
	}
	return x.Lineage.Check(step, policy.Attestation)
}

// checkParty holds one of the two enclaves against the committed definition and
// the policy in force.
func (t *tx) checkParty(step string, x protocol.VerifiedKeyExport, enclave *protocol.Credentials, policy *protocol.RegistryPolicy) (attest.Claims, error) {
	none := attest.Claims{}
	committed, err := t.definition(step, x.CCParams.GetChaincodeId())
	if err != nil {
		return none, err
	}
	if !committed.Same(x.CCParams) || !committed.Same(enclave.Data.GetCcParams()) {
		return none, protocol.Errorf(step, protocol.CodeWrongVersion, "keys of version %q, enclave %.12s of version %q, committed is %q",
			x.CCParams.GetVersion(), enclave.EnclaveID(), enclave.Data.GetCcParams().GetVersion(), committed.GetVersion())
	}
	if !bytes.Equal(x.ChannelHash, policy.ChannelHashBytes()) {
		return none, protocol.Errorf(step, protocol.CodeWrongChannel, "keys of the channel with hash %x, the policy says %s", x.ChannelHash, policy.ChannelHash)
	}
	if err := protocol.CheckMode(step, protocol.ModeFull, enclave.Data); err != nil {
		return none, err
	}
	at, err := t.time(step)
	if err != nil {
		return none, err
	}
	return registration.Judge(step, enclave, policy, t.registry.config.Verifiers, at)
}

// getKeyExport returns the export to an enclave, Signed, exactly as it was put
// (KEY-7). Arguments: chaincode name, enclave id of the receiver. Code: not_found.
func (t *tx) getKeyExport(args [][]byte) ([]byte, error) {
	const step = "KEY-7"
	cc, receiver, err := oneEnclave(step, protocol.FuncGetKeyExport, args)
	if err != nil {
		return nil, err
	}
	b, err := t.store.exported(cc, receiver)
	if err == nil && len(b) == 0 {
		return nil, protocol.Errorf(step, protocol.CodeNotFound, "there is no key export to enclave %.12s of chaincode %s", receiver, cc).
			WithHint("have an administrator who runs a provisioned enclave export the keys to it: fpc enclave exportcckeys")
	}
	return b, err
}
