// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Every code that any package gives has an explanation, and no explanation is of
// a code that nobody gives.
func TestEveryCodeIsExplained(t *testing.T) {
	codes := codesOf(t, "../..")
	if len(codes) < 80 {
		t.Fatalf("found %d codes in the source, want 80 or more", len(codes))
	}
	// Ledger enclaves hand these on as they are.
	for _, code := range []string{block.CodeMalformed, block.CodeDataHash, block.CodeNotNext, block.CodeLink, block.CodeNoSignatures, block.CodeSignatures} {
		codes[protocol.Code(code)] = "fabric/block/block.go"
	}
	for code, where := range codes {
		if _, ok := Code(code); !ok {
			t.Errorf("%s: the code %q has no explanation; write one into internal/explain/codes.go", where, code)
		}
	}
	seen := map[protocol.Code]bool{}
	for _, table := range []map[protocol.Code]Explanation{general, requests, registration, sealed, runs, clients, sessions, fullMode, ledgers} {
		for code, e := range table {
			if _, ok := codes[code]; !ok {
				t.Errorf("%q is explained, but no package gives it", code)
			}
			if seen[code] {
				t.Errorf("%q is explained twice", code)
			}
			seen[code] = true
			wellPut(t, string(code), e)
		}
	}
}

func TestEveryVerdictIsExplained(t *testing.T) {
	for number, name := range peer.TxValidationCode_name {
		e, ok := Verdict(peer.TxValidationCode(number))
		if !ok {
			t.Errorf("Fabric's validation code %s has no explanation", name)
			continue
		}
		wellPut(t, name, e)
	}
}

// Every step of docs/flows.md is in words.
func TestEveryStepIsExplained(t *testing.T) {
	flows, err := os.ReadFile("../../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]+-\d+)(a–d)?[ |]`).FindAllStringSubmatch(string(flows), -1)
	if len(rows) < 45 {
		t.Fatalf("docs/flows.md: found %d rows, want 45 or more", len(rows))
	}
	for _, row := range rows {
		names := []string{row[1]}
		if row[2] != "" {
			names = []string{row[1] + "a", row[1] + "b", row[1] + "c", row[1] + "d"}
		}
		for _, name := range names {
			if _, ok := Step(name); !ok {
				t.Errorf("%s of docs/flows.md has no words; write them into internal/explain/steps.go", name)
			}
		}
	}
}

// wellPut holds an explanation to its form: two phrases that a line can join.
func wellPut(t *testing.T, name string, e Explanation) {
	t.Helper()
	for part, text := range map[string]string{"meaning": e.Means, "remedy": e.Remedy} {
		if text == "" || strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
			t.Errorf("%s: the %s %q is not one phrase", name, part, text)
		}
	}
}

// Whatever step gives whatever code, the text that a user meets is told apart:
// what failed, at which step, why, what was said, what to do.
func TestEveryRefusalIsRecognised(t *testing.T) {
	for code := range codesOf(t, "../..") {
		want, _ := Code(code)
		refusal := protocol.Errorf("VAL-3", code, "what %s was", "wrong")
		if particular := Refusal(refusal.WithHint("turn it (and that) off")); particular.Hint != "turn it (and that) off" || particular.Remedy != want.Remedy {
			t.Errorf("%s with a hint of its own: got %+v", code, particular)
		}
		for place, text := range map[string]string{
			"alone":     refusal.Error(),
			"printed":   "fpc: " + refusal.Error() + "\n",
			"relayed":   (&fabric.RejectedError{Server: "peer localhost:7051", Status: 500, Message: refusal.Error()}).Error(),
			"explained": (&admin.RefusedError{Step: refusal, Rejected: &fabric.RejectedError{Server: "peer localhost:7051"}}).Error(),
			"gateway":   "rpc error: code = Aborted desc = failed to endorse transaction: chaincode response 500, " + refusal.Error(),
			"own check": (&client.NotAttestedError{Chaincode: "auction", Err: fmt.Errorf("transaction 0123: %w", refusal)}).Error(),
			"sealed":    (&client.ChaincodeError{Status: 500, Message: refusal.Error()}).Error(),
		} {
			found := Text(text)
			if len(found) != 1 {
				t.Errorf("%s %s: got %d diagnoses of %q, want 1", code, place, len(found), text)
				continue
			}
			if d := found[0]; d.Step != "VAL-3" || d.Code != string(code) || d.Said != "what wrong was" || d.Why != want.Means ||
				d.Remedy != want.Remedy || d.Hint != "" || d.Failed != steps["VAL-3"] {
				t.Errorf("%s %s: got %+v of %q", code, place, d, text)
			}
		}
	}
}

