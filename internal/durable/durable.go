// SPDX-License-Identifier: Apache-2.0

// Package durable is untrusted: it is how the hosts of enclaves keep files that
// neither a crash nor a second process may harm.
package durable

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrInUse says that another process holds a lock.
var ErrInUse = errors.New("in use by another process")

// SizeError says that a secret's file is not one.
type SizeError struct {
	Path string
	Size int // bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("damaged secret %s: %d bytes, want %d", e.Path, e.Size, secretSize)
}

const secretSize = 32

// Lock makes a file if needed and locks it until it is closed or the process
// ends, however it ends. Held by another: [ErrInUse].
func Lock(path string) (*os.File, error) {
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := lockExclusive(lock); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// Replace writes a file so that after a crash it is there either as before or as
// a whole. When it returns nil the file has reached the disk.
func Replace(path string, fill func(io.Writer) error) error {
	if err := writeSynced(path+".new", fill); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace %s: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// Bytes is a fill for [Replace].
func Bytes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// Secret returns the 32 random bytes of a file. The first call makes it; it
// never changes.
func Secret(path string) (secret [secretSize]byte, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		rand.Read(secret[:])
		return secret, Replace(path, Bytes(secret[:]))
	}
	if err != nil {
		return secret, fmt.Errorf("read secret: %w", err)
	}
	if len(b) != len(secret) {
		return secret, &SizeError{Path: path, Size: len(b)}
	}
	return [secretSize]byte(b), nil
}

func writeSynced(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(fill(w), w.Flush()); err != nil {
		f.Close()
		return fmt.Errorf("write file: %w", err)
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return fmt.Errorf("sync file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close file: %w", err)
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
