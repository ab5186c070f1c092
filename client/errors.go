// SPDX-License-Identifier: Apache-2.0

package client

import (
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/protocol"
)

// Errors of calls to peers and orderers are those of client/fabric:
// UnreachableError, RejectedError, DisagreementError, NotCommittedError. The
// two below are what a private chaincode adds.

// NotAttestedError says that what the network showed of a private chaincode is
// not what this client trusts: nothing was sent to it, or its answer was not
// believed. The cause says which step refused, with its code.
type NotAttestedError struct {
	Chaincode string
	Err       error
}

func (e *NotAttestedError) Error() string {
	return fmt.Sprintf("chaincode %s is not trusted: %v", e.Chaincode, e.Err)
}

// Unwrap returns the refusal.
func (e *NotAttestedError) Unwrap() error { return e.Err }

// ChaincodeError is the answer of a private chaincode that failed, as it was
// sealed for this client: only the client and the enclave know the message.
type ChaincodeError struct {
	TxID    string
	Status  int32 // 400 or above
	Message string
	Payload []byte
}

func (e *ChaincodeError) Error() string {
	return fmt.Sprintf("the private chaincode answered with status %d: %s", e.Status, e.Message)
}

// notAttested wraps a refusal of the client's own checks.
func notAttested(chaincode string, err error) error {
	if err == nil {
		return nil
	}
	return &NotAttestedError{Chaincode: chaincode, Err: err}
}

// retryable tells whether a refusal says that the client's view of the registry
// is old. Whoever relayed it may have made it up: it is worth one more read,
// nothing else.
func retryable(code protocol.Code) bool {
	switch code {
	case protocol.CodeUnknownKey, protocol.CodeWrongGeneration, protocol.CodeWrongVersion,
		protocol.CodeNotRegistered, protocol.CodeRevoked, protocol.CodeNotInitialised:
		return true
	}
	return false
}

// refusal is a RejectedError whose message holds a step's refusal, so that
// callers find its code and hint.
type refusal struct {
	*fabric.RejectedError
	step *protocol.StepError
}

func (e *refusal) Unwrap() []error { return []error{e.RejectedError, e.step} }

// refused reads the refusal of a step out of a server's words.
func refused(err error) error {
	var rejected *fabric.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	step, ok := protocol.ParseError(rejected.Message)
	if !ok {
		return err
	}
	return &refusal{rejected, step}
}
