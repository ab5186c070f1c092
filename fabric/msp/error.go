// SPDX-License-Identifier: Apache-2.0

package msp

import "fmt"

// Codes of [Error].
const (
	CodeMalformed  = "malformed_identity" // no serialized identity, PEM or certificate
	CodeUnknownMSP = "unknown_msp"        // the channel has no such MSP
	CodeKeyType    = "unsupported_key"    // neither ECDSA nor RSA, or no ECDSA key where one must sign
	CodeChain      = "no_chain"           // does not chain to the MSP's CAs, in exactly one way
	CodeCA         = "ca_as_identity"     // a CA certificate presented as an identity
	CodeRevoked    = "revoked"            // on one of the MSP's CRLs
	CodeOU         = "bad_ou"             // organizational units are not acceptable
	CodeSignature  = "bad_signature"      // signature malformed, high-S or wrong
	CodePrincipal  = "principal_mismatch" // the identity does not satisfy the principal
	CodeBadConfig  = "bad_config"         // the MSP configuration is refused
	CodeBadCRL     = "bad_crl"            // a CRL of the MSP names no authority key
	CodeBadSigner  = "bad_signer"         // certificate and key do not fit
)

// Error says why an identity, a signature or an MSP configuration is refused.
type Error struct {
	Code   string // stable
	MSPID  string // if known
	Reason string
	Err    error // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	text := "msp"
	if e.MSPID != "" {
		text += fmt.Sprintf(" %q", e.MSPID)
	}
	text += ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail makes an Error of the MSP.
func (m *MSP) fail(code string, cause error, format string, args ...any) *Error {
	return &Error{Code: code, MSPID: m.id, Reason: fmt.Sprintf(format, args...), Err: cause}
}
