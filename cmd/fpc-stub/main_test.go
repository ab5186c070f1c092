// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/internal/program"
)

// What is wrong with a command line or an environment is said in one line, which
// says what to do.
func TestUsage(t *testing.T) {
	folder := t.TempDir()
	noProgram := filepath.Join(folder, "text")
	if err := os.WriteFile(noProgram, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	service := map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "a:1"}
	for _, test := range []struct {
		name string
		args string
		env  map[string]string
		code int
		want string
	}{
		{"nothing", "", nil, program.Usage, "--chaincode"},
		{"unknown flag", "--nonsense", nil, program.Usage, "nonsense"},
		{"an argument", "--chaincode a b", nil, program.Usage, `"b"`},
		{"no state folder", "--chaincode a --enclave x --msp-id O", nil, program.Usage, "--state"},
		{"no organisation", "--chaincode a --enclave x --state s", nil, program.Usage, "--msp-id"},
		{"no such log level", "--chaincode a --log-level loud", service, program.Usage, "--log-level"},
		{"no such log format", "--chaincode a --log-format xml", service, program.Usage, "--log-format"},
		{"no such operations address", "--chaincode a --operations nowhere:x", service, program.Error, "--operations"},
		{"nowhere to connect", "--chaincode a", nil, program.Usage, "CHAINCODE_SERVER_ADDRESS"},
		{"no chaincode id", "--chaincode a", map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0"}, program.Usage, "CHAINCODE_ID"},
		{"no such enclave", "--chaincode a --enclave " + filepath.Join(folder, "none") + " --state " + folder + " --msp-id O", service, program.Error, "no such file"},
		{"enclave is no program", "--chaincode a --enclave " + noProgram + " --state " + folder + " --msp-id O", service, program.Error, "enclave"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			code := run(t.Context(), strings.Fields(test.args), func(name string) string { return test.env[name] }, &stderr)
			said := stderr.String()
			if code != test.code || !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("got exit code %d and %q, want %d and one line with %q", code, said, test.code, test.want)
			}
		})
	}
}

func TestServesUntilToldToEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	env := map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "a:1", "FPC_CHAINCODE": "a"}
	var stderr strings.Builder
	if code := run(ctx, nil, func(name string) string { return env[name] }, &stderr); code != program.OK {
		t.Errorf("got exit code %d and %q, want %d", code, stderr.String(), program.OK)
	}
}
