// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
)

type file struct {
	name    string
	content string
	kind    byte
}

func packed(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for _, f := range files {
		if f.kind == 0 {
			f.kind = tar.TypeReg
		}
		h := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: 0o644, Size: int64(len(f.content))}
		if err := archive.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var (
	code     = file{name: "code.tar.gz", content: "the code"}
	metadata = file{name: "metadata.json", content: `{"path":"p","type":"ccaas","label":"kv_1.0"}`}
)

func TestParsePackage(t *testing.T) {
	p, err := ParsePackage(packed(t, metadata, code))
	must(t, err)
	if p.Label != "kv_1.0" || p.Type != "ccaas" || p.Path != "p" || string(p.Code) != "the code" || string(p.Metadata) != metadata.content {
		t.Errorf("got %+v", p)
	}
	for _, c := range []struct {
		name string
		raw  []byte
		text string
		code string
	}{
		{"order does not matter", packed(t, code, metadata), "", ""},
		{"further files are ignored", packed(t, metadata, file{name: "README"}, code), "", ""},
		{"empty code", packed(t, metadata, file{name: "code.tar.gz"}), "", ""},
		{"no gzip", []byte("PK"), "error reading as gzip stream: unexpected EOF", CodeBadPackage},
		{"no tar", gzipped(t, "no tar at all, though long enough"), "error inspecting next tar header: unexpected EOF", CodeBadPackage},
		{"folder", packed(t, metadata, file{name: "d", kind: tar.TypeDir}), "tar entry d is not a regular file, type 53", CodeBadPackage},
		{"link", packed(t, metadata, file{name: "l", kind: tar.TypeSymlink}), "tar entry l is not a regular file, type 50", CodeBadPackage},
		{"no code", packed(t, metadata), "did not find a code package inside the package", CodeBadPackage},
		{"no metadata", packed(t, code), "did not find any package metadata (missing metadata.json)", CodeBadPackage},
		{"metadata garbage", packed(t, code, file{name: "metadata.json", content: "{"}), "could not unmarshal metadata.json as json: unexpected end of JSON input", CodeBadPackage},
		{"no label", packed(t, code, file{name: "metadata.json", content: "{}"}), "invalid label ''. Label must be non-empty, can only consist of alphanumerics, symbols from '.+-_', and can only begin with alphanumerics", CodeBadPackage},
		{"truncated", packed(t, metadata, code)[:60], "error inspecting next tar header: unexpected EOF", CodeBadPackage},
	} {
		_, err := ParsePackage(c.raw)
		wantCode(t, c.name, err, c.code)
		if err != nil && err.Error() != c.text {
			t.Errorf("%s: got %q, want %q", c.name, err, c.text)
		}
	}
}

func gzipped(t *testing.T, text string) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, err := zip.Write([]byte(text))
	must(t, errors.Join(err, zip.Close()))
	return out.Bytes()
}

// A small package that unpacks to a lot does not fill the memory (attack 18).
func TestPackageBomb(t *testing.T) {
	for name, files := range map[string][]file{
		"large code":         {metadata, {name: "code.tar.gz", content: strings.Repeat("\x00", 1<<20)}},
		"large ignored file": {{name: "zeros", content: strings.Repeat("\x00", 1<<20)}, metadata, code},
	} {
		_, err := parsePackage(packed(t, files...), 1<<16)
		wantCode(t, name, err, CodeTooLarge)
	}
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]bool{
		"kv_1.0": true, "a": true, "9+-_.": true, "": false, "_a": false, ".a": false, "a b": false, "a/b": false, "a:b": false, "ä": false,
	} {
		if err := CheckLabel(label); (err == nil) != want {
			t.Errorf("%q: got %v, want allowed %t", label, err, want)
		}
	}
}

func TestPackageID(t *testing.T) {
	const want = "kv_1.0:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := PackageID("kv_1.0", nil); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParsePackage(f *testing.F) {
	f.Add(packed(f, metadata, code))
	f.Add(packed(f, file{name: "d", kind: tar.TypeDir}))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := parsePackage(raw, 1<<20)
		var e *Error
		switch {
		case err != nil && !errors.As(err, &e):
			t.Fatalf("error of type %T, want *Error", err)
		case err == nil && CheckLabel(p.Label) != nil:
			t.Fatalf("label %q passed", p.Label)
		}
	})
}
