// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
)

// verified is an enclave that has passed all of REG-12's checks. Only
// verifyRegistration makes one.
type verified struct {
	*registration.Enclave
	definition *definition.Definition
}

// verifyRegistration makes REG-12's checks, in the order of the flow: those that
// need nothing but what they are given (package registration), and the caller's.
// The certificate follows when it is known which one counts.
//
// Codes: no_policy, wrong_policy, clock, malformed, no_definition, those of
// registration.Check, foreign_caller, not_admin.
func (t *tx) verifyRegistration(credentials *fpc.Credentials, manifest []byte) (*verified, error) {
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
	committed, err := t.definition(step, c.Data.GetCcParams().GetChaincodeId())
	if err != nil {
		return nil, err
	}
	enclave, err := registration.Check(step, registration.Facts{
		Policy: policy, Registry: t.registry.config.Name,
		Definition: committed.CCParams(), DefinitionPolicy: committed.GetValidationParameter(),
		Manifest: manifest, Verifiers: t.registry.config.Verifiers, At: at,
	}, credentials)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, t.stub, c.Data.GetHostParams().GetMspId()); err != nil {
		return nil, err
	}
	return &verified{enclave, committed}, nil
}
