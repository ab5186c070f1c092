// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Lock(path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second lock: got %v, %v, want %v", second, err, ErrInUse)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Fatalf("after the first was closed: got %v", err)
	}
	_ = again.Close()
	if _, err := Lock(filepath.Join(path, "below a file")); err == nil || errors.Is(err, ErrInUse) {
		t.Errorf("a lock that cannot be made: got %v, want another error than %v", err, ErrInUse)
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	want := func(text string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	for _, text := range []string{"first", "second, longer", ""} {
		if err := Replace(path, Bytes([]byte(text))); err != nil {
			t.Fatal(err)
		}
		want(text)
	}
	if err := Replace(path, Bytes([]byte("former"))); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := Replace(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("a fill that fails: got %v, want %v", err, failed)
	}
	want("former")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, %v, want 600", info.Mode(), err)
	}
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	first, err := Secret(path)
	if err != nil || first == ([secretSize]byte{}) {
		t.Fatalf("got %x, %v, want random bytes", first, err)
	}
	if again, err := Secret(path); err != nil || again != first {
		t.Errorf("the second call: got %x, %v, want %x", again, err, first)
	}
	if other, err := Secret(path + "2"); err != nil || other == first {
		t.Errorf("another file: got %x, %v, want another secret", other, err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	var damaged *SizeError
	if _, err := Secret(path); !errors.As(err, &damaged) || damaged.Size != 5 || damaged.Path != path {
		t.Errorf("a damaged file: got %v, want a %T of 5 bytes", err, damaged)
	}
}
