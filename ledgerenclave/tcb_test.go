// SPDX-License-Identifier: Apache-2.0

package ledgerenclave_test

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite tcb.txt")

const tcbHeader = `# The trusted code base: every package linked into fpc-ledger (linux/amd64,
# without the standard library's internal packages). A new line is a security
# review. To rewrite it: go test ./ledgerenclave -run TestTCB -update
`

// never may a ledger enclave link any of these: it has no network, starts
// nothing, logs nothing, and runs no chaincode.
var never = []string{
	"net/http", "log", "log/slog", "os/exec", "plugin", "google.golang.org/grpc", "runtime/cgo", "testing",
	"github.com/privatechaincode/fpc/shim", "github.com/privatechaincode/fpc/enclave",
}

func TestTCB(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "../cmd/fpc-ledger")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for p := range strings.Lines(string(out)) {
		p = strings.TrimSpace(p)
		standard := !strings.Contains(strings.Split(p, "/")[0], ".")
		if standard && slices.ContainsFunc(strings.Split(p, "/"), func(s string) bool { return s == "internal" || s == "vendor" }) {
			continue
		}
		packages = append(packages, p)
		if slices.Contains(never, p) || strings.HasPrefix(p, "google.golang.org/grpc/") {
			t.Errorf("a ledger enclave links %s", p)
		}
	}
	slices.Sort(packages)
	got := tcbHeader + strings.Join(packages, "\n") + "\n"
	if *update {
		if err := os.WriteFile("tcb.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("tcb.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	listed := strings.Split(string(want), "\n")
	for _, p := range packages {
		if !slices.Contains(listed, p) {
			t.Errorf("linked and not in tcb.txt: %s", p)
		}
	}
	for _, p := range listed {
		if !strings.HasPrefix(p, "#") && p != "" && !slices.Contains(packages, p) {
			t.Errorf("in tcb.txt and not linked: %s", p)
		}
	}
	if !t.Failed() {
		t.Error("tcb.txt is not in its one form: rewrite it")
	}
}
