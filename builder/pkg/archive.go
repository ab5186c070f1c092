// SPDX-License-Identifier: Apache-2.0

package pkg

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/protocol"
)

// Limits of what is read and made, in bytes.
const (
	// MaxPackage is the largest package: what a peer takes in one message.
	MaxPackage = 100 << 20
	// MaxUnpacked is the most that all files of one archive hold together.
	MaxUnpacked = 128 << 20
	// MaxFiles is the most files in one archive.
	MaxFiles = 1000

	maxName    = 255
	executable = 0o755
	readable   = 0o644
)

func malformed(format string, args ...any) error {
	return protocol.Errorf("LC-1", protocol.CodeMalformed, format, args...)
}

func tooLarge(format string, args ...any) error {
	return protocol.Errorf("LC-1", protocol.CodeTooLarge, format, args...)
}

// archive makes a gzipped tar whose bytes depend on nothing but names and
// contents: files in order of their names, no times, no owners. It stores, it
// does not compress: a compressor's output changes from one Go release to the
// next, and with it would every package id.
func archive(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := checkName(name); err != nil {
			return nil, err
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: name,
			Mode: mode(name), Size: int64(len(files[name])), ModTime: time.Unix(0, 0).UTC(),
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, malformed("file %q: %w", name, err)
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, malformed("file %q: %w", name, err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func mode(name string) int64 {
	if strings.HasPrefix(name, "bin/") {
		return executable
	}
	return readable
}

// unarchive reads a gzipped tar of regular files, strictly: nothing behind its
// end, no name twice or outside of the archive, nothing that is not a file.
func unarchive(raw []byte) (map[string][]byte, error) {
	in := bytes.NewReader(raw)
	zipped, err := gzip.NewReader(in)
	if err != nil {
		return nil, malformed("not a gzip stream: %w", err)
	}
	zipped.Multistream(false)
	limited := &io.LimitedReader{R: zipped, N: MaxUnpacked}
	files, err := untar(tar.NewReader(limited))
	if err != nil {
		if limited.N == 0 {
			return nil, tooLarge("the archive unpacks to more than %d bytes", MaxUnpacked)
		}
		return nil, err
	}
	if err := onlyZeros(limited); err != nil {
		return nil, err
	}
	if in.Len() != 0 {
		return nil, malformed("%d bytes behind the end of the gzip stream", in.Len())
	}
	return files, nil
}

func untar(r *tar.Reader) (map[string][]byte, error) {
	files := make(map[string][]byte)
	var total int64
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, malformed("not a tar archive: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			return nil, malformed("%.255q is not a regular file", header.Name)
		}
		if err := checkName(header.Name); err != nil {
			return nil, err
		}
		if _, twice := files[header.Name]; twice {
			return nil, malformed("file %q occurs twice", header.Name)
		}
		if len(files) == MaxFiles {
			return nil, tooLarge("more than %d files", MaxFiles)
		}
		// Sizes are added up here too: a sparse file has its holes in no stream.
		if total += header.Size; header.Size > MaxUnpacked || total > MaxUnpacked {
			return nil, tooLarge("the archive unpacks to more than %d bytes", MaxUnpacked)
		}
		if files[header.Name], err = io.ReadAll(r); err != nil {
			return nil, malformed("file %q: %w", header.Name, err)
		}
	}
}

// onlyZeros reads the padding behind the end of a tar archive. It also lets the
// gzip reader check its sum.
func onlyZeros(r *io.LimitedReader) error {
	var block [4096]byte
	for {
		n, err := r.Read(block[:])
		if slices.ContainsFunc(block[:n], func(b byte) bool { return b != 0 }) {
			return malformed("data behind the end of the tar archive")
		}
		switch {
		case errors.Is(err, io.EOF) && r.N == 0:
			return tooLarge("the archive unpacks to %d bytes or more", MaxUnpacked)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return malformed("gzip stream: %w", err)
		}
	}
}

// checkName takes names in one form only: relative, clean, with slashes.
func checkName(name string) error {
	if len(name) > maxName || !fs.ValidPath(name) || name == "." {
		return malformed("file name %.255q: want a clean relative path", name)
	}
	for _, r := range name {
		if r < ' ' || r > '~' || r == '\\' {
			return malformed("file name %q: want printable ASCII without backslash", name)
		}
	}
	return nil
}
