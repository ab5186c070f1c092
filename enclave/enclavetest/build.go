// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds an enclave program as every enclave program is built, and
// returns its path. The package is named as go build wants it; tags are build
// tags.
func Build(t testing.TB, pkg string, tags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "enclave")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-o", out}
	for _, tag := range tags {
		args = append(args, "-tags", tag)
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, b)
	}
	return out
}
