// SPDX-License-Identifier: Apache-2.0

// Package e2e holds what is shown with all parts together: on the embedded
// network, as processes, as a person types it. Its tests run the programs that
// `make build` puts into bin/.
package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

// timeout bounds one test's calls to the network.
const timeout = 5 * time.Minute

// programs are what the tests need in bin/.
var programs = []string{"fpc", "fpc-stub", "fpc-ercc", "fpc-ledger", "fpc-ledger-host", "samples/auction", "samples/auction-plain", "samples/asset", "samples/asset-plain"}

// bin is where `make build` puts the programs; a test without them fails.
func bin(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			t.Fatalf("%s is not built: run make build, or make test, which builds first", filepath.Join(dir, program))
		}
	}
	return dir
}

// decode and encode may be called by hosts that lie, on goroutines of their own.
func decode(t testing.TB, raw []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Error(err)
	}
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Error(err)
	}
	return raw
}