func TestEveryVerdictIsRecognised(t *testing.T) {
	for number, name := range peer.TxValidationCode_name {
		if number == int32(peer.TxValidationCode_VALID) {
			continue
		}
		e := &fabric.NotCommittedError{TxID: "0123", Code: peer.TxValidationCode(number), Block: 7}
		found := Text("fpc: " + e.Error())
		if len(found) != 1 || found[0].Code != name || found[0].Step != "VAL-5" || found[0].Why == "" || found[0].Remedy == "" {
			t.Errorf("%s: got %+v of %q", name, found, e)
		}
	}
}

// Every error of the client, as it words itself.
func TestEveryClientErrorIsRecognised(t *testing.T) {
	rejected := &fabric.RejectedError{Server: "peer localhost:7051", Status: 500, Message: "words nobody knows"}
	samples := map[string][]error{
		"UnreachableError": {
			&fabric.UnreachableError{Server: "peer localhost:7051", Err: errors.New("unheard of")},
			&fabric.UnreachableError{Server: "orderer localhost:7050", Err: errors.New("unheard of")},
		},
		"RejectedError": {
			rejected, &fabric.RejectedError{Server: "orderer localhost:7050", Message: "words nobody knows"},
		},
		"NotCommittedError": {
			&fabric.NotCommittedError{TxID: "0123", Block: 7, Code: 211},
			&fabric.NotCommittedError{TxID: "0123", Err: errors.New("the stream broke")},
		},
		"DisagreementError": {&fabric.DisagreementError{TxID: "0123", Servers: []string{"peer a", "peer b"}}},
		"ViewsDifferError":  {&client.ViewsDifferError{TxID: "0123", Height: 7}},
		"NotAttestedError":  {&client.NotAttestedError{Chaincode: "auction", Err: errors.New("unheard of")}},
		"ChaincodeError":    {&client.ChaincodeError{TxID: "0123", Status: 404, Message: "no auction a1"}},
		"RefusedError":      {&admin.RefusedError{Step: protocol.Errorf("REG-99", "unheard_of", "words"), Rejected: rejected}},
	}
	for _, name := range errorTypes(t, "../../client", "../../client/fabric", "../../client/admin") {
		if len(samples[name]) == 0 {
			t.Errorf("the client's %s has no sample here, and perhaps no explanation", name)
		}
	}
	for name, errs := range samples {
		for _, err := range errs {
			found := Text(err.Error())
			if len(found) != 1 || found[0].Failed == "" || found[0].Why == "" || found[0].Remedy == "" {
				t.Errorf("%s: got %+v of %q, want one diagnosis", name, found, err)
			}
		}
	}
}

