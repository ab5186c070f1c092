// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
)

const (
	metadataFile = "metadata.json"
	codeFile     = "code.tar.gz"
)

// MaxPackageSize is the most that a package may hold when unpacked, in bytes: a
// small gzip stream can unpack to more than any memory.
const MaxPackageSize = 1 << 30

// Package is a parsed chaincode package: what `peer lifecycle chaincode
// install` sends.
type Package struct {
	Path, Type, Label string
	Code              []byte // code.tar.gz, a gzipped tar of what the builder gets
	Metadata          []byte // metadata.json as it was
}

// ParsePackage reads a gzipped tar of regular files: metadata.json and
// code.tar.gz; others are ignored. It refuses what a Fabric peer refuses, in
// Fabric's words, and what unpacks to more than MaxPackageSize. Errors are
// *Error.
func ParsePackage(raw []byte) (*Package, error) { return parsePackage(raw, MaxPackageSize) }

func parsePackage(raw []byte, limit int64) (*Package, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fail(CodeBadPackage, err, "error reading as gzip stream")
	}
	files, err := readFiles(&limited{r: unzipped, left: limit})
	if err != nil {
		return nil, err
	}
	code, ok := files[codeFile]
	if !ok {
		return nil, fail(CodeBadPackage, nil, "did not find a code package inside the package")
	}
	metadata, ok := files[metadataFile]
	if !ok {
		return nil, fail(CodeBadPackage, nil, "did not find any package metadata (missing %s)", metadataFile)
	}
	var m struct {
		Path  string `json:"path"`
		Type  string `json:"type"`
		Label string `json:"label"`
	}
	if err := json.Unmarshal(metadata, &m); err != nil {
		return nil, fail(CodeBadPackage, err, "could not unmarshal %s as json", metadataFile)
	}
	if err := CheckLabel(m.Label); err != nil {
		return nil, err
	}
	return &Package{Path: m.Path, Type: m.Type, Label: m.Label, Code: code, Metadata: metadata}, nil
}

// readFiles returns the files of a tar that a package is made of.
func readFiles(r io.Reader) (map[string][]byte, error) {
	files := make(map[string][]byte)
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case errors.Is(err, errTooLarge):
			return nil, fail(CodeTooLarge, err, "error inspecting next tar header")
		case err != nil:
			return nil, fail(CodeBadPackage, err, "error inspecting next tar header")
		case header.Typeflag != tar.TypeReg:
			return nil, fail(CodeBadPackage, nil, "tar entry %s is not a regular file, type %v", header.Name, header.Typeflag)
		}
		if header.Name != metadataFile && header.Name != codeFile {
			continue
		}
		content, err := io.ReadAll(archive)
		switch {
		case errors.Is(err, errTooLarge):
			return nil, fail(CodeTooLarge, err, "could not read %s from tar", header.Name)
		case err != nil:
			return nil, fail(CodeBadPackage, err, "could not read %s from tar", header.Name)
		}
		files[header.Name] = content
	}
}

var errTooLarge = errors.New("the package unpacks to too many bytes")

// limited fails, instead of ending, where io.LimitReader would end.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// CheckLabel says whether a package may have this label. Errors are *Error.
func CheckLabel(label string) error {
	ok := label != "" && alphanumeric(label[0])
	for _, c := range []byte(label) {
		ok = ok && (alphanumeric(c) || c == '.' || c == '+' || c == '-' || c == '_')
	}
	if !ok {
		return fail(CodeBadPackage, nil, "invalid label '%s'. Label must be non-empty, can only consist of alphanumerics, symbols from '.+-_', and can only begin with alphanumerics", label)
	}
	return nil
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// PackageID is the identifier under which peers install a package: its label,
// a colon, and the hex SHA-256 of its bytes.
func PackageID(label string, raw []byte) string {
	h := sha256.Sum256(raw)
	return label + ":" + hex.EncodeToString(h[:])
}
