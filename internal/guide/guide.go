// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package guide lets tests follow a page of the documentation as a reader would.
package guide

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Page is a page of docs, and how to follow it.
type Page struct {
	Root string // the project's folder, where the page's shell begins
	Name string // of the page in docs
	// Marks are those of its blocks that count beside unmarked ones: the second
	// word behind the back-ticks, as in "```sh embedded".
	Marks []string
	Env   []string // further variables
	Wants []string // what its commands must print
}

// patience bounds the run of a page.
const patience = 20 * time.Minute

var built sync.Once

// Build makes the programs, once. A test that follows a page beside others calls it
// before them: pages begin with `make build`, which then replaces nothing that runs.
func Build(t *testing.T, root string) {
	t.Helper()
	built.Do(func() {
		cmd := exec.Command("make", "build")
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make build: %v\n%s", err, out)
		}
	})
}

// Run runs every command of a page, in one shell that stops at the first failure,
// and looks for what they must print. What the page starts ends with the test.
func Run(t *testing.T, p Page) {
	t.Helper()
	root, err := filepath.Abs(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", p.Name))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -e\n" + strings.Join(Blocks(string(text), p.Marks...), "\n")
	if !strings.Contains(script, "initenclave") {
		t.Fatalf("docs/%s holds no commands in ```sh blocks", p.Name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = root
	tmp := t.TempDir()
	cmd.Env = append(append(os.Environ(), "TMPDIR="+tmp), p.Env...)
	defer endNetworks(tmp)
	// What the page starts in the background ends with it, also if it fails.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	if err != nil {
		t.Fatalf("docs/%s: %v\n%s", p.Name, err, out)
	}
	for _, want := range p.Wants {
		if !strings.Contains(string(out), want) {
			t.Errorf("docs/%s printed no %q; it printed:\n%s", p.Name, want, out)
		}
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); !t.Failed() {
		t.Logf("docs/%s ended with\n%s", p.Name, strings.Join(lines[max(0, len(lines)-5):], "\n"))
	}
}

// endNetworks kills the embedded networks that a failed page left behind.
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

// Blocks returns the contents of a text's ```sh blocks that have no mark or one of
// marks, in their order.
func Blocks(text string, marks ...string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```sh")[1:] {
		mark, block, _ := strings.Cut(part, "\n")
		if mark = strings.TrimSpace(mark); mark != "" && !slices.Contains(marks, mark) {
			continue
		}
		block, _, _ = strings.Cut(block, "```")
		blocks = append(blocks, block)
	}
	return blocks
}
