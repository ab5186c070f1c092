// SPDX-License-Identifier: Apache-2.0

package attest

import (
	"fmt"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// The codes of an Error.
const (
	CodeNoPolicy    protocol.Code = "no_attestation_policy"
	CodePlatform    protocol.Code = "platform_not_allowed"
	CodeNoVerifier  protocol.Code = "no_verifier"
	CodeEvidence    protocol.Code = "bad_evidence"
	CodeStatement   protocol.Code = "wrong_statement"
	CodeDebug       protocol.Code = "debug"
	CodeTCB         protocol.Code = "tcb_too_low"
	CodeNotYetValid protocol.Code = "not_yet_valid"
	CodeExpired     protocol.Code = "expired"
)

// Error says why evidence was refused.
type Error struct {
	Code     protocol.Code
	Platform string // as the evidence names it
	Reason   string
	Err      error // the verifier's error; may be nil
}

// Error returns the platform and the reason.
func (e *Error) Error() string {
	return fmt.Sprintf("attestation on platform %q: %s", e.Platform, e.Reason)
}

// Unwrap returns the verifier's error.
func (e *Error) Unwrap() error { return e.Err }

// ErrorCode returns the code, for [protocol.CodeOf].
func (e *Error) ErrorCode() string { return string(e.Code) }

func refuse(code protocol.Code, ev *pb.Evidence, reason string) error {
	return &Error{Code: code, Platform: ev.GetPlatform(), Reason: reason}
}
