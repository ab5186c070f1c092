// SPDX-License-Identifier: Apache-2.0

// Package tcbtest is for tests: it holds what is linked into an enclave's program
// against a list that was reviewed, so that trusted code grows by decision only.
package tcbtest

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite tcb.txt")

// list is the file beside the test that names the packages.
const list = "tcb.txt"

// never may an enclave link any of these: it has no network, starts nothing and
// logs nothing. What lies below a package counts as it.
var never = []string{"net/http", "log", "os/exec", "plugin", "google.golang.org/grpc", "runtime/cgo", "testing"}

// Check compares tcb.txt, which begins with header, with the packages of a program
// for linux/amd64, without the standard library's internal ones. The flag -update
// rewrites the file. Packages of neverAlso are refused beside those that no
// enclave links.
func Check(t *testing.T, program, header string, neverAlso ...string) {
	t.Helper()
	packages := linked(t, program)
	for _, p := range packages {
		if slices.ContainsFunc(append(neverAlso, never...), func(n string) bool { return p == n || strings.HasPrefix(p, n+"/") }) {
			t.Errorf("an enclave links %s", p)
		}
	}
	got := header + strings.Join(packages, "\n") + "\n"
	if *update {
		if err := os.WriteFile(list, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		was := strings.Split(strings.TrimPrefix(string(want), header), "\n")
		t.Errorf("the trusted code base is not what %s says:\n%s", list, difference(was, packages))
	}
}

// linked lists the packages of a program, sorted.
func linked(t *testing.T, program string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for p := range strings.Lines(string(out)) {
		p = strings.TrimSpace(p)
		parts := strings.Split(p, "/")
		standard := !strings.Contains(parts[0], ".")
		if !standard || !slices.Contains(parts, "internal") && !slices.Contains(parts, "vendor") {
			packages = append(packages, p)
		}
	}
	slices.Sort(packages)
	return packages
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
		if p != "" && !slices.Contains(is, p) {
			b.WriteString("- " + p + "\n")
		}
	}
	if b.Len() == 0 {
		return "the same packages, but not in their one form: rewrite it with -update"
	}
	return b.String()
}
