// SPDX-License-Identifier: Apache-2.0

// Package imports holds the rules of who may import what, each with its reason,
// as tests. The rules keep trusted code small, pure and portable.
package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/privatechaincode/fpc"

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
	Standard   bool
}

// list runs go list on patterns relative to the module's root.
func list(t *testing.T, env []string, patterns ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports,Deps,Standard"}, patterns...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		t.Fatalf("go list %v: %v", patterns, err)
	}
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// rel is a package's path inside the module, or its whole path.
func rel(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// in tells whether path is one of the rooms or lies in one.
func in(path string, rooms ...string) bool {
	for _, room := range rooms {
		if path == room || strings.HasPrefix(path, room+"/") {
			return true
		}
	}
	return false
}

// TestRooms holds the arrows between the rooms: they run downward only.
func TestRooms(t *testing.T) {
	rules := []struct {
		room   string
		never  []string
		reason string
	}{
		{"keys", []string{"protocol", "fabric", "attest", "transport", "shim", "enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "builder", "cmd"}, "keys is the bottom"},
		{"protocol", []string{"transport", "shim", "enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "builder", "cmd"}, "participants meet in protocol, it knows none of them"},
		{"fabric", []string{"protocol", "attest", "transport", "shim", "enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "builder", "cmd"}, "Fabric's bytes and rules know nothing of FPC"},
		{"attest", []string{"transport", "shim", "enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "builder", "cmd"}, "verifying is pure"},
		{"transport", []string{"shim", "enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "builder", "cmd"}, "frames know no participant"},
		{"shim", []string{"enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "trace", "cmd"}, "a chaincode is written against the shim alone"},
		{"trace", []string{"enclave", "ledgerenclave", "stub", "ercc", "client", "devnet", "cmd"}, "the trace is told, it asks nobody"},
		{"client", []string{"ercc", "stub", "enclave", "ledgerenclave", "devnet", "cmd"}, "participants meet in protocol"},
		{"ercc", []string{"client", "stub", "enclave", "ledgerenclave", "devnet", "cmd"}, "participants meet in protocol"},
		{"stub", []string{"client", "ercc", "enclave", "ledgerenclave", "devnet", "cmd"}, "the stub reaches its enclave by frames only"},
		{"enclave", []string{"client", "ercc", "stub", "ledgerenclave", "devnet", "trace", "builder", "cmd", "internal/rpc"}, "trusted code links no gRPC and no host code"},
		{"internal/launched", []string{"shim", "enclave", "ledgerenclave", "stub", "ledgerhost", "ercc", "client", "devnet", "trace", "builder", "cmd", "internal/rpc"}, "both kinds of enclave begin by it, it knows neither"},
		{"ledgerenclave", []string{"shim", "enclave", "client", "ercc", "stub", "ledgerhost", "devnet", "trace", "builder", "cmd", "internal/rpc"}, "trusted code links no gRPC and no host code"},
		{"ledgerhost", []string{"client", "ercc", "enclave", "ledgerenclave", "devnet", "cmd"}, "the host reaches the ledger enclave by frames only"},
		{"devnet", []string{"client", "ercc", "stub", "enclave", "ledgerenclave", "cmd"}, "the embedded network is Fabric, not FPC"},
	}
	pkgs := list(t, nil, "./...")
	for _, p := range pkgs {
		path := rel(p.ImportPath)
		for _, rule := range rules {
			if !in(path, rule.room) || forTests(path) {
				continue
			}
			for _, imported := range p.Imports {
				if strings.HasPrefix(imported, module) && in(rel(imported), rule.never...) {
					t.Errorf("%s imports %s: %s", path, rel(imported), rule.reason)
				}
			}
		}
		for _, imported := range p.Imports {
			if imported == module+"/devnet" && !in(path, "cmd/fpc", "e2e", "devnet", "internal/deploy/embedded", "internal/bench") {
				t.Errorf("%s imports devnet: only cmd/fpc and what tests and measurements start networks with may", path)
			}
			if forTests(rel(imported)) && strings.HasPrefix(imported, module) && !forTests(path) && !in(path, "internal/bench", "e2e") {
				t.Errorf("%s imports %s, which is for tests and keeps no room's rule", path, rel(imported))
			}
		}
	}
}

// forTests tells packages that only tests import: fakes and networks to try a room
// with, which are of no room themselves.
func forTests(path string) bool {
	return strings.HasSuffix(path, "test") && path != "attest" || in(path, "fpctest")
}

// pure are the packages that must run anywhere: in an enclave, in a browser.
var pure = []string{"./fabric/...", "./keys/...", "./protocol/...", "./attest", "./attest/sim", "./transport/session", "./client/trust", "./internal/registration"}

// TestPurePackages keeps clock, disk, network and goroutines out of pure code.
func TestPurePackages(t *testing.T) {
	direct := map[string]string{
		"net": "pure code opens no connection", "os": "pure code reads no file and no environment",
		"log": "pure code returns errors, its caller logs", "log/slog": "pure code returns errors, its caller logs",
	}
	linked := map[string]string{
		"net/http": "an enclave must not link a web server", "log": "an enclave must not link a logger", "os/exec": "an enclave must not start programs",
	}
	for _, p := range list(t, nil, pure...) {
		path := rel(p.ImportPath)
		for _, imported := range p.Imports {
			if reason, bad := direct[imported]; bad {
				t.Errorf("%s imports %s: %s", path, imported, reason)
			}
		}
		for _, dep := range p.Deps {
			if reason, bad := linked[dep]; bad {
				t.Errorf("%s links %s: %s", path, dep, reason)
			}
			first, _, _ := strings.Cut(dep, "/")
			thirdParty := strings.Contains(first, ".") && !strings.HasPrefix(dep, module)
			if thirdParty && !in(dep, "google.golang.org/protobuf", "github.com/tink-crypto/tink-go/v2") {
				t.Errorf("%s links %s: pure code links the standard library, protobuf and AES-SIV only", path, dep)
			}
		}
		checkPureSource(t, p)
	}
}

// TestPurePackagesBuildForWebAssembly: the client's checks run in a browser and
// in other runtimes too.
func TestPurePackagesBuildForWebAssembly(t *testing.T) {
	for _, goos := range []string{"js", "wasip1"} {
		cmd := exec.Command("go", append([]string{"build"}, pure...)...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=wasm", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go build for %s: %v\n%s", goos, err, out)
		}
	}
}
