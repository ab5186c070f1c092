// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/trace"
)

var update = flag.Bool("update", false, "write docs/diagrams.md anew, from the golden transcripts")

const (
	transcripts = "../e2e/testdata/transcripts"
	diagrams    = "../docs/diagrams.md"
)

// about is what docs/diagrams.md says of a transcript, in the order of the page;
// transcripts that are not listed follow.
var about = []struct{ name, title, text string }{
	{"deployment", "Deployment", "ERCC and a private chaincode are packaged, installed, approved and committed by three organisations; ERCC's policy is stored (LC-1 to LC-5)."},
	{"registration", "Registration", "The first organisation's enclave makes its keys, attests them, is registered by all, and gets the chaincode's keys (REG-1 to REG-13, KEY-1 to KEY-3)."},
	{"invocation", "Invocation", "A client seals a call, the enclave runs it, two organisations replay what it signed, and the block commits it (INV-1 to INV-22, VAL-1 to VAL-5)."},
	{"invocation-restarted", "Invocation, with the stub restarted", "The same, but the stub is not running when the proposal comes: it starts, and the enclave unseals its state (INV-6a to INV-6d)."},
	{"query", "Query", "An enclave runs a call and nothing is committed."},
	{"validation", "Validation", "What happens to a signed response alone (VAL-1 to VAL-5)."},
	{"refresh", "Refresh", "The same enclave attests anew, with the channel's present organisations (REG-15)."},
	{"revocation", "Revocation", "Administrators of a majority revoke an enclave (REG-14)."},
	{"full-ledger", "Full mode: ledger enclaves catch up", "Started beside their peers, the ledger enclaves take the chain from its beginning: each verifies and judges every block itself (VAL-8)."},
	{"full-deployment", "Full mode: deployment", "A chaincode is defined whose policy names the enclaves of two organisations; ledger enclaves follow each block (LC-1 to LC-4)."},
	{"full-registration", "Full mode: registration", "An enclave makes its keys over a session with its ledger enclave, attests them, is certified by its organisation's CA and registered, and gets the chaincode's keys (REG-1 to REG-13, KEY-1 to KEY-3)."},
	{"full-keys", "Full mode: keys for a second enclave", "The second organisation's enclave is registered; the first one exports its keys to it, under a head statement, and it imports them (KEY-4 to KEY-7)."},
	{"full-invocation", "Full mode: invocation", "Two enclaves run a call at the same time, each with its ledger enclave; their endorsements form one transaction (INV-1 to INV-22, VAL-6 to VAL-8). What the two do side by side is drawn organisation by organisation."},
	{"full-invocation-restarted", "Full mode: invocation, with a stub restarted", "The same, but one stub is not running when the proposal comes: it starts, the enclave unseals its state and makes a new session (INV-6a to INV-6d, INV-9)."},
	{"full-refresh", "Full mode: refresh", "An enclave attests anew over a session with its ledger enclave (REG-15)."},
	{"full-query", "Full mode: query", "One enclave runs a call, its ledger enclave proves what it reads, and nothing is committed."},
}

const preamble = `# The flows, as they ran

These diagrams are drawn from the golden transcripts in
[e2e/testdata/transcripts](../e2e/testdata/transcripts): what every process of an
embedded network received, in order, in a run that a test repeats. [flows.md](flows.md)
says what each step is. Draw your own runs with ` + "`fpc trace TXID --format mermaid`" + `.

Written by ` + "`go test ./trace -run TestDiagrams -update`" + `; a test fails when this page and
the transcripts differ.
`

// TestDiagrams holds docs/diagrams.md against the golden transcripts.
func TestDiagrams(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(transcripts, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("golden transcripts: found %d, error %v; want some", len(files), err)
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".txt"))
	}
	var page bytes.Buffer
	page.WriteString(preamble)
	for _, a := range about {
		i := slices.Index(names, a.name)
		if i < 0 {
			t.Errorf("there is no transcript %s any more, but a text about it", a.name)
			continue
		}
		names = slices.Delete(names, i, i+1)
		section(t, &page, a.name, a.title, a.text)
	}
	for _, name := range names {
		title := strings.ReplaceAll(name, "-", " ")
		section(t, &page, name, strings.ToUpper(title[:1])+title[1:], "")
	}
	if *update {
		if err := os.WriteFile(diagrams, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(diagrams)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page.Bytes()) {
		t.Errorf("docs/diagrams.md is not what the transcripts give; first difference: %s\nto write it anew: go test ./trace -run TestDiagrams -update", difference(string(got), page.String()))
	}
}

// section writes one diagram.
func section(t *testing.T, page *bytes.Buffer, name, title, text string) {
	t.Helper()
	f, err := os.Open(filepath.Join(transcripts, name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, err := trace.ReadTranscript(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	fmt.Fprintf(page, "\n## %s\n\n", title)
	if text != "" {
		fmt.Fprintf(page, "%s\n\n", text)
	}
	fmt.Fprintln(page, "```mermaid")
	if err := trace.Write(page, trace.Mermaid, events); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(page, "```")
}

func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: got %q, want %q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(a), len(b))
}
