// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/explain"
)

// Exit codes: scripts tell by them what kind of failure it was.
const (
	exitFailed       = 1
	exitUsage        = 2
	exitUnreachable  = 3
	exitRejected     = 4
	exitNotAttested  = 5
	exitNotCommitted = 6
	exitInterrupted  = 130 // as shells count it
)

const exitCodes = `Exit codes:
  0  done
  1  failed for another reason
  2  wrong command, flag or file
  3  a server could not be reached
  4  a peer, orderer or chaincode refused
  5  an enclave or its key is not attested as your policy demands
  6  the transaction was not committed as valid
130  interrupted`

// usageError says that the command line or a file it names is wrong.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// exitCode sorts errors by what a caller can do about them.
func exitCode(err error) int {
	var (
		usage        usageError
		notAttested  *client.NotAttestedError
		notCommitted *fabric.NotCommittedError
		rejected     *fabric.RejectedError
		disagreement *fabric.DisagreementError
		unreachable  *fabric.UnreachableError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &notAttested):
		return exitNotAttested
	case errors.As(err, &notCommitted):
		return exitNotCommitted
	case errors.As(err, &rejected), errors.As(err, &disagreement):
		return exitRejected
	case errors.As(err, &unreachable):
		return exitUnreachable
	}
	return exitFailed
}

// fail prints on one line why a command failed, and returns the exit code. A
// command that was interrupted failed for that and nothing else; but of a
// transaction that was under way it says so.
func fail(stderr io.Writer, interrupted bool, err error) int {
	var unknown *fabric.NotCommittedError
	open := errors.As(err, &unknown) && unknown.Err != nil
	switch {
	case interrupted && open:
		fmt.Fprintln(stderr, "fpc: interrupted:", message(unknown))
		return exitInterrupted
	case interrupted:
		fmt.Fprintln(stderr, "fpc: interrupted")
		return exitInterrupted
	case open: // a remedy would have it submitted twice
		fmt.Fprintln(stderr, "fpc:", message(err))
	default:
		fmt.Fprintln(stderr, "fpc:", hinted(err))
	}
	return exitCode(err)
}

// hinted is an error's message, and what to do where a server's words are known.
func hinted(err error) string {
	var (
		rejected    *fabric.RejectedError
		unreachable *fabric.UnreachableError
	)
	if errors.As(err, &rejected) || errors.As(err, &unreachable) {
		return explain.Hinted(message(err))
	}
	return message(err)
}

// message is an error on one line; of joined errors that say the same it keeps
// the first, and of servers that say the same it names all and says it once. Much
// of it can be a server's words, so it holds nothing that a terminal would obey.
func message(err error) string {
	var said []*saying
	for line := range strings.Lines(err.Error()) {
		line = printable(strings.Join(strings.Fields(line), " "))
		next := sayingOf(line)
		if line != "" && !slices.ContainsFunc(said, func(s *saying) bool { return s.takes(next) }) {
			said = append(said, &next)
		}
	}
	lines := make([]string, len(said))
	for i, s := range said {
		lines[i] = s.String()
	}
	return strings.Join(lines, "; ")
}

// printable replaces what is not printed but obeyed: control characters, escape
// sequences, marks that turn the direction of text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
