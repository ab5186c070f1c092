// SPDX-License-Identifier: Apache-2.0

package enclave_test

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite tcb.txt")

const tcbHeader = `# The trusted code base: every package linked into the smallest private chaincode
# (linux/amd64, without the standard library's internal packages). A new line is
# a security review. To rewrite it: go test ./enclave -run TestTCB -update
`

// never may an enclave link any of these: it has no network, starts nothing and
// logs nothing.
var never = []string{"net/http", "log", "log/slog", "os/exec", "plugin", "google.golang.org/grpc", "runtime/cgo", "testing"}

func TestTCB(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./private/testdata/smallest")
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
			t.Errorf("an enclave links %s", p)
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
	if got != string(want) {
		t.Errorf("the trusted code base is not what tcb.txt says:\n%s", difference(packagesOf(string(want)), packages))
	}
}

// packagesOf leaves out the comments.
func packagesOf(list string) []string {
	lines := strings.Fields(strings.TrimPrefix(list, tcbHeader))
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "#") })
}

// difference lists the packages that came and went.
func difference(was, is []string) string {
	var b strings.Builder
	for _, p := range is {
		if !slices.Contains(was, p) {
			b.WriteString("+ " + p + "\n")
		}
	}
	for _, p := range was {
		if !slices.Contains(is, p) {
			b.WriteString("- " + p + "\n")
		}
	}
	return b.String()
}
