// SPDX-License-Identifier: Apache-2.0

package builder_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/builder/buildertest"
	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/protocol"
)

func TestChaincodeName(t *testing.T) {
	for _, test := range []struct {
		label, overrides string
		want             string // empty: refused
	}{
		{"auction", "", "auction"},
		{"auction_1", "", "auction"},
		{"auction_1.0", "", "auction"},
		{"auction_v2", "", "auction"},
		{"auction_2.0-rc1+b", "", "auction"},
		{"sealed_bid", "", "sealed_bid"},
		{"sealed_bid_1.0", "", "sealed_bid"},
		{"sealed-bid_v10", "", "sealed-bid"},
		{"auction_version2", "", "auction_version2"},
		{"auction_", "", ""},
		{"auction.eu", "", ""},
		{"auction_1.0_rc1", "", ""},
		{"auction+1", "", ""},
		{"1", "", "1"},
		{"_lifecycle", "", ""},
		{"qscc_1.0", "", ""},
		{"auction.eu", "auction.eu=auction", "auction"},
		{"auction_2", "other=x, auction_2=auction_2", "auction_2"},
		{"auction_2", "auction=other", "auction"},
		{"auction", "auction=not.a.name", ""},
		{"auction", "auction=", ""},
		{"auction", "auction", ""},
		{"auction", "auction=a,auction=b", ""},
		{"auction", "a=b,,c=d", ""},
	} {
		got, err := builder.ChaincodeName(test.label, test.overrides)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("label %q, %s=%q: got %q, error %v, want %q", test.label, builder.EnvNames, test.overrides, got, err, test.want)
		}
		if err != nil && protocol.CodeOf(err) != "no_chaincode_name" {
			t.Errorf("label %q: error %v has code %q, want no_chaincode_name", test.label, err, protocol.CodeOf(err))
		}
	}
}

// lay unpacks a package as a peer does before it calls detect.
func lay(t *testing.T, raw []byte) (source, metadata string) {
	t.Helper()
	outer := buildertest.Unpack(t, raw)
	source, metadata = t.TempDir(), t.TempDir()
	write(t, filepath.Join(metadata, pkg.MetadataFile), outer[pkg.MetadataFile])
	for name, content := range buildertest.Unpack(t, outer[pkg.CodeFile]) {
		write(t, filepath.Join(source, name), content)
	}
	return source, metadata
}

func write(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// files are a folder's files with their modes.
func files(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		name, _ := filepath.Rel(dir, path)
		found[name] = info.Mode().Perm() & 0o100
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var enclave = []byte("#!/bin/false\n")

func good(t *testing.T, label string, connection *pkg.Connection) []byte {
	t.Helper()
	manifest, err := pkg.SimManifest(enclave)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pkg.BuildFPC(label, pkg.Code{Enclave: enclave, Manifest: manifest, Connection: connection})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// prepare runs a program as a peer does, and returns its exit code and what it said.
func prepare(program string, args ...string) (int, string) {
	var stderr strings.Builder
	code := builder.Prepare(program, args, environment(nil), &stderr)
	return code, stderr.String()
}

func TestPackageForThePeerToLaunch(t *testing.T) {
	source, metadata := lay(t, good(t, "auction_1.0", nil))
	output, release := t.TempDir(), t.TempDir()
	for _, call := range [][]string{{"detect", source, metadata}, {"build", source, metadata, output}, {"release", output, release}} {
		if code, said := prepare(call[0], call[1:]...); code != 0 || said != "" {
			t.Fatalf("%s: got exit code %d and %q, want 0 and nothing", call[0], code, said)
		}
	}
	want := map[string]fs.FileMode{"bin/enclave": 0o100, "code-manifest": 0}
	if got := files(t, output); !maps.Equal(got, want) {
		t.Errorf("output: got %v, want %v", got, want)
	}
	if got, _ := os.ReadFile(filepath.Join(output, "bin", "enclave")); !bytes.Equal(got, enclave) {
		t.Errorf("enclave's program: got %q, want %q", got, enclave)
	}
	if got := files(t, release); len(got) != 0 {
		t.Errorf("release: got %v, want nothing: a peer would not call run", got)
	}
}

func TestPackageOfAService(t *testing.T) {
	source, metadata := lay(t, good(t, "not.a.name", &pkg.Connection{Address: "stub.example.com:9999", DialTimeout: "10s"}))
	output, release := t.TempDir(), t.TempDir()
	for _, call := range [][]string{{"detect", source, metadata}, {"build", source, metadata, output}, {"release", output, release}} {
		if code, said := prepare(call[0], call[1:]...); code != 0 || said != "" {
			t.Fatalf("%s: got exit code %d and %q, want 0 and nothing", call[0], code, said)
		}
	}
	if got := slices.Collect(maps.Keys(files(t, release))); !slices.Equal(got, []string{"chaincode/server/connection.json"}) {
		t.Fatalf("release: got %q, want chaincode/server/connection.json", got)
	}
	raw, err := os.ReadFile(filepath.Join(release, "chaincode", "server", "connection.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got pkg.Connection
	if err := json.Unmarshal(raw, &got); err != nil || got.Address != "stub.example.com:9999" || got.TLSRequired || got.DialTimeout != "10s" {
		t.Errorf("connection.json: got %s, error %v", raw, err)
	}
}

func TestMalformedPackagesAreRefused(t *testing.T) {
	malformed, err := buildertest.Packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range malformed {
		t.Run(test.Name, func(t *testing.T) {
			source, metadata := lay(t, test.Raw)
			if code, said := prepare("detect", source, metadata); code != 0 {
				t.Errorf("detect: got exit code %d and %q, want 0: build says what is wrong", code, said)
			}
			output := t.TempDir()
			code, said := prepare("build", source, metadata, output)
			if code != 1 || strings.Count(said, test.Says) != 1 || strings.Count(said, "\n") != 1 {
				t.Errorf("build: got exit code %d and %q, want 1 and one line that says once %q", code, said, test.Says)
			}
			if got := files(t, output); len(got) != 0 {
				t.Errorf("output of a refused package: got %v, want nothing", got)
			}
		})
	}
}

func TestForeignPackagesAreNotDetected(t *testing.T) {
	for name, metadata := range map[string]string{
		"another type": `{"path":"x","type":"golang","label":"a"}`,
		"a service":    `{"path":"","type":"ccaas","label":"a"}`,
		"no type":      `{"label":"a"}`,
		"other case":   `{"type":"FPC","label":"a"}`,
		"no JSON":      `fpc`,
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, pkg.MetadataFile), []byte(metadata))
		if code, said := prepare("detect", t.TempDir(), dir); code != 1 || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: got exit code %d and %q, want 1 and one line", name, code, said)
		}
	}
}

func TestProgramsWithoutWhatTheyNeed(t *testing.T) {
	empty, none := t.TempDir(), filepath.Join(t.TempDir(), "none")
	for _, call := range [][]string{
		{"detect"},
		{"detect", empty},
		{"detect", empty, empty},
		{"build", empty, empty},
		{"build", empty, empty, empty, empty},
		{"build", none, empty, empty},
		{"release", empty},
	} {
		if code, said := prepare(call[0], call[1:]...); code != 1 || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "fpc "+call[0]+": ") {
			t.Errorf("%q: got exit code %d and %q, want 1 and one line", call, code, said)
		}
	}
}

func TestProgram(t *testing.T) {
	for argv0, want := range map[string]string{
		"/opt/fpc/bin/run": "run", "detect": "detect", "./build": "build", "/x/release": "release",
		"/opt/fpc/bin/fpc-stub": "", "/run/fpc-stub": "", "": "",
	} {
		if got := builder.Program(argv0); got != want {
			t.Errorf("%q: got program %q, want %q", argv0, got, want)
		}
	}
}
