// SPDX-License-Identifier: Apache-2.0

package statedir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestStoredStateIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "on", "demand")
	d := open(t, path)
	if got, err := d.Load(); got != nil || err != nil {
		t.Fatalf("first load: got %v and error %v, want none", got, err)
	}
	for _, sealed := range []string{"first", "second"} {
		want := &fpc.StubState{SealedState: []byte(sealed), Credentials: &fpc.Credentials{AttestedData: []byte("a")}}
		if err := d.Store(want); err != nil {
			t.Fatal(err)
		}
		got, err := d.Load()
		if err != nil || !proto.Equal(got, want) {
			t.Fatalf("got %v and error %v, want %v", got, err, want)
		}
	}
	if mode := stat(t, filepath.Join(path, stateFile)).Mode().Perm(); mode != 0o600 {
		t.Errorf("mode of the state file: got %o, want 600", mode)
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestDirectoryHasOneUser(t *testing.T) {
	path := t.TempDir()
	first := open(t, path)
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Fatalf("second user: got error %v, want ErrInUse", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A stub that is started anew waits for its predecessor to end, as long as it may.
func TestDirectoryIsAwaited(t *testing.T) {
	path := t.TempDir()
	first := open(t, path)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := OpenWhenFree(ended, path); !errors.Is(err, ErrInUse) {
		t.Fatalf("directory in use: got error %v, want ErrInUse", err)
	}
	opened := make(chan error, 1)
	go func() {
		second, err := OpenWhenFree(t.Context(), path)
		if err == nil {
			err = second.Close()
		}
		opened <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("directory given free: got error %v, want none", err)
	}
}

func TestCrashWhileStoringKeepsTheFormerState(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	if err := d.Store(&fpc.StubState{SealedState: []byte("former")}); err != nil {
		t.Fatal(err)
	}
	// The crash comes after half of the new file and before the rename.
	if err := os.WriteFile(filepath.Join(path, stateFile+".new"), []byte{0x0a, 0xff}, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := d.Load()
	if err != nil || string(got.GetSealedState()) != "former" {
		t.Fatalf("got %v and error %v, want the former state", got, err)
	}
	if err := d.Store(&fpc.StubState{SealedState: []byte("later")}); err != nil {
		t.Fatalf("store after the crash: %v", err)
	}
	// Here it comes before anything of the new file is there.
	if err := os.Mkdir(filepath.Join(path, stateFile+".new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Store(&fpc.StubState{SealedState: []byte("never")}); err == nil {
		t.Fatal("store on a disk that takes no new file: got no error")
	}
	if got, err = d.Load(); err != nil || string(got.GetSealedState()) != "later" {
		t.Fatalf("got %v and error %v, want the state before", got, err)
	}
}

func TestDamagedStateIsRefusedAndKept(t *testing.T) {
	whole, err := proto.Marshal(&fpc.StubState{SealedState: []byte("sealed")})
	if err != nil {
		t.Fatal(err)
	}
	tooLong, err := proto.Marshal(&fpc.StubState{SealedState: make([]byte, maxState-4)})
	if err != nil || len(tooLong) != maxState+1 {
		t.Fatalf("%d bytes and error %v, want one more than %d", len(tooLong), err, maxState)
	}
	for name, b := range map[string][]byte{
		"empty":           {},
		"truncated":       whole[:len(whole)-1],
		"garbage":         []byte("no protobuf"),
		"no sealed state": {0x12, 0x00},
		"too long":        tooLong,
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			file := filepath.Join(path, stateFile)
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			d := open(t, path)
			var damaged *DamagedError
			if got, err := d.Load(); !errors.As(err, &damaged) {
				t.Fatalf("got %v and error %v, want a DamagedError", got, err)
			}
			if size := stat(t, file).Size(); size != int64(len(b)) {
				t.Errorf("the damaged file has now %d bytes, had %d", size, len(b))
			}
		})
	}
}

func TestHostSecretIsMadeOnce(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	first, err := d.HostSecret()
	if err != nil || first == [32]byte{} {
		t.Fatalf("got %x and error %v, want a secret", first, err)
	}
	if again, err := d.HostSecret(); err != nil || again != first {
		t.Errorf("second call: got another secret, error %v", err)
	}
	if mode := stat(t, filepath.Join(path, secretFile)).Mode().Perm(); mode != 0o600 {
		t.Errorf("mode of the secret's file: got %o, want 600", mode)
	}
	if err := os.WriteFile(filepath.Join(path, secretFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	var damaged *DamagedError
	if _, err := d.HostSecret(); !errors.As(err, &damaged) {
		t.Errorf("short secret: got error %v, want a DamagedError", err)
	}
}

func FuzzStateFile(f *testing.F) {
	whole, err := proto.Marshal(&fpc.StubState{
		SealedState:  []byte("sealed"),
		Credentials:  &fpc.Credentials{AttestedData: []byte("a"), Evidence: &fpc.Evidence{Platform: "sim"}},
		Registration: &fpc.Signed{Message: []byte("m"), Signature: []byte("s")},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:5])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		state, err := decode(b)
		if err != nil {
			return
		}
		again, err := proto.Marshal(state)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		if second, err := decode(again); err != nil || !proto.Equal(state, second) {
			t.Fatalf("decoded again: got %v and error %v, want %v", second, err, state)
		}
	})
}
