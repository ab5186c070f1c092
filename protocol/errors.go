// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Code is the stable, machine-readable reason of a refusal. Tests and programs
// compare codes, people read reasons and hints.
type Code string

// StepError says which step of flows.md refused, and why. It never holds
// secrets or clear arguments, so it may be shown and logged.
type StepError struct {
	Step   string // "INV-10"
	Code   Code
	Reason string // what was wrong, and where
	Hint   string // what to do about it; may be empty
	TxID   string // transaction id; may be empty
	Err    error  // cause; may be nil
}

// Errorf makes a StepError; %w in the format sets its cause. The hint is the
// one known for the code.
func Errorf(step string, code Code, format string, args ...any) *StepError {
	err := fmt.Errorf(format, args...)
	return &StepError{Step: step, Code: code, Reason: err.Error(), Hint: hints[code], Err: errors.Unwrap(err)}
}

// Wrap turns an error into the refusal of a step. An error that carries a code
// keeps it; any other gets the code given.
func Wrap(step string, code Code, err error) *StepError {
	if c := CodeOf(err); c != "" {
		code = c
	}
	return Errorf(step, code, "%w", err)
}

// WithHint returns the error with another hint.
func (e *StepError) WithHint(hint string) *StepError {
	c := *e
	c.Hint = hint
	return &c
}

// WithTxID returns the error with a transaction id.
func (e *StepError) WithTxID(txID string) *StepError {
	c := *e
	c.TxID = txID
	return &c
}

// Error returns "INV-10 [foreign_creator] reason (hint)". [ParseError] reads it
// back out of any text that contains it.
func (e *StepError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s] %s", e.Step, e.Code, oneLine.Replace(e.Reason))
	if e.Hint != "" {
		fmt.Fprintf(&b, " (hint: %s)", e.Hint)
	}
	return b.String()
}

// oneLine keeps the text of an error on one line, whatever its causes say.
var oneLine = strings.NewReplacer("\n", "; ", "\r", " ")

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// ErrorCode returns the code, for [CodeOf].
func (e *StepError) ErrorCode() string { return string(e.Code) }

// CodeOf returns the code of the outermost error in the chain that has one, or
// the empty code.
func CodeOf(err error) Code {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return Code(coded.ErrorCode())
	}
	return ""
}

// Failure returns the error as it crosses from an enclave to its host. An error
// without a code becomes an internal one.
func Failure(err error) *pb.Failure {
	var e *StepError
	if !errors.As(err, &e) {
		return &pb.Failure{Code: string(CodeInternal), Reason: err.Error()}
	}
	return &pb.Failure{Step: e.Step, Code: string(e.Code), Reason: e.Reason, Hint: e.Hint}
}

var errorText = regexp.MustCompile(`([A-Z]{2,4}-[0-9]{1,2}[a-z]?) \[([a-z][a-z0-9_]{1,40})\] ([^\n]*)`)

// ParseError finds the text of a StepError inside a longer one: chaincodes can
// answer text only, and peers and gateways put their own before it. Whoever
// relayed the text may have made it up: it explains a refusal, it proves
// nothing. Of several lines the last one counts.
func ParseError(text string) (*StepError, bool) {
	all := errorText.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return nil, false
	}
	m := all[len(all)-1]
	e := &StepError{Step: m[1], Code: Code(m[2]), Reason: m[3]}
	if i := strings.LastIndex(e.Reason, " (hint: "); i >= 0 && strings.HasSuffix(e.Reason, ")") {
		e.Hint = e.Reason[i+len(" (hint: ") : len(e.Reason)-1]
		e.Reason = e.Reason[:i]
	}
	return e, true
}
