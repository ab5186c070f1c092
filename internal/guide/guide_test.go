// SPDX-License-Identifier: Apache-2.0

//go:build unix

package guide

import (
	"slices"
	"testing"
)

func TestBlocks(t *testing.T) {
	const text = "a\n```sh\none\n```\n```go\nno\n```\n```sh here\ntwo\n```\n```sh there\nthree\n```\n```sh\nfour\n```\n"
	for _, test := range []struct {
		marks, want []string
	}{
		{nil, []string{"one\n", "four\n"}},
		{[]string{"here"}, []string{"one\n", "two\n", "four\n"}},
		{[]string{"here", "there"}, []string{"one\n", "two\n", "three\n", "four\n"}},
	} {
		if got := Blocks(text, test.marks...); !slices.Equal(got, test.want) {
			t.Errorf("blocks marked %q: got %q, want %q", test.marks, got, test.want)
		}
	}
}
