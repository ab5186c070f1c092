// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/devnet/peer/lifecycle"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
)

// Packages are files under Fabric's names, and are there after a restart.
func TestPackagesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "packages")
	packages, err := lifecycle.OpenPackages(dir)
	if err != nil {
		t.Fatal(err)
	}
	raw := peertest.Package(t, "my-label_1.0+x", "127.0.0.1:7052")
	entry, err := packages.Install(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packages.Install(raw, nil); err == nil || !strings.Contains(err.Error(), "chaincode already successfully installed (package ID '"+entry.PackageID) {
		t.Errorf("installed again: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".install-123"), []byte("half"), 0o600); err != nil { // a killed peer's
		t.Fatal(err)
	}

	again, err := lifecycle.OpenPackages(dir)
	if err != nil {
		t.Fatal(err)
	}
	if list := again.List(); len(list) != 1 || list[0] != entry || entry.Label != "my-label_1.0+x" {
		t.Fatalf("after reopening: got %v, want %v", list, entry)
	}
	if got, err := again.Bytes(entry.PackageID); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("bytes: got %d, %v, want %d", len(got), err, len(raw))
	}
	if pkg, err := again.Package(entry.PackageID); err != nil || pkg.Type != "ccaas" {
		t.Errorf("package: got %v, %v", pkg, err)
	}
	if _, err := os.Stat(filepath.Join(dir, strings.Replace(entry.PackageID, ":", ".", 1)+".tar.gz")); err != nil {
		t.Errorf("file name: %v", err)
	}

	var missing *lifecycle.NotInstalledError
	if _, err := again.Bytes("no:such"); !errors.As(err, &missing) {
		t.Errorf("unknown package: got %v, want NotInstalledError", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Package(entry.PackageID); !errors.As(err, &missing) {
		t.Errorf("file removed: got %v, want NotInstalledError", err)
	}
}
