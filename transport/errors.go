// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// ErrClosed is returned for calls on a connection that was closed in order.
var ErrClosed = errors.New("transport: connection closed")

// ErrCallEnded is returned for a state access after its call has returned.
var ErrCallEnded = errors.New("transport: the call has ended")

// FrameError says how the other side broke the protocol. The connection has
// ended; the same error is returned for every call that was in flight.
type FrameError struct {
	Code   Violation
	Detail string
	Err    error // the stream's own error, if any
}

// Violation is a stable code for a broken protocol.
type Violation string

// The ways to break the protocol.
const (
	Oversized    Violation = "oversized_frame"    // longer than Limits.MaxFrame
	Truncated    Violation = "truncated_frame"    // the stream ended or failed inside a frame
	Malformed    Violation = "malformed_frame"    // unknown kind, or a payload that does not decode
	WrongCall    Violation = "wrong_call"         // call id that was never opened, or was used before
	WrongAsk     Violation = "wrong_ask"          // answer to what was never asked
	TooManyCalls Violation = "too_many_calls"     // over Limits.MaxCalls or MaxBytes
	TooManyAsks  Violation = "too_many_asks"      // over Limits.MaxAsks
	Broken       Violation = "broken_connection"  // the stream failed between frames
	Stalled      Violation = "stalled_connection" // the other side stopped reading
)

func (e *FrameError) Error() string {
	s := "transport: " + string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *FrameError) Unwrap() error { return e.Err }

func violation(code Violation, format string, args ...any) *FrameError {
	return &FrameError{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// SizeError says that a message of this side does not fit a frame. Nothing was
// sent and the connection goes on.
type SizeError struct {
	What string
	Size int // bytes
	Max  int // bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("transport: %s of %d bytes, at most %d fit", e.What, e.Size, e.Max)
}

// Failure is an error as it crosses the boundary (fpc.Failure). A handler that
// returns one, wrapped or not, hands over its fields; any other error crosses
// with its text, and with its code if it has a method ErrorCode() string.
type Failure struct {
	Step   string // flows.md step name, may be empty
	Code   string // stable, machine-readable
	Reason string
	Hint   string // what to do about it, may be empty
}

// Codes of failures that the transport makes itself.
const (
	CodeInternal = "internal"             // the other side's handler failed without a code
	CodePanic    = "panic"                // the other side's handler panicked
	CodeNoState  = "no_state_access"      // state access in a call that has none
	CodeTooLarge = "oversized_answer"     // the other side's answer fits no frame
	maxReason    = 8 << 10                // a failure's text is cut here
	maxFailure   = 4*maxReason + (1 << 8) // bytes of an encoded failure
)

func (f *Failure) Error() string {
	s := f.Reason
	if s == "" {
		s = f.Code
	}
	if f.Step != "" {
		s = f.Step + ": " + s
	}
	return s
}

// ErrorCode returns the code, so that whoever compares codes need not know this
// type.
func (f *Failure) ErrorCode() string { return f.Code }

// toFailure turns any error into what crosses.
func toFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	var size *SizeError
	if errors.As(err, &size) {
		return &Failure{Code: CodeTooLarge, Reason: err.Error()}
	}
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return &Failure{Code: coded.ErrorCode(), Reason: err.Error()}
	}
	return &Failure{Code: CodeInternal, Reason: err.Error()}
}

func cut(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason]
	}
	return validUTF8(s)
}

func encodeFailure(f *Failure) []byte {
	b, err := proto.Marshal(&fpc.Failure{Step: cut(f.Step), Code: cut(f.Code), Reason: cut(f.Reason), Hint: cut(f.Hint)})
	if err != nil {
		return nil // an empty failure; strings are valid UTF-8, so this does not happen
	}
	return b
}

func decodeFailure(b []byte) (*Failure, error) {
	if len(b) > maxFailure {
		return nil, violation(Malformed, "failure of %d bytes", len(b))
	}
	var m fpc.Failure
	if err := proto.Unmarshal(b, &m); err != nil {
		return nil, &FrameError{Code: Malformed, Detail: "failure does not decode", Err: err}
	}
	return &Failure{Step: m.GetStep(), Code: m.GetCode(), Reason: m.GetReason(), Hint: m.GetHint()}, nil
}
