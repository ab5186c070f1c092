// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
)

// revokeEnclave revokes an enclave for ever (REG-14). Arguments: chaincode name,
// enclave id. It revokes at once, whoever calls, when the stored evidence fails
// the policy in force. Otherwise the call is the approval of the caller's
// organisation, by one of its administrators, and revokes when a lifecycle
// majority of the policy's organisations has approved. It returns what it did.
//
// Codes: no_policy, wrong_policy, not_registered, revoked, clock, not_admin,
// foreign_caller.
func (t *tx) revokeEnclave(args [][]byte) ([]byte, error) {
	const step = "REG-14"
	cc, id, err := oneEnclave(step, protocol.FuncRevokeEnclave, args)
	if err != nil {
		return nil, err
	}
	policy, err := t.policy(step)
	if err != nil {
		return nil, err
	}
	c, err := t.registered(step, cc, id)
	if err != nil {
		return nil, err
	}
	fails, err := t.failsPolicy(step, c, policy)
	if err != nil {
		return nil, err
	}
	if fails != "" {
		return []byte("revoked: " + fails), t.store.putRevoked(cc, id, string(fails))
	}
	approvals, err := t.approve(step, cc, id, policy)
	if err != nil {
		return nil, err
	}
	if approvals < policy.LifecycleMajority {
		return fmt.Appendf(nil, "approved: %d of %d organisations", approvals, policy.LifecycleMajority), nil
	}
	return []byte("revoked: approved by a lifecycle majority"), t.store.putRevoked(cc, id, "approved")
}

// registered returns the credentials of an enclave that is registered and not
// revoked.
func (t *tx) registered(step, cc, id string) (*protocol.Credentials, error) {
	stored, err := t.store.credentials(cc, id)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return nil, protocol.Errorf(step, protocol.CodeNotRegistered, "enclave %.12s of chaincode %s is not registered", id, cc)
	}
	revoked, err := t.store.revoked(cc, id)
	if err != nil {
		return nil, err
	}
	if revoked {
		return nil, protocol.Errorf(step, protocol.CodeRevoked, "enclave %.12s of chaincode %s is revoked", id, cc)
	}
	return protocol.CredentialsFromPB(step, stored)
}

// failsPolicy returns the code with which the stored evidence fails the policy
// in force, empty if it does not. Age is no such failure: an expired attestation
// is mended by a refresh, and must not let any client end an enclave.
func (t *tx) failsPolicy(step string, c *protocol.Credentials, policy *protocol.RegistryPolicy) (protocol.Code, error) {
	at, err := t.time(step)
	if err != nil {
		return "", err
	}
	_, err = registration.Judge(step, c, policy, t.registry.config.Verifiers, at)
	switch code := protocol.CodeOf(err); code {
	case attest.CodePlatform, attest.CodeDebug, attest.CodeTCB:
		return code, nil
	default:
		return "", nil
	}
}

// approve records the approval of the caller's organisation and returns how many
// of the policy's organisations have approved with it.
func (t *tx) approve(step, cc, id string, policy *protocol.RegistryPolicy) (int, error) {
	mspID, err := admin.Caller(step, t.stub)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(policy.MSPIDs, mspID) {
		return 0, protocol.Errorf(step, protocol.CodeForeignCaller, "%s is not among the policy's organisations", mspID)
	}
	count := 1
	for _, other := range policy.MSPIDs {
		approved, err := t.store.approved(cc, id, other)
		if err != nil {
			return 0, err
		}
		if approved && other != mspID {
			count++
		}
	}
	return count, t.store.putApproval(cc, id, mspID)
}
