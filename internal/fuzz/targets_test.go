// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the module's.
const root = "../.."

// decoders are those that an untrusted party reaches, and their targets.
var decoders = map[string][]string{
	"peer to stub":           {"shim/peer FuzzMessages", "shim/peer FuzzReadProposal", "shim FuzzSplitCompositeKey", "shim/cid FuzzParse", "stub FuzzInitEnclave", "stub/validation FuzzView", "internal/definition FuzzCommitted"},
	"stub to enclave":        {"transport FuzzServe", "enclave FuzzHandle", "enclave FuzzFullHandle", "enclave FuzzStateAnswers", "enclave FuzzLedgerAnswers", "enclave FuzzOtherLedger", "attest/sim/guest FuzzParseParams"},
	"enclave to stub":        {"transport FuzzHost", "stub FuzzEnclave"},
	"client to enclave":      {"protocol FuzzParseRequest", "keys FuzzOpenRequest", "keys FuzzUnpad", "fabric/envelope FuzzUnpackProposal"},
	"client to validation":   {"stub/validation FuzzResponse", "protocol FuzzVerifyResponse"},
	"ERCC arguments":         {"ercc FuzzArguments", "ercc FuzzFullArguments", "protocol FuzzParseCredentials", "protocol FuzzParseKeyRegistration", "protocol FuzzParseKeyExport", "protocol FuzzCodeManifest", "protocol FuzzRegistryPolicy", "keys FuzzChaincodeEK", "keys FuzzParseEnclaveVK"},
	"evidence":               {"attest/sim/guest FuzzVerify"},
	"answers to a client":    {"client/trust FuzzCheck", "client/trust FuzzAgreed", "client/trust FuzzAnswer", "protocol FuzzEnclavePolicy", "protocol FuzzVerifyEndorsed", "fabric/envelope FuzzResult", "protocol FuzzParseError"},
	"packages":               {"builder/pkg FuzzRead", "builder/pkg FuzzUntar", "builder/pkg FuzzCode", "fabric/lifecycle FuzzParsePackage"},
	"chaincode.json":         {"builder FuzzParseRunConfig"},
	"sealed state":           {"enclave FuzzRestore", "stub/statedir FuzzStateFile"},
	"sealed values":          {"keys FuzzOpenValue"},
	"policy language":        {"fabric/policy FuzzParse", "fabric/policy FuzzCompile"},
	"identities":             {"fabric/msp FuzzIdentity", "fabric/msp FuzzConfig", "fabric/msp FuzzLowS"},
	"channel configuration":  {"fabric/channel FuzzNewBundle", "fabric/channel FuzzPropose"},
	"blocks":                 {"fabric/block FuzzParse", "fabric/validate FuzzBlock", "fabric/validate FuzzSet", "fabric/rwset FuzzParse", "fabric/envelope FuzzOpen"},
	"embedded network":       {"fabric/lifecycle FuzzQuery", "devnet/deliver FuzzRequest", "devnet/ledger FuzzDecodeValue", "devnet/peer/chaincode FuzzMessage", "devnet/peer/chaincode FuzzConnection", "devnet/peer/chaincode FuzzCode", "devnet/peer/gateway FuzzUnpack"},
	"session":                {"transport/session FuzzHello", "transport/session FuzzAccept", "transport/session FuzzFrame"},
	"host to ledger enclave": {"ledgerenclave FuzzHandle", "ledgerenclave FuzzNextBlock", "ledgerenclave FuzzResume"},
	"asks of the ledger":     {"ledgerenclave FuzzAsk"},
	"ledger host":            {"ledgerhost FuzzCheckpoint", "ledgerhost FuzzSocket"},
	"network description":    {"devnet FuzzDescription"},
	"traces":                 {"trace FuzzReadDir", "trace FuzzWrite"},
	"texts of errors":        {"internal/explain FuzzText"},
	"any message":            {"protocol FuzzUnknownFields"},
}

// declared maps "package FuzzName" to whether its seeds are added in code.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*", "*/*", "*/*/*", "*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	targets := make(map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				targets[filepath.ToSlash(dir)+" "+f.Name.Name] = seeds(f)
			}
		}
	}
	if len(targets) == 0 {
		t.Fatalf("no fuzz target in %d test files", len(files))
	}
	return targets
}

// seeds tells whether a target adds any, by a call of Add.
func seeds(f *ast.FuncDecl) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			s, selects := call.Fun.(*ast.SelectorExpr)
			found = found || selects && s.Sel.Name == "Add"
		}
		return !found
	})
	return found
}

// Every decoder that an untrusted party reaches has its targets, each with seeds,
// and every target stands here.
func TestEveryDecoderIsFuzzed(t *testing.T) {
	have := declared(t)
	listed := make(map[string]bool)
	for _, decoder := range slices.Sorted(maps.Keys(decoders)) {
		for _, name := range decoders[decoder] {
			seeded, there := have[name]
			if !there {
				t.Errorf("%s: no target %s", decoder, name)
			} else if !seeded {
				t.Errorf("%s: %s adds no seeds", decoder, name)
			}
			listed[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !listed[name] {
			t.Errorf("%s: say in this table which decoder it is for", name)
		}
	}
}

// What fuzzing found stays with a target that is still there: go test runs
// nothing else of it, and says nothing.
func TestFoundInputsHaveTheirTarget(t *testing.T) {
	have := declared(t)
	for _, pattern := range []string{"*", "*/*", "*/*/*", "*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern, "testdata", "fuzz", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range found {
			pkg, err := filepath.Rel(root, filepath.Join(dir, "..", "..", ".."))
			if err != nil {
				t.Fatal(err)
			}
			if _, there := have[filepath.ToSlash(pkg)+" "+filepath.Base(dir)]; !there {
				t.Errorf("%s: %s has no such target", dir, pkg)
			}
			if inputs, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(inputs) == 0 {
				t.Errorf("%s: %d inputs, error %v", dir, len(inputs), err)
			}
		}
	}
}

func TestParse(t *testing.T) {
	const events = `{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Output":"FuzzOne\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.01s\n"}
{"Action":"output","Package":"m/b","Output":"FuzzTwo\n"}
`
	if got, want := parse([]byte(events)), []target{{"m/a", "FuzzOne"}, {"m/b", "FuzzTwo"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := parse(nil); len(got) != 0 {
		t.Errorf("of nothing: got %v, want none", got)
	}
	if got, want := written([]byte("x\n    Failing input written to testdata/fuzz/FuzzOne/0a1b\n")), "testdata/fuzz/FuzzOne/0a1b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
