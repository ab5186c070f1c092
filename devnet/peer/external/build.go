// SPDX-License-Identifier: Apache-2.0

package external

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
)

// Build is what a builder made of a package.
type Build struct {
	PackageID string
	builder   Builder
	dir       string
}

// Folders and files below a build's, named as Fabric names them.
const (
	outputDir  = "bld"
	releaseDir = "release"
	infoFile   = "build-info.json"
)

// info is build-info.json.
type info struct {
	BuilderName string `json:"builder_name"`
}

// Build returns what the package's builder made of it, now or earlier; nil if no
// builder takes it. The context bounds the builder's programs.
func (s *Builders) Build(ctx context.Context, packageID string, pkg *lifecycle.Package) (*Build, error) {
	if s == nil {
		return nil, nil
	}
	s.building.Lock()
	defer s.building.Unlock()
	kept := filepath.Join(s.cfg.Dir, folderName(packageID))
	if b, err := s.kept(packageID, kept); b != nil || err != nil {
		return b, err
	}
	if len(s.cfg.Builders) == 0 {
		return nil, nil
	}
	work, err := os.MkdirTemp(s.cfg.Dir, ".build-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	b, err := s.build(ctx, work, pkg)
	if b == nil || err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(work, "kept"), kept); err != nil {
		return nil, err
	}
	s.cfg.Log.Info("chaincode was built", "package", packageID, "builder", b.Name)
	return &Build{PackageID: packageID, builder: *b, dir: kept}, nil
}

// kept returns what was built earlier, nil if nothing was.
func (s *Builders) kept(packageID, dir string) (*Build, error) {
	raw, err := os.ReadFile(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var by info
	if err := json.Unmarshal(raw, &by); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, infoFile), err)
	}
	i := slices.IndexFunc(s.cfg.Builders, func(b Builder) bool { return b.Name == by.BuilderName })
	if i < 0 {
		return nil, fmt.Errorf("chaincode '%s' was already built with builder '%s', but that builder is no longer available", packageID, by.BuilderName)
	}
	return &Build{PackageID: packageID, builder: s.cfg.Builders[i], dir: dir}, nil
}

// build has the first builder that takes the package build and release it, into
// work/kept. It returns nil if none takes it.
func (s *Builders) build(ctx context.Context, work string, pkg *lifecycle.Package) (*Builder, error) {
	at := func(name ...string) string { return filepath.Join(append([]string{work}, name...)...) }
	source, metadata := at("src"), at("metadata")
	output, release := at("kept", outputDir), at("kept", releaseDir)
	for _, dir := range []string{source, metadata, output, release} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := unpack(pkg.Code, source); err != nil {
		return nil, fmt.Errorf("could not untar source package: %w", err)
	}
	if err := os.WriteFile(filepath.Join(metadata, "metadata.json"), pkg.Metadata, 0o600); err != nil {
		return nil, err
	}
	for _, b := range s.cfg.Builders {
		if err := s.call(ctx, b, "detect", source, metadata); err != nil {
			s.cfg.Log.Debug("builder does not take the package", "builder", b.Name, "reason", err)
			continue
		}
		if err := s.call(ctx, b, "build", source, metadata, output); err != nil {
			return nil, fmt.Errorf("external builder '%s' failed to build: %w", b.Name, err)
		}
		if _, err := os.Stat(b.program("release")); err == nil {
			if err := s.call(ctx, b, "release", output, release); err != nil {
				return nil, fmt.Errorf("external builder '%s' failed to release: %w", b.Name, err)
			}
		}
		by, err := json.Marshal(info{BuilderName: b.Name})
		if err != nil {
			return nil, err
		}
		return &b, os.WriteFile(at("kept", infoFile), by, 0o600)
	}
	return nil, nil
}

// Connection is the connection.json that the builder released: the chaincode is a
// service. Nil: the peer launches it.
func (b *Build) Connection() ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(b.dir, releaseDir, "chaincode", "server", "connection.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
}

// folderName is a package id without what paths do not take, as Fabric writes it.
func folderName(packageID string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"/\|?*&`, r) {
			return '-'
		}
		return r
	}, packageID)
}

// unpack writes the files of a package's code below dir, and nothing outside.
func unpack(code []byte, dir string) error {
	zip, err := gzip.NewReader(bytes.NewReader(code))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(lifecycle.MaxPackageSize)
	for files := tar.NewReader(zip); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if left -= header.Size; left < 0 {
			return fmt.Errorf("it holds more than %d bytes", int64(lifecycle.MaxPackageSize))
		}
		if err := unpackOne(root, header, files); err != nil {
			return err
		}
	}
}

func unpackOne(root *os.Root, header *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
	if !filepath.IsLocal(name) {
		return fmt.Errorf("tar contains the absolute or escaping path '%s'", header.Name)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o700)
	case tar.TypeReg:
	default:
		return fmt.Errorf("invalid file type '%v' contained in archive for file '%s'", header.Typeflag, header.Name)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fs.FileMode(header.Mode)&0o777|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
