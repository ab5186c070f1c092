// SPDX-License-Identifier: Apache-2.0

package pkg_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/protocol"
)

var enclave = []byte("\x7fELF and so on")

// code is the code of a sound package.
func code(t testing.TB, others ...string) pkg.Code {
	t.Helper()
	manifest, err := pkg.SimManifest(enclave, others...)
	if err != nil {
		t.Fatal(err)
	}
	return pkg.Code{Enclave: enclave, Manifest: manifest}
}

func build(t testing.TB, c pkg.Code) []byte {
	t.Helper()
	raw, err := pkg.BuildFPC("auction_1.0", c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestFPCPackage(t *testing.T) {
	connection := &pkg.Connection{Address: "stub:9999", DialTimeout: "10s", TLSRequired: true, RootCert: "PEM"}
	for name, c := range map[string]*pkg.Connection{"launched": nil, "as a service": connection} {
		t.Run(name, func(t *testing.T) {
			want := code(t, "tdx:"+strings.Repeat("ab", 48))
			want.Connection = c
			raw := build(t, want)
			p, err := pkg.Read(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Code()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Enclave, enclave) || got.Manifest.Version() != want.Manifest.Version() {
				t.Errorf("enclave %q, version %s, want %q, %s", got.Enclave, got.Manifest.Version(), enclave, want.Manifest.Version())
			}
			if (got.Connection == nil) != (c == nil) || c != nil && *got.Connection != *c {
				t.Errorf("connection %+v, want %+v", got.Connection, c)
			}
			sum := sha256.Sum256(raw)
			if id := "auction_1.0:" + hex.EncodeToString(sum[:]); p.ID != id || p.Metadata.Type != pkg.TypeFPC {
				t.Errorf("package id %s of type %s, want %s of type fpc", p.ID, p.Metadata.Type, id)
			}
		})
	}
}

// TestReproducible pins the bytes: a change of these sums changes the package
// id of every package that anybody builds anew.
func TestReproducible(t *testing.T) {
	ccaas, err := pkg.BuildCCAAS("asset_1", pkg.Connection{Address: "asset:9999", DialTimeout: "10s"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, got, want string
	}{
		{"fpc", pkg.ID("", build(t, code(t))), ":e7ac5bc664af62cb976151b79865710dc90165078d834bacf41f4d9b505fb227"},
		{"ccaas", pkg.ID("", ccaas), ":e9dd71212423a1feb8fa0d9e37b69e9876301f561288dea74e71ab5bcd20f0ea"},
	} {
		if test.got != test.want {
			t.Errorf("%s: SHA-256 %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestCodeID(t *testing.T) {
	sum := sha256.Sum256(enclave)
	want := hex.EncodeToString(sum[:])
	if got := pkg.SimCodeID(enclave); got != want {
		t.Errorf("code id %s, want %s", got, want)
	}
	if got := string(code(t).Manifest.Bytes()); got != "sim:"+want+"\n" {
		t.Errorf("manifest %q, want the one line of sim", got)
	}
}

func TestBuildRefuses(t *testing.T) {
	other, err := pkg.SimManifest([]byte("another binary"))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*pkg.Code)) pkg.Code {
		c := code(t)
		change(&c)
		return c
	}
	for _, test := range []struct {
		name  string
		label string
		code  pkg.Code
		says  string
	}{
		{"no label", "", code(t), "label"},
		{"bad label", "-x", code(t), "label"},
		{"label with a slash", "a/b", code(t), "label"},
		{"no enclave", "ok", with(func(c *pkg.Code) { c.Enclave = nil }), "no enclave binary"},
		{"no manifest", "ok", with(func(c *pkg.Code) { c.Manifest = protocol.CodeManifest{} }), "code-manifest"},
		{"manifest of another binary", "ok", with(func(c *pkg.Code) { c.Manifest = other }), "other binaries"},
		{"no address", "ok", with(func(c *pkg.Code) { c.Connection = &pkg.Connection{} }), "address"},
		{"bad timeout", "ok", with(func(c *pkg.Code) { c.Connection = &pkg.Connection{Address: "a:1", DialTimeout: "soon"} }), "dial_timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := pkg.BuildFPC(test.label, test.code)
			wantStep(t, err, protocol.CodeMalformed, test.says)
		})
	}
	if _, err := pkg.BuildCCAAS("ok", pkg.Connection{}); err == nil {
		t.Error("ccaas package without address: no error")
	}
}

// A hardware-only manifest says nothing of the binary's hash.
func TestManifestWithoutSim(t *testing.T) {
	manifest, err := protocol.NewCodeManifest("tdx:" + strings.Repeat("ab", 48))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pkg.Read(build(t, pkg.Code{Enclave: enclave, Manifest: manifest})); err != nil {
		t.Error(err)
	}
}

// item is one entry of an archive under test.
type item struct {
	header  tar.Header
	content string
}

func file(name, content string) item { return item{tar.Header{Name: name, Mode: 0o644}, content} }

func pack(t testing.TB, items ...item) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, i := range items {
		i.header.Size = int64(len(i.content))
		if err := w.WriteHeader(&i.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(i.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const fpcMetadata = `{"path":"","type":"fpc","label":"a"}`

// outer wraps code into a package.
func outer(t testing.TB, metadata string, code []byte) []byte {
	return pack(t, file("metadata.json", metadata), file("code.tar.gz", string(code)))
}

func TestReadRefuses(t *testing.T) {
	sound := build(t, code(t))
	manifest := string(code(t).Manifest.Bytes())
	good := pack(t, file("bin/enclave", string(enclave)), file("code-manifest", manifest))
	inner := func(items ...item) []byte {
		return outer(t, fpcMetadata, pack(t, append([]item{file("bin/enclave", string(enclave)), file("code-manifest", manifest)}, items...)...))
	}
	link := item{header: tar.Header{Name: "connection.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}}
	folder := item{header: tar.Header{Name: "bin/", Typeflag: tar.TypeDir}}
	for _, test := range []struct {
		name string
		raw  []byte
		code protocol.Code
		says string
	}{
		{"empty", nil, protocol.CodeMalformed, "gzip"},
		{"not gzip", []byte("PK"), protocol.CodeMalformed, "gzip"},
		{"truncated", sound[:len(sound)-30], protocol.CodeMalformed, ""},
		{"data behind", append(bytes.Clone(sound), 'x'), protocol.CodeMalformed, "behind the end of the gzip"},
		{"second gzip member", append(bytes.Clone(sound), sound...), protocol.CodeMalformed, "behind the end of the gzip"},
		{"flipped sum", flip(sound, len(sound)-8), protocol.CodeMalformed, "gzip"},
		{"no code", pack(t, file("metadata.json", fpcMetadata)), protocol.CodeMalformed, "code.tar.gz"},
		{"no metadata", pack(t, file("code.tar.gz", string(good))), protocol.CodeMalformed, "metadata.json"},
		{"third file", pack(t, file("metadata.json", fpcMetadata), file("code.tar.gz", string(good)), file("x", "")), protocol.CodeMalformed, `"x"`},
		{"metadata twice", pack(t, file("metadata.json", fpcMetadata), file("metadata.json", fpcMetadata)), protocol.CodeMalformed, "twice"},
		{"metadata not JSON", outer(t, "{", good), protocol.CodeMalformed, "metadata.json"},
		{"unknown member", outer(t, `{"type":"fpc","label":"a","x":1}`, good), protocol.CodeMalformed, "unknown field"},
		{"two JSON values", outer(t, fpcMetadata+"{}", good), protocol.CodeMalformed, "behind"},
		{"bad label", outer(t, `{"type":"fpc","label":"../a"}`, good), protocol.CodeMalformed, "label"},
		{"no type", outer(t, `{"label":"a"}`, good), protocol.CodeMalformed, "type"},
		{"absolute path", inner(file("/etc/passwd", "x")), protocol.CodeMalformed, "clean relative"},
		{"path upwards", inner(file("../../x", "x")), protocol.CodeMalformed, "clean relative"},
		{"path not clean", inner(file("bin/../x", "x")), protocol.CodeMalformed, "clean relative"},
		{"backslash", inner(file(`a\..\b`, "x")), protocol.CodeMalformed, "backslash"},
		{"symbolic link", inner(link), protocol.CodeMalformed, "regular file"},
		{"folder", inner(folder), protocol.CodeMalformed, "regular file"},
		{"unknown file", inner(file("bin/other", "x")), protocol.CodeMalformed, "not part of an fpc package"},
		{"connection not JSON", inner(file("connection.json", "x")), protocol.CodeMalformed, "connection.json"},
		{"enclave missing", outer(t, fpcMetadata, pack(t, file("code-manifest", manifest))), protocol.CodeMalformed, "bin/enclave"},
		{"manifest missing", outer(t, fpcMetadata, pack(t, file("bin/enclave", "x"))), protocol.CodeMalformed, "code-manifest"},
		{"another binary", outer(t, fpcMetadata, pack(t, file("bin/enclave", "x"), file("code-manifest", manifest))), protocol.CodeMalformed, "other binaries"},
		{"too large", make([]byte, pkg.MaxPackage+1), protocol.CodeTooLarge, "limit"},
		{"too many files", inner(many(pkg.MaxFiles)...), protocol.CodeTooLarge, "files"},
		{"bomb", outer(t, fpcMetadata, bomb(t)), protocol.CodeTooLarge, "unpacks"},
		{"sparse bomb", outer(t, fpcMetadata, sparse(t)), protocol.CodeTooLarge, "unpacks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := pkg.Read(test.raw)
			wantStep(t, err, test.code, test.says)
		})
	}
}

// TestForeignPackages: packages of other types are read, not understood.
func TestForeignPackages(t *testing.T) {
	raw := outer(t, `{"path":"x","type":"golang","label":"a"}`, pack(t, file("src/main.go", "package main")))
	p, err := pkg.Read(raw)
	if err != nil || string(p.Files["src/main.go"]) != "package main" {
		t.Fatalf("files %v, error %v, want src/main.go", p, err)
	}
	_, err = p.Code()
	wantStep(t, err, protocol.CodeMalformed, "golang")
}

func TestCodeFromDir(t *testing.T) {
	manifest := code(t).Manifest.Bytes()
	dir := fstest.MapFS{
		"bin/enclave":   {Data: enclave, Mode: 0o755},
		"code-manifest": {Data: manifest},
	}
	if got, err := pkg.CodeFromDir(dir); err != nil || !bytes.Equal(got.Enclave, enclave) || got.Connection != nil {
		t.Errorf("code %+v, error %v, want the enclave and no connection", got, err)
	}
	for name, change := range map[string]func(fstest.MapFS){
		"no enclave":  func(d fstest.MapFS) { delete(d, "bin/enclave") },
		"no manifest": func(d fstest.MapFS) { delete(d, "code-manifest") },
		"a folder":    func(d fstest.MapFS) { d["connection.json/x"] = &fstest.MapFile{} },
		"a link": func(d fstest.MapFS) {
			d["connection.json"] = &fstest.MapFile{Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink}
		},
		"other files": func(d fstest.MapFS) { d["META-INF/whatever"] = &fstest.MapFile{} },
	} {
		broken := maps.Clone(dir)
		change(broken)
		_, err := pkg.CodeFromDir(broken)
		if protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: error %v, want code %s", name, err, protocol.CodeMalformed)
		}
	}
}

// FuzzRead: a package is refused with a *protocol.StepError, or what was read
// builds a package that reads the same.
func FuzzRead(f *testing.F) {
	f.Add(build(f, code(f)))
	f.Add(outer(f, fpcMetadata, pack(f, file("bin/enclave", "x"))))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := pkg.Read(raw)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Errorf("error %v (%T) has no code", err, err)
			}
			return
		}
		if p.Metadata.Type != pkg.TypeFPC {
			return
		}
		c, err := p.Code()
		if err != nil {
			t.Fatalf("Read took what Code refuses: %v", err)
		}
		again, err := pkg.BuildFPC(p.Metadata.Label, c)
		if err != nil {
			t.Fatalf("what was read does not build: %v", err)
		}
		if _, err := pkg.Read(again); err != nil {
			t.Errorf("what was built does not read: %v", err)
		}
	})
}

func wantStep(t *testing.T, err error, code protocol.Code, says string) {
	t.Helper()
	if err == nil || protocol.CodeOf(err) != code || !strings.HasPrefix(err.Error(), "LC-1 ") || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v, want LC-1 with code %s and %q", err, code, says)
	}
}

func flip(b []byte, at int) []byte {
	out := bytes.Clone(b)
	out[at] ^= 1
	return out
}

func many(n int) []item {
	out := make([]item, n)
	for i := range out {
		out[i] = file(fmt.Sprint("f", i), "")
	}
	return out
}

// bomb unpacks to more than the limit.
func bomb(t testing.TB) []byte {
	return pack(t, file("bin/enclave", strings.Repeat("\x00", pkg.MaxUnpacked)))
}

// sparse is an archive of a few bytes with one file of a terabyte of holes, in
// the form of GNU tar 1.35: --sparse --sparse-version=1.0 --format=pax.
func sparse(t testing.TB) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString("H4sIAAAAAAACA+3UQUrEMBTG8axzip6gk6SdhFl0q65EEA+Q0beodKokKoOnN1bB2o2bQSz+f5uEl0UI733Z9+PmKh4vJN5JyhsZb4f4IuqkTOHbdlqL5Wqs/9pPdeuc8ao6ql/wnJ9iKter/8m56vzyps6PMWWpD/H+IXVWL6r9WKpGN3ZeHeNBun0Zn8+Z0U2YHyeJQ+5fpbNmt9ta610IwWuFP+W9gaVr11PTzvpBatdum9P+Az/k387/go/8t40JqjJryv/ycSth9fd8GhIKAAAAAAAAAAAAAACwKm+1mdaOACgAAA==")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
