// SPDX-License-Identifier: Apache-2.0

package builder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/protocol"
)

// Detect returns nil for a package of type fpc, whatever else is wrong with it:
// build says that better than a peer that finds no builder.
func Detect(metadata string) error {
	raw, err := readMetadata(metadata)
	if err != nil {
		return err
	}
	var m struct{ Type string }
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("%s: %w", pkg.MetadataFile, err)
	}
	if m.Type != pkg.TypeFPC {
		return fmt.Errorf("a package of type %.50q is not for this builder, which takes %s", m.Type, pkg.TypeFPC)
	}
	return nil
}

// Build checks a package and writes what release and run need. A stub that is a
// service needs how it is reached, one that the peer launches needs the enclave's
// program. Nothing is written for a package that is refused. Errors are
// *protocol.StepError, for what is wrong with the package.
func Build(source, metadata, output string, getenv func(string) string) error {
	raw, err := readMetadata(metadata)
	if err != nil {
		return err
	}
	m, err := pkg.ParseMetadata(raw)
	if err != nil {
		return err
	}
	if err := m.Check(); err != nil {
		return err
	}
	code, err := pkg.CodeFromDir(os.DirFS(source))
	if err != nil {
		return err
	}
	if code.Connection != nil {
		return buildService(source, output, code.Connection)
	}
	if _, err := ChaincodeName(m.Label, getenv(EnvNames)); err != nil {
		return err
	}
	return errors.Join(
		writeFile(filepath.Join(output, filepath.FromSlash(pkg.EnclaveFile)), code.Enclave, 0o755),
		writeFile(filepath.Join(output, pkg.ManifestFile), code.Manifest.Bytes(), 0o644),
	)
}

// buildService keeps connection.json as it stands in the package.
func buildService(source, output string, c *pkg.Connection) error {
	if _, _, err := net.SplitHostPort(c.Address); err != nil || strings.ContainsAny(c.Address, "{}") {
		return protocol.Errorf("LC-2", protocol.CodeMalformed, "%s: address %q: want host:port; this builder fills in no templates", pkg.ConnectionFile, c.Address)
	}
	return copyFile(filepath.Join(source, pkg.ConnectionFile), filepath.Join(output, pkg.ConnectionFile))
}

// connectionRelease is where a peer looks for the way to a service.
var connectionRelease = filepath.Join("chaincode", "server", pkg.ConnectionFile)

// Release hands the peer connection.json, where build kept one: the peer then
// dials the stub and calls no run. Else there is nothing to release.
func Release(output, release string) error {
	err := copyFile(filepath.Join(output, pkg.ConnectionFile), filepath.Join(release, connectionRelease))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func readMetadata(dir string) ([]byte, error) {
	return os.ReadFile(filepath.Join(dir, pkg.MetadataFile))
}

// writeFile makes the file and the folders that it lies in.
func writeFile(name string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, mode)
}

// copyFile copies a small file.
func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, content, 0o644)
}
