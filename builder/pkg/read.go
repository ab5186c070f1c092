// SPDX-License-Identifier: Apache-2.0

package pkg

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/privatechaincode/fpc/protocol"
)

// Package is a package as it was read.
type Package struct {
	ID       string
	Metadata Metadata
	Files    map[string][]byte // of code.tar.gz, by name
}

// Read reads a package and its code, strictly. A package of type fpc must hold
// what LC-1 says; see Package.Code. Errors are *protocol.StepError.
func Read(raw []byte) (*Package, error) {
	if len(raw) > MaxPackage {
		return nil, tooLarge("the package has %d bytes, limit %d", len(raw), MaxPackage)
	}
	outer, err := unarchive(raw)
	if err != nil {
		return nil, wrap(err, "package")
	}
	for name := range outer {
		if name != MetadataFile && name != CodeFile {
			return nil, malformed("package: file %q: want %s and %s only", name, MetadataFile, CodeFile)
		}
	}
	p := &Package{}
	if p.Metadata, err = ParseMetadata(outer[MetadataFile]); err != nil {
		return nil, err
	}
	if err := p.Metadata.Check(); err != nil {
		return nil, err
	}
	p.ID = ID(p.Metadata.Label, raw)
	if p.Files, err = unarchive(outer[CodeFile]); err != nil {
		return nil, wrap(err, CodeFile)
	}
	if p.Metadata.Type == TypeFPC {
		if _, err := p.Code(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// ParseMetadata decodes metadata.json strictly; what it says is left to
// Metadata.Check.
func ParseMetadata(raw []byte) (Metadata, error) {
	var m Metadata
	if err := decodeStrictly(raw, &m); err != nil {
		return Metadata{}, malformed("%s: %w", MetadataFile, err)
	}
	return m, nil
}

// Code returns the code of a package of type fpc.
func (p *Package) Code() (Code, error) {
	if p.Metadata.Type != TypeFPC {
		return Code{}, malformed("the package is of type %.50q, want %s", p.Metadata.Type, TypeFPC)
	}
	return ParseCode(p.Files)
}

// ParseCode reads the files of an fpc package's code. Where the manifest lists
// the simulated platform, it must list this very binary: another could never
// start, and finding that here is kinder. Code ids of other platforms are not
// computed from the binary alone; the enclave's evidence decides (REG-12).
func ParseCode(files map[string][]byte) (Code, error) {
	for name := range files {
		if !partOfCode(name) {
			return Code{}, notPartOfCode(name)
		}
	}
	code := Code{Enclave: files[EnclaveFile]}
	if len(code.Enclave) == 0 {
		return Code{}, malformed("code: %s: %w", EnclaveFile, errNoEnclave)
	}
	var err error
	if code.Manifest, err = protocol.ParseCodeManifest(files[ManifestFile]); err != nil {
		return Code{}, wrap(err, ManifestFile)
	}
	if err := checkSim(code); err != nil {
		return Code{}, err
	}
	if raw, given := files[ConnectionFile]; given {
		code.Connection = &Connection{}
		if err := decodeStrictly(raw, code.Connection); err != nil {
			return Code{}, malformed("%s: %w", ConnectionFile, err)
		}
		if err := code.Connection.check(); err != nil {
			return Code{}, err
		}
	}
	return code, nil
}

func partOfCode(name string) bool {
	return slices.Contains([]string{EnclaveFile, ManifestFile, ConnectionFile}, name)
}

func notPartOfCode(name string) error {
	return malformed("code: file %.255q is not part of an fpc package", name)
}

func notRegular(name string) error { return malformed("code: %s is not a regular file", name) }

// CodeFromDir reads the code from the folder into which a peer unpacked it for
// an external builder, as strictly as Read does.
func CodeFromDir(dir fs.FS) (Code, error) {
	files := make(map[string][]byte)
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return malformed("code: %w", err)
		}
		if entry.IsDir() {
			return nil
		}
		if !partOfCode(name) {
			return notPartOfCode(name) // unread: it may be of any size
		}
		if !entry.Type().IsRegular() {
			return notRegular(name)
		}
		files[name], err = readFile(dir, name)
		return err
	})
	if err != nil {
		return Code{}, err
	}
	return ParseCode(files)
}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, malformed("code: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, malformed("code: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name)
	}
	content, err := io.ReadAll(io.LimitReader(f, MaxUnpacked+1))
	if err != nil {
		return nil, malformed("code: %s: %w", name, err)
	}
	if len(content) > MaxUnpacked {
		return nil, tooLarge("code: %s has over %d bytes", name, MaxUnpacked)
	}
	return content, nil
}

func checkSim(code Code) error {
	listed := slices.ContainsFunc(code.Manifest.Entries(), func(e string) bool {
		return len(e) > len(SimPlatform) && e[:len(SimPlatform)+1] == SimPlatform+":"
	})
	if id := SimCodeID(code.Enclave); listed && !code.Manifest.Contains(SimPlatform, id) {
		return malformed("the code manifest lists other binaries for %s than %s, whose code id is %s", SimPlatform, EnclaveFile, id)
	}
	return nil
}

func (c *Connection) check() error {
	if c.Address == "" || len(c.Address) > maxName {
		return malformed("%s: the address has %d bytes, want 1 to %d", ConnectionFile, len(c.Address), maxName)
	}
	if c.DialTimeout != "" {
		if d, err := time.ParseDuration(c.DialTimeout); err != nil || d <= 0 {
			return malformed("%s: dial_timeout %.20q: want a duration such as 10s", ConnectionFile, c.DialTimeout)
		}
	}
	return nil
}

// decodeStrictly decodes one JSON value with no unknown member behind or in it.
func decodeStrictly(raw []byte, out any) error {
	if len(raw) == 0 {
		return errors.New("missing or empty")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data behind the JSON value")
	}
	return nil
}

// wrap says in which part an error is; its step and code stay.
func wrap(err error, part string) error {
	var e *protocol.StepError
	if !errors.As(err, &e) {
		return malformed("%s: %w", part, err)
	}
	inner := *e
	inner.Reason = part + ": " + e.Reason
	return &inner
}
