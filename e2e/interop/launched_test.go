// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// probeModule makes a Node module of probe.mjs.
const probeModule = `{"name": "probe", "version": "1.0.0", "type": "module", "scripts": {"start": "node probe.mjs"}, "dependencies": {"fabric-shim": "2.5.8"}}`

// nodeBuilder is the external builder for Node modules, as the embedded peers
// take it.
func nodeBuilder(t *testing.T) external.Builder {
	t.Helper()
	path, err := filepath.Abs("nodebuilder")
	if err != nil {
		t.Fatal(err)
	}
	return external.Builder{Name: "node", Path: path}
}

// launch deploys a Node module for the peers to launch.
func (s *scene) launch(ctx context.Context, name string, module map[string][]byte) {
	s.t.Helper()
	raw := nodePackage(s.t, name, module)
	ids, err := s.network.Install(ctx, func(int) ([]byte, error) { return raw, nil })
	if err != nil {
		s.t.Fatal(err)
	}
	policy, err := deploy.PolicyParameter(twoOfThree)
	if err != nil {
		s.t.Fatal(err)
	}
	definition := lifecycle.Definition{Name: name, Version: "1.0", Sequence: 1, ValidationParameter: policy}
	if err := s.network.Define(ctx, definition, ids); err != nil {
		s.t.Fatal(err)
	}
}

// nodePackage makes what `peer lifecycle chaincode package --lang node` makes.
func nodePackage(t *testing.T, label string, module map[string][]byte) []byte {
	t.Helper()
	code := map[string][]byte{}
	for name, content := range module {
		code["src/"+name] = content
	}
	return zipped(t, map[string][]byte{
		"metadata.json": []byte(`{"path":"","type":"node","label":"` + label + `"}`),
		"code.tar.gz":   zipped(t, code),
	})
}

func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// source reads a file of this folder.
func source(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
