// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
)

// NotInstalledError says that a package is not installed on this peer; callers
// are answered with status 404.
type NotInstalledError struct{ PackageID string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("chaincode install package '%s' not found", e.PackageID)
}

// Installed is one installed package.
type Installed struct {
	PackageID, Label string
}

// Packages keeps installed packages in a directory, a file each, named as
// Fabric names them. It is safe for concurrent use.
type Packages struct {
	dir string

	mu        sync.RWMutex
	installed map[string]Installed // by package id
}

// fileName matches `<label>.<hex SHA-256>.tar.gz`.
var fileName = regexp.MustCompile(`^(.+)\.([0-9a-f]{64})\.tar\.gz$`)

// OpenPackages lists what is installed in the directory, which is made if it
// does not exist.
func OpenPackages(dir string) (*Packages, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("package directory: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("package directory: %w", err)
	}
	p := &Packages{dir: dir, installed: map[string]Installed{}}
	for _, file := range files {
		if m := fileName.FindStringSubmatch(file.Name()); m != nil {
			id := m[1] + ":" + m[2]
			p.installed[id] = Installed{PackageID: id, Label: m[1]}
		}
	}
	return p, nil
}

// Install keeps a package that check takes; nil takes all. Installing it again is
// an error, as in Fabric.
func (p *Packages) Install(raw []byte, check func(packageID string, pkg *lifecycle.Package) error) (Installed, error) {
	pkg, err := lifecycle.ParsePackage(raw)
	if err != nil {
		return Installed{}, fmt.Errorf("could not parse as a chaincode install package: %w", err)
	}
	id := lifecycle.PackageID(pkg.Label, raw)
	if !fileName.MatchString(baseName(id)) || filepath.Base(baseName(id)) != baseName(id) {
		return Installed{}, fmt.Errorf("invalid label '%s'", pkg.Label)
	}
	if err := p.isNew(id); err != nil {
		return Installed{}, err
	}
	if check != nil {
		if err := check(id, pkg); err != nil {
			return Installed{}, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.installed[id]; ok {
		return Installed{}, alreadyInstalled(id)
	}
	if err := writeFile(p.path(id), raw); err != nil {
		return Installed{}, fmt.Errorf("could not save cc install package: %w", err)
	}
	p.installed[id] = Installed{PackageID: id, Label: pkg.Label}
	return p.installed[id], nil
}

func (p *Packages) isNew(id string) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if _, ok := p.installed[id]; ok {
		return alreadyInstalled(id)
	}
	return nil
}

func alreadyInstalled(id string) error {
	return fmt.Errorf("chaincode already successfully installed (package ID '%s')", id)
}

// Get returns an installed package's entry, or *NotInstalledError.
func (p *Packages) Get(id string) (Installed, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	entry, ok := p.installed[id]
	if !ok {
		return Installed{}, &NotInstalledError{id}
	}
	return entry, nil
}

// List returns what is installed, by package id.
func (p *Packages) List() []Installed {
	p.mu.RLock()
	defer p.mu.RUnlock()
	list := make([]Installed, 0, len(p.installed))
	for _, entry := range p.installed {
		list = append(list, entry)
	}
	slices.SortFunc(list, func(a, b Installed) int { return cmp.Compare(a.PackageID, b.PackageID) })
	return list
}

// Bytes returns a package as it was installed, or *NotInstalledError.
func (p *Packages) Bytes(id string) ([]byte, error) {
	if _, err := p.Get(id); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(p.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotInstalledError{id}
	}
	if err != nil {
		return nil, fmt.Errorf("could not load cc install package: %w", err)
	}
	return raw, nil
}

// Package returns a package's contents, or *NotInstalledError.
func (p *Packages) Package(id string) (*lifecycle.Package, error) {
	raw, err := p.Bytes(id)
	if err != nil {
		return nil, err
	}
	return lifecycle.ParsePackage(raw)
}

func baseName(id string) string { return strings.Replace(id, ":", ".", 1) + ".tar.gz" }

func (p *Packages) path(id string) string { return filepath.Join(p.dir, baseName(id)) }

// writeFile makes a file durable before it has its name, so that a killed peer
// finds a package whole or not at all.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".install-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
