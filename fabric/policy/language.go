// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Parse reads the policy language: 'MSP.role' with role member, admin, client,
// peer or orderer, combined by AND(…), OR(…) and OutOf(n, …). It gives the same
// message as Fabric's tools. Errors are of type [*SyntaxError].
func Parse(text string) (*common.SignaturePolicyEnvelope, error) {
	return nil, errors.New("policy: not implemented")
}

// Format prints a signature policy in the language, or fails if it holds
// principals that the language cannot say.
func Format(envelope *common.SignaturePolicyEnvelope) (string, error) {
	return "", errors.New("policy: not implemented")
}

// ImplicitMeta builds an implicit meta policy from "ANY Readers",
// "ALL Writers" or "MAJORITY Admins".
func ImplicitMeta(text string) (*common.ImplicitMetaPolicy, error) {
	return nil, errors.New("policy: not implemented")
}

// SyntaxError says what is wrong in a policy text, and where.
type SyntaxError struct {
	Text   string // the whole policy
	Offset int    // in bytes, from 0
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string { return e.Reason }
