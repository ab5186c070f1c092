// SPDX-License-Identifier: Apache-2.0

//go:build unix

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStartGuide(t *testing.T) {
	runGuide(t, "start.md",
		"provisioned",   // fpc enclave list
		`"amount":4200`, // the bidder reads the own bid
		`"winner":`,     // reveal
		"a1 exists already",
		"\nyes\n", // the notary
		"is down",
	)
}

func TestOperateGuide(t *testing.T) {
	runGuide(t, "operate.md",
		"propagateEnvironment:", // fpc builder install
		`"a painting"`,          // the query after the kill
		"is down",
	)
}

// runGuide runs every command of a page in docs, as a reader would, in one shell
// that stops at the first failure, and looks for what they must print.
func runGuide(t *testing.T, page string, wants ...string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -e\n" + strings.Join(shellBlocks(string(guide)), "\n")
	if !strings.Contains(script, "initenclave") {
		t.Fatalf("docs/%s holds no commands in ```sh blocks", page)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = root
	tmp := t.TempDir()
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	defer endNetworks(tmp)
	// What the guide starts in the background ends with it, also if it fails.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	if err != nil {
		t.Fatalf("docs/%s: %v\n%s", page, err, out)
	}
	for _, want := range wants {
		if !strings.Contains(string(out), want) {
			t.Errorf("docs/%s printed no %q; it printed:\n%s", page, want, out)
		}
	}
}

// endNetworks kills the embedded networks that a failed guide left behind.
func endNetworks(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*", "network.pid"))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// shellBlocks returns the contents of a text's ```sh blocks.
func shellBlocks(text string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}
