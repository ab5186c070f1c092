// SPDX-License-Identifier: Apache-2.0

package kv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func commit(t *testing.T, s Store, pairs ...string) {
	t.Helper()
	var b Batch
	for _, p := range pairs {
		if k, v, ok := strings.Cut(p, "="); ok {
			b.Set([]byte(k), []byte(v))
		} else {
			b.Delete([]byte(p))
		}
	}
	if err := s.Commit(&b); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, r Reader, lower, upper string) string {
	t.Helper()
	var hi []byte
	if upper != "" {
		hi = []byte(upper)
	}
	it, err := r.Iterate([]byte(lower), hi)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	var out []string
	for it.Next() {
		out = append(out, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func stores(t *testing.T) map[string]Store {
	t.Helper()
	disk, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Store{"disk": disk, "memory": NewMemory()}
	t.Cleanup(func() {
		for name, s := range all {
			if err := s.Close(); err != nil {
				t.Errorf("close %s: %v", name, err)
			}
		}
	})
	return all
}

func TestStore(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			commit(t, s, "a=1", "b=2", "c=3", "d=")
			snap, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			defer snap.Close()
			commit(t, s, "b=22", "c", "b=222", "absent")
			for _, c := range []struct {
				what   string
				reader Reader
				lo, hi string
				want   string
			}{
				{"store", s, "", "", "a=1 b=222 d="},
				{"snapshot is unchanged", snap, "", "", "a=1 b=2 c=3 d="},
				{"upper is exclusive", s, "a", "b", "a=1"},
				{"lower is inclusive", s, "b", "", "b=222 d="},
				{"empty range", s, "b", "b", ""},
			} {
				if got := list(t, c.reader, c.lo, c.hi); got != c.want {
					t.Errorf("%s [%q, %q): got %q, want %q", c.what, c.lo, c.hi, got, c.want)
				}
			}
			if _, ok, err := s.Get([]byte("c")); ok || err != nil {
				t.Errorf("deleted key: got found=%v, %v, want absent", ok, err)
			}
			if v, ok, err := s.Get([]byte("d")); !ok || len(v) != 0 || err != nil {
				t.Errorf("empty value: got %q, found=%v, %v, want empty and found", v, ok, err)
			}
		})
	}
}

func TestClosedStoreIsAnError(t *testing.T) {
	s := NewMemory()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, getErr := s.Get([]byte("k"))
	_, iterErr := s.Iterate(nil, nil)
	_, snapErr := s.Snapshot()
	for what, err := range map[string]error{
		"get": getErr, "iterate": iterErr, "snapshot": snapErr, "commit": s.Commit(&Batch{}),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: got %v, want %v", what, err, ErrClosed)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: got %v, want nil", err)
	}
}

// After a power cut only what was synced is there: every acknowledged batch, and
// of others all or nothing.
func TestBatchesSurviveAPowerCut(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := openFS("db", fs)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		commit(t, s, fmt.Sprintf("left%d=%d", n, n), fmt.Sprintf("right%d=%d", n, n), fmt.Sprintf("height=%d", n+1))
		if n%20 != 7 {
			continue
		}
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		again, err := openFS("db", crashed)
		if err != nil {
			t.Fatalf("reopen after batch %d: %v", n, err)
		}
		v, _, err := again.Get([]byte("height"))
		if err != nil || string(v) != fmt.Sprint(n+1) {
			t.Errorf("height after power cut: got %q, %v, want %d", v, err, n+1)
		}
		for i := range n + 1 {
			for _, side := range []string{"left", "right"} {
				if v, _, _ := again.Get(fmt.Appendf(nil, "%s%d", side, i)); string(v) != fmt.Sprint(i) {
					t.Errorf("%s%d after power cut: got %q, want %d", side, i, v, i)
				}
			}
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if second, err := Open(dir); err == nil {
		second.Close()
		t.Error("second open of one directory: got a store, want an error")
	}
}
