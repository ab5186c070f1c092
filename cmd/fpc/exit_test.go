// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/fabric"
)

func TestMessageIsOneLine(t *testing.T) {
	err := errors.Join(errors.New("peer a\n  refused"), errors.New("refused"), errors.New("peer b"))
	if got, want := message(err), "peer a; refused; peer b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Servers that say the same are named together, and what they say stands once.
func TestMessageNamesServersOnce(t *testing.T) {
	no := func(address, words string) error {
		return &fabric.RejectedError{Server: "peer " + address, Status: 500, Message: words}
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"one", no("a:1", "no"), "peer a:1 refused with status 500: no"},
		{"all the same", errors.Join(no("a:1", "no"), no("b:1", "no"), no("c:1", "no")), "peers a:1, b:1, c:1 refused with status 500: no"},
		{"one twice", errors.Join(no("a:1", "no"), no("a:1", "no")), "peer a:1 refused with status 500: no"},
		{"some the same", errors.Join(no("a:1", "no"), no("b:1", "never"), no("c:1", "no")), "peers a:1, c:1 refused with status 500: no; peer b:1 refused with status 500: never"},
		{"behind a step", fmt.Errorf("LC-4: %w", errors.Join(no("a:1", "no"), no("b:1", "no"))), "LC-4: peers a:1, b:1 refused with status 500: no"},
		{"behind different steps", errors.Join(fmt.Errorf("LC-4: %w", no("a:1", "no")), fmt.Errorf("LC-5: %w", no("b:1", "no"))), "LC-4: peer a:1 refused with status 500: no; LC-5: peer b:1 refused with status 500: no"},
		{"of different kinds", errors.Join(no("a:1", "no"), &fabric.RejectedError{Server: "orderer a:1", Status: 500, Message: "no"}), "peer a:1 refused with status 500: no; orderer a:1 refused with status 500: no"},
	} {
		if got := message(c.err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFailuresAreReported(t *testing.T) {
	noChannel := &fabric.RejectedError{Server: "peer a:1", Status: 500, Message: "channel 'x' not found"}
	preface := &fabric.UnreachableError{Server: "peer a:1", Err: errors.New("error reading server preface: EOF")}
	open := &fabric.NotCommittedError{TxID: "01", Err: fmt.Errorf("peer a:1: the call was ended: %w", context.Canceled)}
	for _, c := range []struct {
		name        string
		interrupted bool
		err         error
		code        int
		want        []string
	}{
		{"known words of a server", false, noChannel, exitRejected, []string{"fpc: peer a:1 refused with status 500: channel 'x' not found (hint: check -C;"}},
		{"no TLS", false, preface, exitUnreachable, []string{"error reading server preface", "(hint: set CORE_PEER_TLS_ENABLED"}},
		{"another's words", false, errors.New("channel 'x' not found"), exitFailed, []string{"fpc: channel 'x' not found\n"}},
		{"an open end", false, &fabric.NotCommittedError{TxID: "01", Err: preface}, exitNotCommitted, []string{"ask for its status before a retry\n"}},
		{"interrupted", true, noChannel, exitInterrupted, []string{"fpc: interrupted\n"}},
		{"interrupted with an open end", true, open, exitInterrupted, []string{"fpc: interrupted: transaction 01: its commit was not seen: ", "ask for its status before a retry\n"}},
	} {
		var stderr strings.Builder
		code := fail(&stderr, c.interrupted, c.err)
		got := stderr.String()
		if code != c.code || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: got exit code %d and %q, want %d and one line", c.name, code, got, c.code)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q in it", c.name, got, want)
			}
		}
	}
}
