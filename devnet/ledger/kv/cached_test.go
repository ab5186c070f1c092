// SPDX-License-Identifier: Apache-2.0

package kv

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// counting counts what reaches the store beneath.
type counting struct {
	Store
	gets int
}

func (c *counting) Snapshot() (Snapshot, error) {
	s, err := c.Store.Snapshot()
	return &countingSnapshot{s, c}, err
}

type countingSnapshot struct {
	Snapshot
	store *counting
}

func (c *countingSnapshot) Get(key []byte) ([]byte, bool, error) {
	c.store.gets++
	return c.Snapshot.Get(key)
}

func snapshot(t testing.TB, s Store) Snapshot {
	t.Helper()
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = snap.Close() })
	return snap
}

func read(t testing.TB, r Reader, key string) string {
	t.Helper()
	value, ok, err := r.Get([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "absent"
	}
	return string(value)
}

func TestCachedReadsOnce(t *testing.T) {
	under := &counting{Store: NewMemory()}
	s := Cached(under)
	t.Cleanup(func() { _ = s.Close() })
	commit(t, s, "a=1", "e=")
	for _, key := range []string{"a", "e", "none"} {
		before := under.gets
		first := read(t, snapshot(t, s), key)
		value, _, err := snapshot(t, s).Get([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		clear(value) // a copy: nobody else sees this
		if again := read(t, snapshot(t, s), key); again != first || under.gets != before+1 {
			t.Errorf("%q: got %q, then %q, and %d reads of the store, want the same and one", key, first, again, under.gets-before)
		}
	}
}

func TestCachedShowsEachSnapshotItsState(t *testing.T) {
	s := Cached(NewMemory())
	t.Cleanup(func() { _ = s.Close() })
	commit(t, s, "a=1")
	first := snapshot(t, s)
	commit(t, s, "a=2", "b=1")
	second := snapshot(t, s)
	if got := read(t, second, "a") + read(t, second, "b"); got != "21" {
		t.Errorf("second snapshot: got %q, want %q", got, "21")
	}
	if got := read(t, first, "a") + read(t, first, "b"); got != "1absent" {
		t.Errorf("first snapshot after the second one has read: got %q, want %q", got, "1absent")
	}
	commit(t, s, "a")
	for want, r := range map[string]Reader{"1": first, "2": second, "absent": snapshot(t, s)} {
		if got := read(t, r, "a"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A store with a cache answers as one without, whatever is done to both.
func TestCachedIsNotToldApart(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		plain, cached := NewMemory(), Cached(NewMemory())
		defer plain.Close()
		defer cached.Close()
		type two struct{ plain, cached Snapshot }
		var open []two
		defer func() {
			for _, o := range open {
				_, _ = o.plain.Close(), o.cached.Close()
			}
		}()
		key := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		r.Repeat(map[string]func(*rapid.T){
			"commit": func(r *rapid.T) {
				var one, other Batch
				for range rapid.IntRange(1, 3).Draw(r, "changes") {
					k, v := []byte(key.Draw(r, "key")), []byte(rapid.StringN(0, 3, 3).Draw(r, "value"))
					if rapid.Bool().Draw(r, "remove") {
						one.Delete(k)
						other.Delete(k)
					} else {
						one.Set(k, v)
						other.Set(k, v)
					}
				}
				if err := plain.Commit(&one); err != nil {
					r.Fatal(err)
				}
				if err := cached.Commit(&other); err != nil {
					r.Fatal(err)
				}
			},
			"snapshot": func(r *rapid.T) {
				a, err := plain.Snapshot()
				if err != nil {
					r.Fatal(err)
				}
				b, err := cached.Snapshot()
				if err != nil {
					r.Fatal(err)
				}
				open = append(open, two{a, b})
			},
			"read": func(r *rapid.T) {
				if len(open) == 0 {
					r.Skip("no snapshot")
				}
				o, k := rapid.SampledFrom(open).Draw(r, "snapshot"), []byte(key.Draw(r, "key"))
				want, wantOK, err := o.plain.Get(k)
				if err != nil {
					r.Fatal(err)
				}
				got, ok, err := o.cached.Get(k)
				if err != nil || ok != wantOK || !bytes.Equal(got, want) {
					r.Fatalf("%s: got %q, %t, %v, want %q, %t", k, got, ok, err, want, wantOK)
				}
			},
		})
	})
}

// A pair of keys is always written together: no snapshot sees one without the
// other, however commits and reads meet.
func TestCachedUnderConcurrency(t *testing.T) {
	s := Cached(NewMemory())
	t.Cleanup(func() { _ = s.Close() })
	commit(t, s, "a=0", "b=0")
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				snap, err := s.Snapshot()
				if err != nil {
					t.Error(err)
					return
				}
				a, _, errA := snap.Get([]byte("a"))
				b, _, errB := snap.Get([]byte("b"))
				if errA != nil || errB != nil || !bytes.Equal(a, b) {
					t.Errorf("one snapshot shows a = %q and b = %q, %v, %v", a, b, errA, errB)
				}
				_ = snap.Close()
			}
		})
	}
	for i := range 500 {
		commit(t, s, fmt.Sprintf("a=%d", i), fmt.Sprintf("b=%d", i))
	}
	close(stop)
	all.Wait()
}

func TestCachedIsBounded(t *testing.T) {
	s := Cached(NewMemory()).(*cachedStore)
	t.Cleanup(func() { _ = s.Close() })
	snap := snapshot(t, s)
	for i := range 3 * cacheSize / entryOverhead {
		read(t, snap, fmt.Sprint("none", i))
	}
	if got, most := len(s.young)+len(s.old), 2*cacheSize/entryOverhead+2; got > most {
		t.Errorf("%d pairs are kept, want at most %d", got, most)
	}
	commit(t, s, "long="+string(make([]byte, cachedValue+1)))
	again := snapshot(t, s)
	read(t, again, "long")
	if _, ok := s.find([]byte("long"), s.commits); ok {
		t.Errorf("a value of %d bytes is kept", cachedValue+1)
	}
}
