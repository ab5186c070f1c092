// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"fmt"
)

// Codes of [Error].
const (
	CodeBadChannelID   = "bad_channel_id"         // not a name a channel can have
	CodeBadConfig      = "bad_config"             // the configuration breaks a rule
	CodeUnknown        = "unknown_capability"     // the channel requires what this program does not know
	CodeTooOld         = "unsupported_capability" // the channel's rules are older than those this program applies
	CodeNotConfig      = "not_a_config_block"
	CodeBadUpdate      = "bad_update"            // a config update that is not well formed
	CodeWrongVersion   = "wrong_version"         // an element's version does not follow the current one
	CodeNoEffect       = "no_effect"             // an update that changes nothing
	CodeNotAuthorized  = "policy_not_satisfied"  // too few signatures for a mod policy
	CodeWrongSequence  = "wrong_sequence"        // not the next configuration
	CodeUpdateMismatch = "update_does_not_yield" // the last update does not give the configuration it comes with
	CodeBadTransition  = "bad_transition"        // the new configuration may not follow the current one
)

// Error says why a configuration or an update to it is refused.
type Error struct {
	Code   string // stable
	Path   string // of the configuration element, if one is to blame
	Reason string
	Err    error // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	text := "channel config"
	if e.Path != "" {
		text += " " + e.Path
	}
	text += ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(code, path string, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Path: path, Reason: fmt.Sprintf(format, args...), Err: cause}
}

// IsUnknownCapability says whether err came of a configuration that requires
// what this program does not know. Nothing can be said about such a channel
// from there on, until the program is newer.
func IsUnknownCapability(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeUnknown
}
