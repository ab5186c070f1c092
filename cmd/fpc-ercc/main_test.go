// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/internal/program"
)

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		name, args string
		want       string
	}{
		{"unknown flag", "--nonsense", "nonsense"},
		{"an argument", "serve", `"serve"`},
		{"no such log level", "--log-level loud", "--log-level"},
		{"no such log format", "--log-format xml", "--log-format"},
		{"nowhere to connect", "", "CHAINCODE_SERVER_ADDRESS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			code := run(t.Context(), strings.Fields(test.args), func(string) string { return "" }, &stderr)
			said := stderr.String()
			if code != program.Usage || !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("got exit code %d and %q, want %d and one line with %q", code, said, program.Usage, test.want)
			}
		})
	}
}

func TestServesUntilToldToEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	env := map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "ercc:1"}
	var stderr strings.Builder
	if code := run(ctx, nil, func(name string) string { return env[name] }, &stderr); code != program.OK {
		t.Errorf("got exit code %d and %q, want %d", code, stderr.String(), program.OK)
	}
}
