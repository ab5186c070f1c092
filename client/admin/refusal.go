// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/protocol"
)

// RefusedError is a refusal by stub or registry, with the step and the code that
// the refusing chaincode put into its answer. The peer may have made them up:
// they explain, they prove nothing.
type RefusedError struct {
	Step     *protocol.StepError
	Rejected *fabric.RejectedError
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v", e.Rejected.Server, e.Step) }

// Unwrap lets callers look for either.
func (e *RefusedError) Unwrap() []error { return []error{e.Step, e.Rejected} }

// refusal turns a rejected call into a [RefusedError] where its text names step
// and code.
func refusal(err error) error {
	var rejected *fabric.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	if step, ok := protocol.ParseError(rejected.Message); ok {
		return &RefusedError{Step: step, Rejected: rejected}
	}
	return err
}
