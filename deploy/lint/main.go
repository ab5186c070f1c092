// SPDX-License-Identifier: Apache-2.0

// Command lint checks what stands in deploy: Dockerfiles by BuildKit's own checks,
// manifests by strict decoding into Kubernetes' types, and the peer's patch by
// applying it to a peer. It is a module of its own, so that the project's programs
// depend on none of that.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	checked, problems := lint(context.Background(), root)
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d files of %s have no fault\n", checked, root)
}

// lint checks all files of deploy and returns how many there are, and what is wrong.
func lint(ctx context.Context, root string) (checked int, problems []error) {
	for _, kind := range []struct {
		pattern string
		check   func(ctx context.Context, name string, raw []byte) []error
	}{
		{"*.Dockerfile", dockerfile}, {"k8s/*.patch.yaml", patch}, {"k8s/*.yaml", manifests},
	} {
		files, err := filepath.Glob(filepath.Join(root, kind.pattern))
		if err != nil || len(files) == 0 {
			return checked, append(problems, fmt.Errorf("%s: got %d files, %v; want some", kind.pattern, len(files), err))
		}
		for _, file := range files {
			if kind.pattern == "k8s/*.yaml" && filepath.Ext(file[:len(file)-len(".yaml")]) == ".patch" {
				continue
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				return checked, append(problems, err)
			}
			checked++
			problems = append(problems, kind.check(ctx, file, raw)...)
		}
	}
	return checked, problems
}
