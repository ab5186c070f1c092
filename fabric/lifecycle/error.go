// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"fmt"
)

// Codes of [Error].
const (
	CodeBadName        = "bad_name"
	CodeBadVersion     = "bad_version"
	CodeBadCollections = "bad_collections"
	CodeBadSequence    = "bad_sequence" // not the current sequence nor the next
	CodeRedefinition   = "redefinition" // the same sequence with other, or unchanged, content
	CodeNotApproved    = "not_approved" // no approval of this organisation
	CodeBadState       = "bad_state"    // what stands in the state is no definition
	CodeStateFailed    = "state_failed" // the state could not be read or written
	CodeBadPackage     = "bad_package"  // not a chaincode package
	CodeTooLarge       = "package_too_large"
)

// Error says why a definition, an approval or a package is refused. Its text
// is Fabric's, which scripts and people look for.
type Error struct {
	Code string // stable
	Text string
	Err  error // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(code string, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...), Err: cause}
}

// within says what was being done when err happened; the code is that of err.
func within(err error, format string, args ...any) *Error {
	code := CodeStateFailed
	var e *Error
	if errors.As(err, &e) {
		code = e.Code
	}
	return fail(code, err, format, args...)
}

// NotDefinedError says that no chaincode of this name is committed. A peer
// answers it with status 404.
type NotDefinedError struct{ Name string }

// Error implements error.
func (e NotDefinedError) Error() string { return "namespace " + e.Name + " is not defined" }
