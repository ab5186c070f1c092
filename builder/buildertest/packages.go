// SPDX-License-Identifier: Apache-2.0

// Package buildertest is untrusted: it makes the malformed packages that tests
// have peers refuse.
package buildertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/builder/pkg"
)

// Malformed is a package of type fpc that a peer takes for one and that its
// builder must refuse.
type Malformed struct {
	Name string
	Raw  []byte
	Says string // part of the builder's reason
}

// Packages makes the malformed packages.
func Packages() ([]Malformed, error) {
	enclave := []byte("#!/bin/false\n")
	manifest, err := pkg.SimManifest(enclave)
	if err != nil {
		return nil, err
	}
	good := func() map[string][]byte {
		return map[string][]byte{pkg.EnclaveFile: enclave, pkg.ManifestFile: manifest.Bytes()}
	}
	var all []Malformed
	var errs []error
	add := func(name, label, metadata, says string, change func(map[string][]byte)) {
		files := good()
		change(files)
		raw, err := pack(metadata, label, files)
		all, errs = append(all, Malformed{Name: name, Raw: raw, Says: says}), append(errs, err)
	}
	const plain = `{"path":"","type":"fpc","label":"LABEL"}`
	add("no enclave", "a", plain, "no enclave binary", func(f map[string][]byte) { delete(f, pkg.EnclaveFile) })
	add("another enclave", "b", plain, "lists other binaries", func(f map[string][]byte) { f[pkg.EnclaveFile] = []byte("another") })
	add("no manifest", "c", plain, pkg.ManifestFile+":", func(f map[string][]byte) { delete(f, pkg.ManifestFile) })
	add("broken manifest", "d", plain, pkg.ManifestFile+":", func(f map[string][]byte) { f[pkg.ManifestFile] = []byte("sim:no hash\n") })
	add("a further file", "e", plain, `"META-INF/index.json" is not part of an fpc package`, func(f map[string][]byte) { f["META-INF/index.json"] = []byte("{}") })
	add("label without a name", "f.g", plain, "gives no chaincode name", func(map[string][]byte) {})
	add("broken connection", "h", plain, pkg.ConnectionFile+":", func(f map[string][]byte) { f[pkg.ConnectionFile] = []byte(`{"address":""}`) })
	add("templated connection", "i", plain, "fills in no templates", func(f map[string][]byte) { f[pkg.ConnectionFile] = []byte(`{"address":"{{.host}}:1"}`) })
	add("unknown metadata", "j", `{"path":"","type":"fpc","label":"LABEL","more":1}`, pkg.MetadataFile+":", func(map[string][]byte) {})
	return all, errors.Join(errs...)
}

// pack makes a package without any check.
func pack(metadata, label string, files map[string][]byte) ([]byte, error) {
	code, err := archive(files)
	if err != nil {
		return nil, err
	}
	return archive(map[string][]byte{
		pkg.MetadataFile: bytes.ReplaceAll([]byte(metadata), []byte("LABEL"), []byte(label)),
		pkg.CodeFile:     code,
	})
}

func archive(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), zipped.Close())
	return out.Bytes(), err
}

// Unpack reads a gzipped tar, without any check.
func Unpack(t testing.TB, raw []byte) map[string][]byte {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for r := tar.NewReader(zipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
