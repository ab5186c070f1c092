// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestExitCodes(t *testing.T) {
	rejected := &fabric.RejectedError{Server: "peer p", Status: 500, Message: "no"}
	unreachable := &fabric.UnreachableError{Server: "peer p", Err: errors.New("refused")}
	cases := []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, 0},
		{"other", errors.New("other"), exitFailed},
		{"chaincode's own refusal", &client.ChaincodeError{Status: 500, Message: "no"}, exitFailed},
		{"usage", usagef("wrong"), exitUsage},
		{"unreachable", unreachable, exitUnreachable},
		{"rejected", rejected, exitRejected},
		{"disagreement", &fabric.DisagreementError{}, exitRejected},
		{"rejected by one, unreachable another", errors.Join(unreachable, rejected), exitRejected},
		{"not attested because nobody answers", fmt.Errorf("x: %w", &client.NotAttestedError{Chaincode: "c", Err: unreachable}), exitNotAttested},
		{"not committed", &fabric.NotCommittedError{Code: peer.TxValidationCode_MVCC_READ_CONFLICT}, exitNotCommitted},
	}
	for _, c := range cases {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: got exit code %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMessageIsOneLine(t *testing.T) {
	err := errors.Join(errors.New("peer a\n  refused"), errors.New("refused"), errors.New("peer b"))
	if got, want := message(err), "peer a; refused; peer b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A lying peer's words and a registrant's endpoint do not steer the terminal.
func TestTerminalIsNotSteered(t *testing.T) {
	err := &fabric.RejectedError{Server: "peer p", Status: 500, Message: "no\x1b[2J\x1b]0;done\a \u202eabc \u009b1m"}
	row := enclaveRow{EnclaveID: "id", Endpoint: "peer:7051\x1b[31m\rid  verified"}
	for _, got := range []string{message(err), row.String()} {
		if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("got %q, which holds %q", got, got[i:i+1])
		}
	}
	if got := message(errors.New("Grüße aus 東京 … done")); got != "Grüße aus 東京 … done" {
		t.Errorf("got %q, want the text as it was", got)
	}
}

func TestParseCtor(t *testing.T) {
	good := map[string][]string{
		`{"Args":["bid","a1","42"]}`:                 {"bid", "a1", "42"},
		`{"Function":"bid","Args":["a1"]}`:           {"bid", "a1"},
		` { "Args" : [ "status" , "" ] } `:           {"status", ""},
		`{"args":["lower","case","as","in","peer"]}`: {"lower", "case", "as", "in", "peer"},
	}
	for text, want := range good {
		got, err := parseCtor(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var parts []string
		for _, arg := range got {
			parts = append(parts, string(arg))
		}
		if !slices.Equal(parts, want) {
			t.Errorf("%s: got %q, want %q", text, parts, want)
		}
	}
	for _, text := range []string{``, `secret`, `{}`, `{"Args":[]}`, `{"Args":"secret"}`, `{"Args":["a"],"More":"secret"}`, `{"Args":["secret"]} {}`, `[]`} {
		_, err := parseCtor(text)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%s: got error %v, want a usage error", text, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats what was typed: %v", text, err)
		}
	}
}

func TestVersionWarnings(t *testing.T) {
	cases := []struct {
		name, current, next, want string
	}{
		{"plain", "1.0", "2.0", ""},
		{"same code", "fpc-aa", "fpc-aa", ""},
		{"becomes private", "1.0", "fpc-aa", ""},
		{"other code", "fpc-aa", "fpc-bb", "read as absent"},
		{"becomes plain", "fpc-aa", "1.0", "out of reach"},
	}
	for _, c := range cases {
		got := strings.Join(versionWarnings("auction", c.current, c.next), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got warnings %q, want some with %q", c.name, got, c.want)
		}
	}
}

func TestPluginWarnings(t *testing.T) {
	for plugin, want := range map[string]bool{"": false, lifecycle.DefaultValidationPlugin: false, "myvscc": true} {
		if got := len(pluginWarnings(lifecycle.Definition{Name: "auction", ValidationPlugin: plugin})) > 0; got != want {
			t.Errorf("plugin %q: warned %t, want %t", plugin, got, want)
		}
	}
}

func TestAttestationPolicyFlags(t *testing.T) {
	policy, err := attestationPolicy([]string{"sim=3", "tdx"}, []string{"sim"})
	if err != nil {
		t.Fatal(err)
	}
	if sim := policy.Platforms["sim"]; sim.MinTCB != 3 || !sim.AllowDebug {
		t.Errorf("sim: got %+v, want TCB 3 and debug allowed", sim)
	}
	if tdx := policy.Platforms["tdx"]; tdx.MinTCB != 0 || tdx.AllowDebug {
		t.Errorf("tdx: got %+v, want TCB 0 and no debug", tdx)
	}
	for _, c := range []struct{ platforms, debug []string }{
		{nil, nil}, {[]string{"sim=high"}, nil}, {[]string{"sim"}, []string{"tdx"}},
	} {
		if _, err := attestationPolicy(c.platforms, c.debug); err == nil {
			t.Errorf("platforms %q, debug %q: no error, want one", c.platforms, c.debug)
		}
	}
}

// TestEveryCommandHasAnExample keeps --help useful.
func TestEveryCommandHasAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: short help %q, example %q; want both", c.CommandPath(), c.Short, c.Example)
		}
	}
	visit(newRoot())
}
