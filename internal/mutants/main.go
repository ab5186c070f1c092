// SPDX-License-Identifier: Apache-2.0

// Command mutants shows that the attack tests hold: it takes one check at a time
// out of the code, and the test of its attack row or step must turn red. The
// table says which: table_*.go. Nothing in the work tree is touched; the changed
// file reaches the compiler by -overlay.
//
// It exits 1 if a mutant is alive, does not compile, or no longer fits the code.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

func main() {
	only := flag.String("only", "", "take only mutants of this attack `row`, step, package or file")
	parallel := flag.Int("j", 2, "mutants at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *parallel); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, parallel int) error {
	var chosen []mutant
	for _, m := range table() {
		if m.is(only) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no mutant of %q", only)
	}
	if err := baseline(ctx, chosen, parallel); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var mu sync.Mutex
	killed, alive, broken := 0, 0, 0
	each(parallel, len(chosen), func(i int) {
		m := chosen[i]
		by, err := kill(ctx, filepath.Join(dir, fmt.Sprint(i)), m)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case ctx.Err() != nil:
		case err != nil:
			broken++
			fmt.Printf("ERROR   %s\n        %v\n", m, err)
		case by == "":
			alive++
			fmt.Printf("ALIVE   %s (%s)\n        %s %s is green without it\n", m, m.file, m.pkg, m.test)
		default:
			killed++
			fmt.Printf("killed  %s: %s %s\n", m, m.pkg, by)
		}
	})
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	fmt.Printf("\n%d mutants, %d killed, %d alive", len(chosen), killed, alive)
	if broken > 0 {
		fmt.Printf(", %d in error", broken)
	}
	fmt.Println()
	if killed != len(chosen) {
		return errors.New("not every check is guarded by its test")
	}
	return nil
}

// baseline demands that every test of these mutants is there and green.
func baseline(ctx context.Context, mutants []mutant, parallel int) error {
	tests := make(map[string][]string)
	for _, m := range mutants {
		top, _, _ := strings.Cut(m.test, "/")
		tests[m.pkg] = append(tests[m.pkg], top)
	}
	var packages []string
	for pkg := range tests {
		packages = append(packages, pkg)
	}
	slices.Sort(packages)
	errs := make([]error, len(packages))
	each(parallel, len(packages), func(i int) {
		pkg := packages[i]
		o, err := goTest(ctx, pkg, "^("+strings.Join(tests[pkg], "|")+")$", "")
		if err == nil && len(o.failed) > 0 {
			err = fmt.Errorf("%s is red before anything was taken out: %v\n%s", pkg, o.failed, o.output)
		}
		errs[i] = cmp.Or(err, missing(mutants, pkg, o.passed))
	})
	return errors.Join(errs...)
}

func missing(mutants []mutant, pkg string, passed []string) error {
	for _, m := range mutants {
		if m.pkg == pkg && !slices.Contains(passed, m.test) {
			return fmt.Errorf("%s has no test %s that passes", pkg, m.test)
		}
	}
	return nil
}

// kill runs the mutant's test without the check, and returns the tests that
// turned red; empty if none did.
func kill(ctx context.Context, dir string, m mutant) (string, error) {
	flags, err := overlay(dir, m)
	if err != nil {
		return "", err
	}
	o, err := goTest(ctx, m.pkg, anchored(m.test), flags)
	if err != nil || len(o.failed) == 0 {
		return "", err
	}
	// go test names a test after its subtests.
	by := o.failed[0]
	if n := slices.IndexFunc(o.failed, func(t string) bool { return !strings.Contains(t, "/") }); n > 1 {
		by += fmt.Sprintf(" and %d more", n-1)
	}
	return by, nil
}

// overlay writes the changed file and returns the flag that makes go commands
// see it (go help build, -overlay).
func overlay(dir string, m mutant) (string, error) {
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	changed, err := m.apply(string(text))
	if err != nil {
		return "", err
	}
	replacement, description := filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: replacement}})
	if err != nil {
		return "", err
	}
	return "-overlay=" + description, errors.Join(
		os.MkdirAll(dir, 0o700),
		os.WriteFile(replacement, []byte(changed), 0o600),
		os.WriteFile(description, list, 0o600),
	)
}

// each runs f for 0 to n-1, so many at a time.
func each(parallel, n int, f func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(parallel, 1) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
