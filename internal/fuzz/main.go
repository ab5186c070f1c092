// SPDX-License-Identifier: Apache-2.0

// Command fuzz runs every fuzz target of the module, one after the other. An
// input that makes one fail stays in its package's testdata/fuzz, where go test
// runs it from then on; inputs that reach new code stay in the build cache, from
// where the next run goes on. It exits 1 if a target fails, or if there is none.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"regexp"
	"strings"
	"time"
)

// target is one fuzz test.
type target struct{ pkg, name string }

func main() {
	each := flag.Duration("time", 10*time.Second, "how long to run each target")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *each); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, each time.Duration) error {
	targets, err := list(ctx)
	if err != nil {
		return err
	}
	var failed []string
	for i, t := range targets {
		fmt.Printf("%d of %d: %s in %s\n", i+1, len(targets), t.name, t.pkg)
		cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+each.String(), t.pkg)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		out, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err == nil {
			continue
		}
		failed = append(failed, t.name)
		fmt.Printf("%s", out)
		if kept := written(out); kept != "" {
			fmt.Printf("KEPT the input that makes it fail: %s in %s; mend the code and commit both\n", kept, t.pkg)
		}
	}
	fmt.Printf("\n%d fuzz targets, %s each, %d failed %s\n", len(targets), each, len(failed), strings.Join(failed, " "))
	if len(failed) > 0 {
		return errors.New("a target failed")
	}
	return nil
}

// list finds every fuzz target; none at all is an error.
func list(ctx context.Context) ([]target, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-list=^Fuzz", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w\n%s", err, out)
	}
	targets := parse(out)
	if len(targets) == 0 {
		return nil, errors.New("no fuzz target was found")
	}
	return targets, nil
}

func parse(events []byte) []target {
	var targets []target
	lines := bufio.NewScanner(bytes.NewReader(events))
	for lines.Scan() {
		var e struct{ Action, Package, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action != "output" {
			continue
		}
		if name := strings.TrimSpace(e.Output); strings.HasPrefix(name, "Fuzz") {
			targets = append(targets, target{e.Package, name})
		}
	}
	return targets
}

var writing = regexp.MustCompile(`Failing input written to (\S+)`)

// written returns where go test put the input that made a target fail.
func written(out []byte) string {
	m := writing.FindSubmatch(out)
	if m == nil {
		return ""
	}
	return path.Clean(string(m[1]))
}
