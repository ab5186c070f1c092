// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

func openTestStore(t *testing.T) *store {
	t.Helper()
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// parts hands out parts one after the other.
func parts(all ...string) func() ([]byte, bool, error) {
	i := 0
	return func() ([]byte, bool, error) {
		i++
		return []byte(all[i-1]), i == len(all), nil
	}
}

func loaded(t *testing.T, s *store) (text string) {
	t.Helper()
	if _, err := s.load(func(part []byte, last bool) error {
		text += fmt.Sprintf("%s %t,", part, last)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestStoredCheckpointIsLoaded(t *testing.T) {
	s := openTestStore(t)
	if found, err := s.load(nil); found || err != nil {
		t.Fatalf("an empty folder: got %t, %v", found, err)
	}
	for _, tc := range []struct {
		parts []string
		want  string
	}{{[]string{"one"}, "one true,"}, {[]string{"a", "b", "c"}, "a false,b false,c true,"}} {
		if err := s.save(parts(tc.parts...)); err != nil {
			t.Fatal(err)
		}
		if got := loaded(t, s); got != tc.want {
			t.Errorf("parts: got %s, want %s", got, tc.want)
		}
	}
	info, err := os.Stat(s.path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: got %v, %v, want 600", info.Mode(), err)
	}
}

// A checkpoint that was not finished leaves the former one.
func TestUnfinishedCheckpoint(t *testing.T) {
	s := openTestStore(t)
	if err := s.save(parts("former")); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("the ledger enclave ended")
	i := 0
	err := s.save(func() ([]byte, bool, error) {
		if i++; i == 2 {
			return nil, false, ended
		}
		return []byte("first part"), false, nil
	})
	if !errors.Is(err, ended) {
		t.Errorf("got %v, want %v", err, ended)
	}
	if err := s.save(parts("")); err == nil {
		t.Error("a part without bytes was stored")
	}
	if got := loaded(t, s); got != "former true," {
		t.Errorf("got %s, want the former one", got)
	}
}

func TestDamagedCheckpoint(t *testing.T) {
	s := openTestStore(t)
	if err := s.save(parts("first", "second")); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	huge := binary.BigEndian.AppendUint64([]byte(magic), 1<<40)
	bad := map[string][]byte{
		"empty": nil, "other magic": append([]byte("x"), good[1:]...), "no part": append([]byte(magic), make([]byte, 8)...),
		"huge part": append(huge, good...),
	}
	for n := range len(good) {
		bad[fmt.Sprint("cut after ", n)] = good[:n]
	}
	for name, raw := range bad {
		if err := os.WriteFile(s.path(), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		ended := false
		found, err := s.load(func(_ []byte, last bool) error {
			ended = ended || last
			return nil
		})
		if name == "huge part" && !strings.Contains(fmt.Sprint(err), "at most") {
			t.Errorf("%s: got %v, want it refused by its length", name, err)
		}
		if !found || ended || protocol.CodeOf(err) != CodeDamagedCheckpoint {
			t.Errorf("%s: got %t, the last part %t, %v, want code %s", name, found, ended, err, CodeDamagedCheckpoint)
		}
	}
}

// FuzzCheckpoint reads files that are no checkpoints.
func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(magic + "\x00\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte(magic + "\xff\xff\xff\xff\xff\xff\xff\xffa"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		last := false
		err := readParts(bytes.NewReader(raw), "file", func(part []byte, l bool) error {
			if len(part) == 0 || last {
				t.Errorf("a part of %d bytes, after the last one: %t", len(part), last)
			}
			last = l
			return nil
		})
		if (err == nil) != last {
			t.Errorf("got %v, and the last part: %t", err, last)
		}
		if err != nil && protocol.CodeOf(err) != CodeDamagedCheckpoint {
			t.Errorf("got %v, want code %s", err, CodeDamagedCheckpoint)
		}
	})
}