// What Fabric's own peers and orderers say, as 2.5, 3.1 and the embedded network
// word it.
func TestFabricsWords(t *testing.T) {
	samples := map[string][]string{
		"connection refused":      {"connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused\"", "dial tcp: lookup nowhere: no such host"},
		"not TLS":                 {"transport: authentication handshake failed: tls: first record does not look like a TLS handshake"},
		"only TLS":                {`connection error: desc = "error reading server preface: EOF"`, `connection error: desc = "error reading server preface: read tcp 127.0.0.1:1->127.0.0.1:2: connection reset by peer"`},
		"other TLS root":          {"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		"TLS certificate expired": {"x509: certificate has expired or is not yet valid: current time 2030-01-01T00:00:00Z is after 2029-01-01T00:00:00Z"},
		"other TLS name":          {"x509: certificate is valid for peer0.org1.example.com, not localhost"},
		"client TLS":              {"remote error: tls: certificate required", "remote error: tls: bad certificate"},
		"identity expired":        {"proposal client identity expired", "deliver: client identity expired at 2026-01-01T00:00:00Z"},
		"creator unknown":         {"error validating proposal: access denied: channel [mychannel] creator org unknown, creator is malformed"},
		"creator refused":         {"error validating proposal: access denied: channel [mychannel] creator org [Org1MSP]"},
		"not allowed":             {"implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied", "orderer 127.0.0.1:7050 refused: FORBIDDEN"},
		"no channel":              {"channel 'nochannel' not found", "could not get channelconfig for channel 'nochannel'", "orderer 127.0.0.1:7050 refused: NOT_FOUND"},
		"not installed":           {"chaincode definition for 'auction' exists, but chaincode is not installed"},
		"not defined":             {"namespace auction is not defined", "make sure the chaincode ercc has been successfully defined on channel mychannel and try again: chaincode ercc not found"},
		"not launched":            {"could not launch chaincode auction:0a: connection to auction:0a at 127.0.0.1:9 failed: nothing listens there (waited 10s)"},
		"not agreed":              {"chaincode definition not agreed to by this org (Org1MSP)"},
		"sequence":                {"requested sequence is 3, but new definition must be sequence 2", "attempted to redefine the current committed sequence (1) for namespace auction with different parameters"},
		"installed already":       {"chaincode already successfully installed (package ID 'auction:0a')"},
		"duplicate":               {"error validating proposal: duplicate transaction found [0123]. Creator [0a]"},
		"no such transaction":     {"Failed to get transaction with id 0123, error no such transaction ID [0123] in index"},
		"chaincode gone":          {"failed to execute transaction 0123: chaincode stream terminated"},
		"chaincode slow":          {"failed to execute transaction 0123: timeout expired while executing transaction"},
		"orderer halted":          {"orderer 127.0.0.1:7050 refused: SERVICE_UNAVAILABLE: orderer: chain has halted"},
		"clock":                   {"envelope timestamp 2026-01-01 00:00:00 is more than 15m0s apart from current server time"},
		"deadline":                {"no answer within 30s (--waitForEventTimeout)", "context deadline exceeded"},
	}
	for _, w := range refusals {
		if len(samples[w.name]) == 0 {
			t.Errorf("%q has no sample", w.name)
		}
		wellPut(t, w.name, w.Explanation)
		for _, text := range samples[w.name] {
			for _, whole := range []string{text, "fpc: peer 127.0.0.1:7051 refused with status 500: " + text} {
				found := Text(whole)
				if len(found) != 1 || found[0].Why != w.Means {
					t.Errorf("%q: got %+v, want the explanation of %q", whole, found, w.name)
				}
				hinted := Hinted(whole)
				if want := whole + " (hint: " + w.Remedy + ")"; hinted != want || Hinted(hinted) != want {
					t.Errorf("%q: got %q, and %q with a hint again; want %q", whole, hinted, Hinted(hinted), want)
				}
				if again := Text(hinted); len(again) != 1 || again[0] != found[0] {
					t.Errorf("%q with its hint: got %+v, want what it is without, %+v", whole, again, found)
				}
			}
		}
	}
}

func TestSeveralFailuresInOneText(t *testing.T) {
	stale := protocol.Errorf("VAL-4", protocol.CodeStaleRead, "key %q", "a")
	revoked := protocol.Errorf("VAL-2", protocol.CodeRevoked, "enclave 0a is revoked")
	text := "fpc: peer a:1 refused with status 500: " + stale.Error() + "; peer b:1 refused with status 500: " + stale.Error() +
		"; peer c:1 refused with status 500: " + revoked.Error()
	found := Text(text)
	if len(found) != 2 || found[0].Code != "stale_read" || found[1].Code != "revoked" || found[0].Said != `key "a"` {
		t.Errorf("got %+v, want stale_read once and revoked", found)
	}
	because := protocol.Errorf("INV-5", "code_not_pinned", "none is trusted, the first because: %w", protocol.Errorf("INV-5", "code_not_pinned", "it runs code x").WithHint("pin it"))
	if found = Text(because.Error()); len(found) != 1 || found[0].Said != "it runs code x" || found[0].Hint != "pin it" {
		t.Errorf("with a cause: got %+v, want the cause", found)
	}
	wrapped := protocol.Wrap("INV-8", protocol.CodeInternal, revoked)
	if found = Text(wrapped.Error()); len(found) != 1 || found[0].Step != "VAL-2" || found[0].Said != "enclave 0a is revoked" {
		t.Errorf("wrapped: got %+v, want the inner refusal", found)
	}
}

// Of what a command printed, the line that says why is shown.
func TestOneLineOfMany(t *testing.T) {
	found := Text("SIMULATED: you accept simulated enclaves\nfpc: transaction 01 stands in block 7 as invalid: MVCC_READ_CONFLICT\nbye\n")
	if len(found) != 1 || found[0].Said != "transaction 01 stands in block 7 as invalid: MVCC_READ_CONFLICT" {
		t.Errorf("got %+v, want the line with the verdict", found)
	}
	found = Text("SIMULATED\nfpc: peer a:1 refused with status 404: namespace auction is not defined\n")
	if len(found) != 1 || found[0].Said != "peer a:1 refused with status 404: namespace auction is not defined" {
		t.Errorf("got %+v, want the line with the refusal", found)
	}
}

// Refusals of steps say themselves what to do, and of other words nothing is known.
func TestOnlyKnownWordsAreHinted(t *testing.T) {
	for _, text := range []string{
		"peer a:1 refused with status 500: words nobody knows",
		"peer a:1 refused with status 500: " + protocol.Errorf("LC-5", protocol.CodeWrongPolicy, "channel 'x' not found").Error(),
		"peer a:1 refused with status 500: channel 'x' not found (hint: ask)",
	} {
		if got := Hinted(text); got != text {
			t.Errorf("got %q, want %q as it was", got, text)
		}
	}
}

// Servers that said the same are named together.
func TestSeveralServersInOneText(t *testing.T) {
	for text, want := range map[string]string{
		"peers a:1, b:1, c:1 refused with status 500: words nobody knows":  "the server answered, and refused",
		"orderers a:1, b:1 cannot be reached (unheard of)":                 "the server could not be reached",
		"peers a:1, b:1: REG-99 [unheard_of] words; peers c:1, d:1: KEY-3": "step REG-99",
	} {
		found := Text("fpc: " + text)
		if len(found) != 1 || found[0].Failed != want || strings.Contains(found[0].Said, "KEY-3") {
			t.Errorf("%q: got %+v, want one that failed because %q", text, found, want)
		}
	}
}

func TestUnknownText(t *testing.T) {
	for _, text := range []string{"", "hello", "a [b] c", "X"} {
		if found := Text(text); found != nil {
			t.Errorf("%q: got %+v, want nothing", text, found)
		}
	}
	d := Text("peer a:1 refused with status 500: VAL-77 [brand_new] something")
	if len(d) != 1 || d[0].Failed != "step VAL-77" || d[0].Why == "" || d[0].Remedy == "" {
		t.Errorf("unknown step and code: got %+v, want it named", d)
	}
}

func FuzzText(f *testing.F) {
	f.Add("fpc: peer a:1 refused with status 500: VAL-4 [stale_read] x (hint: y); peer b:1 refused with status 500: VAL-4 [stale_read] x (hint: y)")
	f.Add("transaction 01 stands in block 3 as invalid: MVCC_READ_CONFLICT")
	f.Add("(hint: VAL-4 [a_b] (hint: )")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range Text(text) {
			if d.Failed == "" || d.Why == "" || d.Remedy == "" || strings.ContainsAny(d.Remedy, "\n") {
				t.Errorf("%q: got %+v, want what failed, why and a remedy", text, d)
			}
		}
	})
}

