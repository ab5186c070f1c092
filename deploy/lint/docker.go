// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// dockerfile runs the checks that `docker build --check` runs. Base images are not
// looked up: they count as empty.
func dockerfile(ctx context.Context, name string, raw []byte) []error {
	results, err := dockerfile2llb.DockerfileLint(ctx, raw, dockerfile2llb.ConvertOpt{
		MetaResolver: noImages{},
		SourceMap:    &llb.SourceMap{Definition: new(llb.Definition), Filename: name, Language: "Dockerfile", Data: raw},
	})
	if err != nil {
		return []error{fmt.Errorf("%s: %w", name, err)}
	}
	var problems []error
	for _, w := range results.Warnings {
		line := int32(0)
		if ranges := w.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].GetStart().GetLine()
		}
		problems = append(problems, fmt.Errorf("%s:%d: %s: %s", name, line, w.RuleName, w.Detail))
	}
	if results.Error != nil {
		problems = append(problems, fmt.Errorf("%s: %s", name, results.Error.Message))
	}
	return problems
}

// noImages knows no image: each has an empty configuration.
type noImages struct{}

func (noImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, "", []byte(`{}`), nil
}
