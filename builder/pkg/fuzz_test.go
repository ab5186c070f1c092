// SPDX-License-Identifier: Apache-2.0

package pkg

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// FuzzUntar reads tar archives without the gzip around them, whose sum keeps
// most mutations out. What is read has names that stay inside, and archives to
// something that reads the same.
func FuzzUntar(f *testing.F) {
	for _, header := range []tar.Header{
		{Name: "bin/enclave", Mode: 0o755, Size: 1},
		{Name: "../x", Size: 1},
		{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/"},
	} {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		if err := w.WriteHeader(&header); err != nil {
			f.Fatal(err)
		}
		_, _ = w.Write([]byte("x"))
		_ = w.Close()
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		files, err := untar(tar.NewReader(bytes.NewReader(raw)))
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Errorf("error %v (%T) has no code", err, err)
			}
			return
		}
		packed, err := archive(files)
		if err != nil {
			t.Fatalf("what was read does not archive: %v", err)
		}
		again, err := unarchive(packed)
		if err != nil || len(again) != len(files) {
			t.Fatalf("%d files, error %v, want %d", len(again), err, len(files))
		}
		for name, content := range files {
			if !bytes.Equal(again[name], content) {
				t.Errorf("file %q reads %q, was %q", name, again[name], content)
			}
		}
	})
}

// FuzzCode takes the text files of an fpc package.
func FuzzCode(f *testing.F) {
	manifest, err := SimManifest([]byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(manifest.Bytes(), []byte(`{"address":"a:1","dial_timeout":"10s","tls_required":false}`))
	f.Add([]byte("sim:00\n"), []byte(`{}`))
	f.Fuzz(func(t *testing.T, manifest, connection []byte) {
		code, err := ParseCode(map[string][]byte{EnclaveFile: []byte("x"), ManifestFile: manifest, ConnectionFile: connection})
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Errorf("error %v (%T) has no code", err, err)
			}
			return
		}
		if !bytes.Equal(code.Manifest.Bytes(), manifest) || code.Connection.Address == "" {
			t.Errorf("manifest %q and connection %+v, read from %q and %q", code.Manifest.Bytes(), code.Connection, manifest, connection)
		}
	})
}
