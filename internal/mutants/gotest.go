// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// limit is how long one package's tests may run. Without a mutant they need a
// few seconds.
const limit = 2 * time.Minute

// outcome is what go test said of one package.
type outcome struct {
	passed, failed []string // tests and subtests
	running        []string // whose end it did not live to see
	output         string
}

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Test, Output string
}

// goTest runs tests of one package. flags are for every go command that it and
// the tests start: they reach programs which the tests build, too. One failure
// is enough: where a mutant makes each of several subtests wait for what does not
// come, the first wait tells.
func goTest(ctx context.Context, pkg, pattern, flags string) (outcome, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-vet=off", "-p=1", "-failfast", "-timeout", limit.String(), "-run", pattern, pkg)
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" "+flags))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	stdout, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, fmt.Errorf("go test %s: %w", pkg, err)
	}
	o := parse(stdout)
	if exit != nil {
		o.output += string(exit.Stderr)
	}
	switch {
	case ctx.Err() != nil:
		return o, ctx.Err()
	case strings.Contains(o.output, "panic: test timed out"), strings.Contains(o.output, "*** Test killed"):
		return o, fmt.Errorf("go test %s -run %s: no end after %s", pkg, pattern, limit)
	case err != nil:
		o.failed = append(o.failed, o.running...) // the process crashed under them
	}
	if err != nil && len(o.failed) == 0 {
		return o, fmt.Errorf("go test %s failed without a failing test:\n%s", pkg, o.output)
	}
	return o, nil
}

func parse(stdout []byte) outcome {
	var o outcome
	var output strings.Builder
	lines := bufio.NewScanner(bytes.NewReader(stdout))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			output.WriteString(lines.Text() + "\n")
			continue
		}
		output.WriteString(e.Output)
		switch {
		case e.Test == "":
		case e.Action == "run":
			o.running = append(o.running, e.Test)
		case e.Action == "pass", e.Action == "fail", e.Action == "skip":
			o.running = slices.DeleteFunc(o.running, func(t string) bool { return t == e.Test })
			if e.Action == "pass" {
				o.passed = append(o.passed, e.Test)
			}
			if e.Action == "fail" {
				o.failed = append(o.failed, e.Test)
			}
		}
	}
	o.output = output.String()
	return o
}

// anchored makes a -run pattern that matches this test, or subtest, and no
// other.
func anchored(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + p + "$"
	}
	return strings.Join(parts, "/")
}
