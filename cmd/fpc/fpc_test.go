// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
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
	known := map[string]attest.Verifier{"sim": nil, "tdx": nil}
	policy, err := attestationPolicy([]string{"sim=3", "tdx"}, []string{"sim"}, known)
	if err != nil {
		t.Fatal(err)
	}
	if sim := policy.Platforms["sim"]; sim.MinTCB != 3 || !sim.AllowDebug {
		t.Errorf("sim: got %+v, want TCB 3 and debug allowed", sim)
	}
	if tdx := policy.Platforms["tdx"]; tdx.MinTCB != 0 || tdx.AllowDebug {
		t.Errorf("tdx: got %+v, want TCB 0 and no debug", tdx)
	}
	for _, c := range []struct {
		platforms, debug []string
		want             string
	}{
		{nil, nil, "no platform allowed"},
		{[]string{"sim=high"}, nil, "must be a number"},
		{[]string{"sim"}, []string{"tdx"}, "--allow-debug tdx"},
		{[]string{"sim", "nitro"}, nil, "--attestation nitro: this program verifies sim, tdx only"},
	} {
		_, err := attestationPolicy(c.platforms, c.debug, known)
		wantUsage(t, fmt.Sprintf("platforms %q, debug %q", c.platforms, c.debug), err, c.want)
	}
}

// TestEveryCommandHasAnExample keeps --help useful.
func TestEveryCommandHasAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: short help %q, example %q; want both", c.CommandPath(), c.Short, c.Example)
		}
	}
	visit(newRoot())
}

// Whatever a command does not take is a wrong command line, and said so.
func TestEveryCommandRefusesArguments(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		if c.Args == nil {
			if !strings.Contains(c.Use, "…]") {
				t.Errorf("%s: it takes any arguments, want that its usage says so", c.CommandPath())
			}
			return
		}
		wanted := strings.Count(c.Use, " ")
		if strings.Contains(c.Use, "…") {
			wantUsage(t, c.CommandPath()+" without arguments", c.Args(c, nil), c.CommandPath()+" --help")
			return
		}
		if c.Name() != "doctor" { // whose arguments are alternatives
			wantUsage(t, c.CommandPath(), c.Args(c, make([]string, wanted+1)), c.CommandPath()+" --help")
		}
	}
	visit(newRoot())
}

// wantUsage wants an error about the command line with a text in it.
func wantUsage(t *testing.T, name string, err error, want string) {
	t.Helper()
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got error %v, want a usage error with %q", name, err, want)
	}
}

func TestDesignatesMembersOnly(t *testing.T) {
	members := []string{"Org1MSP", "Org2MSP"}
	if err := designatesMembers([]protocol.ChaincodePolicy{{ID: "auction", DesignatedMSP: "Org2MSP"}}, members); err != nil {
		t.Errorf("a member: got error %v, want none", err)
	}
	err := designatesMembers([]protocol.ChaincodePolicy{{ID: "auction", DesignatedMSP: "Org9MSP"}}, members)
	wantUsage(t, "a stranger", err, "--designate auction=Org9MSP: the channel has no organisation Org9MSP, but Org1MSP, Org2MSP")
}

func TestRootsArePEM(t *testing.T) {
	file := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := readRoots("--cafile", file)
	wantUsage(t, "text", err, "--cafile: "+file+" holds no certificate in PEM")
}

// A flag that the client itself refuses is a wrong command line; the same words of
// a peer are its refusal.
func TestMisplacedMinHeight(t *testing.T) {
	own := protocol.Errorf("INV-4", protocol.CodeWrongMode, "chaincode auction is of mode lite")
	f := &callFlags{minHeight: 7}
	wantUsage(t, "the client's own", f.misplaced(own), "--min-height 7: chaincode auction is of mode lite; leave it out")
	for name, err := range map[string]error{
		"a peer's": errors.Join(own, &fabric.RejectedError{Server: "peer p"}),
		"another":  protocol.Errorf("INV-4", protocol.CodeInternal, "no randomness"),
	} {
		if got := f.misplaced(err); !errors.Is(got, err) {
			t.Errorf("%s: got %v, want %v", name, got, err)
		}
	}
}

// What enclaves a policy names, in words: the unit and who issued, or the very
// certificate.
func TestPolicyInWords(t *testing.T) {
	role := msp.RolePrincipal("Org1MSP", common.MSPRole_PEER)
	unit := msp.OUPrincipal("Org2MSP", "fpc-00ff", []byte{0xab, 0xcd})
	marshal := func(p *peer.ApplicationPolicy) []byte {
		raw, err := proto.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	signature := func(principals ...*common.MSPPrincipal) []byte {
		rules := make([]*common.SignaturePolicy, len(principals))
		for i := range principals {
			rules[i] = &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(i)}}
		}
		all := &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{N: int32(len(rules)), Rules: rules}}}
		return marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: &common.SignaturePolicyEnvelope{Rule: all, Identities: principals}}})
	}
	for _, c := range []struct {
		name      string
		parameter []byte
		want      []string
	}{
		{"of peers", signature(role, role), []string{"Endorsement policy: AND('Org1MSP.peer', 'Org1MSP.peer')"}},
		{"of enclaves", signature(unit, unit), []string{
			"Endorsement policy: AND('Org2MSP.enclave', 'Org2MSP.enclave')",
			"  'Org2MSP.enclave': certificates of the unit fpc-00ff, issued by the CA with the certifiers identifier abcd",
		}},
		{"of any issuer", signature(msp.OUPrincipal("Org2MSP", "fpc-00ff", nil)), []string{
			"Endorsement policy: OR('Org2MSP.enclave')", "  'Org2MSP.enclave': certificates of the unit fpc-00ff, of any issuer",
		}},
		{"of another unit", signature(msp.OUPrincipal("Org2MSP", "sales", nil)), []string{
			"Endorsement policy: it has no text form: principal 0 is of kind ORGANIZATION_UNIT; -O json shows its bytes",
		}},
		{
			"by name", marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{ChannelConfigPolicyReference: "/Channel/Application/Endorsement"}}),
			[]string{"Endorsement policy: /Channel/Application/Endorsement of the channel's configuration"},
		},
		{"garbage", []byte("garbage"), []string{"Endorsement policy: it does not decode; -O json shows its bytes"}},
	} {
		if got := policyInWords(c.parameter); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
