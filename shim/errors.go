// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"errors"
	"fmt"
)

// ErrUnsupported is matched (errors.Is) by the error of every method that
// cannot work where the chaincode runs.
var ErrUnsupported = errors.New("not supported here")

// ErrNoMoreRows is returned by Next after the last row.
var ErrNoMoreRows = errors.New("no more rows: call HasNext before Next")

// UnsupportedError says which method cannot work, why, and what to do instead.
// It is ErrUnsupported.
type UnsupportedError struct {
	Method string // of ChaincodeStubInterface
	Reason string // why, in words for the chaincode's author
	Hint   string // what to use instead; may be empty
}

// Error names the method, the reason and the hint.
func (e *UnsupportedError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Method, e.Reason)
	}
	return fmt.Sprintf("%s: %s; %s", e.Method, e.Reason, e.Hint)
}

// Is makes the error match ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }
