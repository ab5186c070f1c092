// SPDX-License-Identifier: Apache-2.0

//go:build unix

package external_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
)

// shell are builders whose programs are shell scripts: each notes that it was
// called, with its arguments and its environment.
type shell struct {
	t     *testing.T
	notes string
	cfg   external.Config
}

func newShell(t *testing.T) *shell {
	t.Helper()
	dir := t.TempDir()
	s := &shell{t: t, notes: filepath.Join(dir, "notes")}
	s.cfg = external.Config{
		Dir: filepath.Join(dir, "builds"), MSPID: "Org1MSP", PeerAddress: "127.0.0.1:7051", Grace: time.Minute,
		Environment: s.lookup, Log: slog.New(slog.DiscardHandler),
	}
	return s
}

func (s *shell) lookup(name string) (string, bool) {
	switch name {
	case "PATH":
		return os.Getenv("PATH"), true
	case "GIVEN":
		return "given", true
	case "SECRET":
		return "secret", true
	}
	return "", false
}

// add makes a builder of shell scripts, by program.
func (s *shell) add(name string, scripts map[string]string) {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), name)
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	for program, script := range scripts {
		text := "#!/bin/sh\necho " + name + " " + program + " >> '" + s.notes + "'\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(dir, "bin", program), []byte(text), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	s.cfg.Builders = append(s.cfg.Builders, external.Builder{Name: name, Path: dir, PropagateEnvironment: []string{"GIVEN"}})
}

func (s *shell) builders() *external.Builders {
	s.t.Helper()
	b, err := external.New(s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// called are the programs that were called, and forgets them.
func (s *shell) called() []string {
	s.t.Helper()
	raw, err := os.ReadFile(s.notes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.notes)
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
}

func pkg(t *testing.T, files map[string]string) *lifecycle.Package {
	t.Helper()
	var items []tar.Header
	for name := range files {
		items = append(items, tar.Header{Name: name, Mode: 0o755})
	}
	return tarred(t, files, items...)
}

func tarred(t *testing.T, files map[string]string, items ...tar.Header) *lifecycle.Package {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, h := range items {
		h.Size = int64(len(files[h.Name]))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[h.Name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return &lifecycle.Package{Type: "t", Label: "l", Code: out.Bytes(), Metadata: []byte(`{"type":"t","label":"l"}`)}
}

const id = "l:0123"

// The first builder that takes a package builds it, once: what it made is found
// again, also after a restart.
func TestBuildIsKept(t *testing.T) {
	s := newShell(t)
	s.add("first", map[string]string{"detect": "exit 1"})
	s.add("second", map[string]string{
		"detect": `grep -q '"type":"t"' "$2/metadata.json"`,
		"build":  `cp "$1/code/main" "$3/made" && test -x "$3/made"`,
	})
	s.add("third", map[string]string{"detect": "exit 0"})
	b := s.builders()
	p := pkg(t, map[string]string{"code/main": "x"})
	built, err := b.Build(t.Context(), id, p)
	if err != nil || built == nil {
		t.Fatalf("got %v, error %v, want a build", built, err)
	}
	if got, want := s.called(), []string{"first detect", "second detect", "second build"}; !slices.Equal(got, want) {
		t.Errorf("called: got %q, want %q", got, want)
	}
	if made, err := os.ReadFile(filepath.Join(s.cfg.Dir, "l-0123", "bld", "made")); err != nil || string(made) != "x" {
		t.Errorf("output: got %q, error %v, want x", made, err)
	}
	if c, err := built.Connection(); c != nil || err != nil {
		t.Errorf("connection: got %q, error %v, want none", c, err)
	}
	for _, again := range []*external.Builders{b, s.builders()} {
		if built, err := again.Build(t.Context(), id, p); err != nil || built == nil {
			t.Errorf("again: got %v, error %v, want the build", built, err)
		}
	}
	if got := s.called(); !slices.Equal(got, []string{""}) {
		t.Errorf("called for what was built: got %q, want nothing", got)
	}
	s.cfg.Builders = s.cfg.Builders[:1]
	if _, err := s.builders().Build(t.Context(), id, p); err == nil || !strings.Contains(err.Error(), "'second'") {
		t.Errorf("without its builder: got error %v, want one that names it", err)
	}
}

func TestServiceIsReleased(t *testing.T) {
	s := newShell(t)
	s.add("b", map[string]string{
		"detect":  "exit 0",
		"build":   "exit 0",
		"release": `mkdir -p "$2/chaincode/server" && echo there > "$2/chaincode/server/connection.json"`,
	})
	built, err := s.builders().Build(t.Context(), id, pkg(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := built.Connection(); string(got) != "there\n" || err != nil {
		t.Errorf("connection: got %q, error %v, want what was released", got, err)
	}
}

func TestNobodyTakesThePackage(t *testing.T) {
	s := newShell(t)
	s.add("b", map[string]string{"detect": "exit 1"})
	for name, b := range map[string]*external.Builders{"refused by all": s.builders(), "no builders": nil} {
		if built, err := b.Build(t.Context(), id, pkg(t, nil)); built != nil || err != nil {
			t.Errorf("%s: got %v, error %v, want neither", name, built, err)
		}
	}
}

// What fails says why, in the program's own last words, and leaves nothing behind.
func TestFailedBuild(t *testing.T) {
	gzipped := pkg(t, nil)
	for _, test := range []struct {
		name    string
		scripts map[string]string
		pkg     *lifecycle.Package
		says    []string
	}{
		{"build", map[string]string{"build": "echo first >&2; echo why it failed >&2; exit 3"}, gzipped, []string{"'b' failed to build", "exit status 3: why it failed"}},
		{"release", map[string]string{"build": "exit 0", "release": "exit 4"}, gzipped, []string{"'b' failed to release", "exit status 4"}},
		{"no build", nil, gzipped, []string{"'b' failed to build", "no such file"}},
		{"killed", map[string]string{"build": "kill -9 $$"}, gzipped, []string{"signal: killed"}},
		{"no archive", nil, &lifecycle.Package{Code: []byte("x")}, []string{"untar", "EOF"}},
		{"path that climbs", nil, tarred(t, nil, tar.Header{Name: "../x"}), []string{"escaping path '../x'"}},
		{"absolute path", nil, tarred(t, nil, tar.Header{Name: "/x"}), []string{"escaping path '/x'"}},
		{"link", nil, tarred(t, nil, tar.Header{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/"}), []string{"invalid file type"}},
		{"file in a file", nil, tarred(t, nil, tar.Header{Name: "x"}, tar.Header{Name: "x/y"}), []string{"untar"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newShell(t)
			scripts := map[string]string{"detect": "exit 0"}
			for program, script := range test.scripts {
				scripts[program] = script
			}
			s.add("b", scripts)
			built, err := s.builders().Build(t.Context(), id, test.pkg)
			if built != nil || err == nil {
				t.Fatalf("got %v, error %v, want an error", built, err)
			}
			for _, says := range test.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("got error %q, want one that says %q", err, says)
				}
			}
			if left, err := os.ReadDir(s.cfg.Dir); err != nil || len(left) != 0 {
				t.Errorf("left behind: got %v, error %v, want nothing", left, err)
			}
		})
	}
}

// A builder that does not come to its end is ended with the context.
func TestBuildIsBounded(t *testing.T) {
	s := newShell(t)
	pipe := fifo(t)
	s.add("b", map[string]string{"detect": "exit 0", "build": "echo up > '" + pipe + "'; exec cat '" + pipe + "'"})
	late := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		defer cancel(late)
		_, _ = os.ReadFile(pipe)
	}()
	if _, err := s.builders().Build(ctx, id, pkg(t, nil)); !errors.Is(err, late) {
		t.Errorf("got error %v, want %v", err, late)
	}
}

// fifo makes a named pipe, on which scripts tell that they are up.
func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// run builds with a run script and starts it.
func (s *shell) run(script string) (*external.Builders, *external.Process) {
	s.t.Helper()
	s.add("b", map[string]string{"detect": "exit 0", "build": "exit 0", "run": script})
	b := s.builders()
	built, err := b.Build(s.t.Context(), id, pkg(s.t, nil))
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := b.Run(built)
	if err != nil {
		s.t.Fatal(err)
	}
	return b, p
}

func await(t *testing.T, p *external.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("the program did not end in a minute")
	}
}

func TestRunGetsWhatItShall(t *testing.T) {
	for name, root := range map[string][]byte{"with TLS": []byte("root"), "without TLS": nil} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.cfg.RootCert = root
			got := t.TempDir()
			_, p := s.run("env > '" + got + "/env'; ls -d \"$1\" > '" + got + "/dir'; cp \"$2/chaincode.json\" '" + got + "'; echo \"$2\" > '" + got + "/run'")
			await(t, p)
			if err := p.Err(); err != nil {
				t.Fatal(err)
			}
			read := func(name string) string {
				raw, err := os.ReadFile(filepath.Join(got, name))
				if err != nil {
					t.Fatal(err)
				}
				return strings.TrimSpace(string(raw))
			}
			if env := read("env"); !strings.Contains(env, "GIVEN=given") || !strings.Contains(env, "PATH=") || strings.Contains(env, "secret") || strings.Contains(env, "HOME=") {
				t.Errorf("environment: got %q, want PATH and GIVEN, and no other of the peer's", env)
			}
			if got, want := read("dir"), filepath.Join(s.cfg.Dir, "l-0123", "bld"); got != want {
				t.Errorf("output: got %q, want %q", got, want)
			}
			var c map[string]string
			if err := json.Unmarshal([]byte(read("chaincode.json")), &c); err != nil {
				t.Fatal(err)
			}
			if c["chaincode_id"] != id || c["peer_address"] != "127.0.0.1:7051" || c["mspid"] != "Org1MSP" || c["root_cert"] != string(root) ||
				strings.Contains(c["client_cert"], "BEGIN CERTIFICATE") != (root != nil) || strings.Contains(c["client_key"], "PRIVATE KEY") != (root != nil) {
				t.Errorf("chaincode.json: got %v", c)
			}
		})
	}
}

func TestStop(t *testing.T) {
	s := newShell(t)
	pipe, never := fifo(t), fifo(t)
	_, p := s.run("trap 'echo told >> \"" + s.notes + "\"; exit 0' TERM; exec 3<>'" + never + "'; echo up > '" + pipe + "'; while :; do read x <&3; done")
	awaitUp(t, pipe)
	p.Stop()
	if err := p.Err(); err != nil {
		t.Errorf("a program that ends when told: got error %v, want none", err)
	}
	if got := s.called(); !slices.Contains(got, "told") {
		t.Errorf("got %q, want the program to be told", got)
	}
}

func TestStopOfADeafProgram(t *testing.T) {
	s := newShell(t)
	s.cfg.Grace = time.Millisecond
	pipe := fifo(t)
	_, p := s.run("trap '' TERM; echo up > '" + pipe + "'; exec cat '" + pipe + "'")
	awaitUp(t, pipe)
	p.Stop()
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("got error %v, want that it was killed", err)
	}
}

// awaitUp waits until a script says that it is up.
func awaitUp(t *testing.T, fifo string) {
	t.Helper()
	if raw, err := os.ReadFile(fifo); err != nil || string(raw) != "up\n" {
		t.Fatalf("got %q, error %v, want up", raw, err)
	}
}

// Only the process that was launched last may register.
func TestAdmit(t *testing.T) {
	s := newShell(t)
	s.cfg.RootCert = []byte("root")
	b, p := s.run("exit 0")
	await(t, p)
	for name, certificate := range map[string][]byte{"no certificate": nil, "another's": []byte("x")} {
		if err := b.Admit(id, certificate); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := b.Admit("other:1", nil); err != nil {
		t.Errorf("a package that was never launched: got error %v, want none", err)
	}
	if err := (*external.Builders)(nil).Admit(id, nil); err != nil {
		t.Errorf("without builders: got error %v, want none", err)
	}
}

func TestBuildersThatAreNone(t *testing.T) {
	s := newShell(t)
	s.add("b", map[string]string{"detect": ""})
	good := s.cfg.Builders[0]
	for name, builders := range map[string][]external.Builder{
		"no name":       {{Path: good.Path}},
		"twice":         {good, good},
		"relative path": {{Name: "b", Path: "builder"}},
		"no programs":   {{Name: "b", Path: t.TempDir()}},
	} {
		s.cfg.Builders = builders
		if _, err := external.New(s.cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
