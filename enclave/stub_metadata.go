// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
)

const stepPolicy = "EX-5"

// SetStateValidationParameter sets a key's own endorsement policy, a serialised
// SignaturePolicyEnvelope; empty removes it. It is replayed with the writes.
//
// The policy decides who may write the key from then on. In Lite who writes it
// need not be an enclave; in Full every principal must be one of this definition.
// It stands in clear on the ledger, for all to judge, also where keys are blinded.
func (s *privateStub) SetStateValidationParameter(key string, ep []byte) error {
	if err := checkKey(stepPolicy, key); err != nil {
		return err
	}
	if err := protocol.UnmarshalFabric(stepPolicy, "policy", ep, &common.SignaturePolicyEnvelope{}); err != nil {
		return protocol.Errorf(stepPolicy, protocol.CodeBadArguments, "key %q: the policy is no SignaturePolicyEnvelope, or too large", key)
	}
	at, err := s.at(stepPolicy, key)
	if err != nil {
		return err
	}
	if err := s.begin(stepPolicy); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.view.admit(key, ep); err != nil {
		return err
	}
	if err := s.mayWrite(len(at) + len(ep)); err != nil {
		return err
	}
	s.metaSets[at] = bytes.Clone(ep)
	return nil
}

// GetStateValidationParameter returns a key's own endorsement policy, nil if it
// has none. In Lite nothing protects it but the replay at commit.
func (s *privateStub) GetStateValidationParameter(key string) ([]byte, error) {
	if err := checkKey(stepPolicy, key); err != nil {
		return nil, err
	}
	at, err := s.at(stepPolicy, key)
	if err != nil {
		return nil, err
	}
	if err := s.begin(stepPolicy); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	policy, ok := s.metaReads[at]
	if !ok {
		if policy, err = s.view.policy(at); err != nil {
			return nil, s.failed(err)
		}
		if err := s.keep(stepPolicy, len(at)+len(policy.value)); err != nil {
			return nil, err
		}
		s.metaReads[at] = policy
	}
	if len(policy.value) == 0 {
		return nil, nil
	}
	return bytes.Clone(policy.value), nil
}