// A policy that cannot be met names in parentheses what each enclave did: it stands
// first, then what it names, each with its own words.
func TestRefusalThatNamesOthers(t *testing.T) {
	unreachable := protocol.Errorf("INV-9", protocol.CodeLedgerUnreachable, "no ledger host at s (gone)").WithHint("start it (as a service)")
	unprovisioned := protocol.Errorf("INV-5", protocol.CodeNotProvisioned, "enclave 3 is registered, but holds no key")
	policy := protocol.Errorf("INV-20", client.CodeTooFewEndorsements, "not enough (Org1MSP: enclave 1 endorses; Org2MSP: enclave 2 %v; Org3MSP: enclave 3 is not trusted: %v)",
		&fabric.RejectedError{Server: "peer localhost:7051", Status: 500, Message: unreachable.Error()}, unprovisioned).WithHint("see to them")
	found := Text("fpc: " + policy.Error() + "\n")
	want := []struct{ step, said, hint string }{
		{"INV-20", "not enough (Org1MSP: enclave 1 endorses; Org2MSP: enclave 2 peer localhost:7051 refused with status 500: INV-9 [ledger_unreachable] no ledger host at s (gone)", "see to them"},
		{"INV-9", "no ledger host at s (gone)", "start it (as a service)"},
		{"INV-5", "enclave 3 is registered, but holds no key", ""},
	}
	if len(found) != len(want) {
		t.Fatalf("got %d diagnoses of %q, want %d: %+v", len(found), policy, len(want), found)
	}
	for i, w := range want {
		if got := found[i]; got.Step != w.step || !strings.HasPrefix(got.Said, w.said) || got.Hint != w.hint {
			t.Errorf("got step %s, said %q, hint %q; want %s, %q…, %q", got.Step, got.Said, got.Hint, w.step, w.said, w.hint)
		}
	}
}
