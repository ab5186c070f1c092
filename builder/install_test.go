// SPDX-License-Identifier: Apache-2.0

package builder_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/builder"
)

// The programs are links within the folder, which may be moved, and a program
// learns by which name it was called.
func TestInstall(t *testing.T) {
	stub := filepath.Join(t.TempDir(), "stub")
	dir := filepath.Join(t.TempDir(), "a", "builder")
	for _, version := range []string{"first", "second"} {
		if err := os.WriteFile(stub, []byte("#!/bin/sh\necho "+version+" $(basename $0)\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := builder.Install(dir, stub); err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(t.TempDir(), "moved")
		if err := os.CopyFS(moved, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{"detect", "build", "release", "run"} {
			out, err := exec.Command(filepath.Join(moved, "bin", program)).CombinedOutput()
			if want := version + " " + program + "\n"; err != nil || string(out) != want {
				t.Errorf("%s: got %q, error %v, want %q", program, out, err, want)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "bin"))
	if err != nil || len(entries) != 5 {
		t.Errorf("bin: got %v, error %v, want four links and their program", entries, err)
	}
}

func TestInstallWithoutAProgram(t *testing.T) {
	dir := t.TempDir()
	if err := builder.Install(dir, filepath.Join(dir, "none")); err == nil {
		t.Error("a program that is not there: got no error")
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, "bin")); len(entries) != 0 {
		t.Errorf("bin after a failure: got %v, want nothing", entries)
	}
}

func TestCoreYAML(t *testing.T) {
	text := builder.CoreYAML("/opt/it's/fpc")
	for _, want := range append(builder.Environment(), "- name: fpc\n", "path: '/opt/it''s/fpc'\n", "propagateEnvironment:\n") {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "FPC_") && !strings.Contains(line, " # ") {
			t.Errorf("nothing says what this is for: %s", line)
		}
	}
}
