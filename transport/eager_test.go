// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"testing"
	"time"
)

// A machine is one on which each look takes a microsecond, and others may want the
// processor.
type machine struct {
	at     time.Time
	others time.Duration // how long they keep the processor
	tries  int
}

func (m *machine) looks(atMost time.Duration) *looks {
	return &looks{
		atMost: atMost,
		now:    func() time.Time { return m.at },
		yield:  func() { m.at = m.at.Add(time.Microsecond + m.others) },
	}
}

// finds is a stream that has something after a number of tries; 0: never.
func (m *machine) finds(after int) func([]byte) (int, error) {
	m.tries = 0
	return func([]byte) (int, error) {
		if m.tries++; m.tries == after {
			return 1, nil
		}
		return 0, errNothing
	}
}

func TestLooks(t *testing.T) {
	const atMost = 10 * time.Microsecond
	type wait struct {
		after  int // as of machine.finds
		others time.Duration
		tries  int // that many are wanted
	}
	for name, waits := range map[string][]wait{
		"found at once":          {{1, 0, 1}, {1, 0, 1}},
		"found later":            {{9, 0, 9}, {9, 0, 9}},
		"found at last":          {{12, 0, 12}, {12, 0, 12}},
		"in vain":                {{0, 0, 12}, {1, 0, 1}},
		"in vain again":          {{0, 0, 12}, {0, 0, 12}, {1, 0, 0}, {0, 0, 12}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 1}},
		"found between":          {{0, 0, 12}, {1, 0, 1}, {0, 0, 12}, {1, 0, 1}},
		"others want to compute": {{0, 100 * time.Microsecond, 2}, {0, 100 * time.Microsecond, 2}, {1, 0, 0}, {1, 0, 1}},
		"found after others":     {{2, 100 * time.Microsecond, 2}, {2, 100 * time.Microsecond, 2}},
		"others for a moment":    {{2, time.Microsecond, 2}, {2, 0, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{}
			l := m.looks(atMost)
			for i, w := range waits {
				m.others = w.others
				n, err := l.read(nil, m.finds(w.after))
				if m.tries != w.tries {
					t.Errorf("wait %d: got %d tries, want %d", i, m.tries, w.tries)
				}
				found := w.after > 0 && w.tries == w.after
				if found != (n == 1 && err == nil) || !found && err != errNothing {
					t.Errorf("wait %d: got %d, %v, want found %t", i, n, err, found)
				}
			}
		})
	}
}

// However many looks are in vain, there is another one in the end.
func TestLooksAgain(t *testing.T) {
	m := &machine{}
	l := m.looks(time.Microsecond)
	for range 20 * maxRest {
		_, _ = l.read(nil, m.finds(0))
	}
	for i := range maxRest + 1 {
		if n, _ := l.read(nil, m.finds(1)); n == 1 {
			return
		} else if i == maxRest {
			t.Errorf("no look in %d waits", i+1)
		}
	}
}

// A stream that always has something is waited for now and then, so that others get
// their turn; one in between that has nothing is such a wait, too.
func TestLooksGiveWay(t *testing.T) {
	m := &machine{}
	l := m.looks(time.Microsecond)
	find := func(after int) bool {
		n, _ := l.read(nil, m.finds(after))
		return n == 1
	}
	for round := range 3 {
		for i := range maxFound {
			if !find(1) {
				t.Fatalf("round %d: look %d found nothing, want it to find", round, i)
			}
		}
		if find(1) || m.tries != 0 {
			t.Errorf("round %d: got a look after %d in a row that found something, want a wait", round, maxFound)
		}
	}
	for range maxFound - 1 {
		find(1)
	}
	find(0)
	for i := range maxFound {
		if !find(1) {
			t.Errorf("after a look in vain: look %d found nothing, want %d in a row", i, maxFound)
		}
	}
}

func TestNeverLooks(t *testing.T) {
	m := &machine{}
	if n, err := m.looks(0).read(nil, m.finds(1)); n != 0 || err != errNothing || m.tries != 0 {
		t.Errorf("got %d, %v after %d tries, want none", n, err, m.tries)
	}
}

// What cannot be looked into is waited for.
func TestEagerReaderWaits(t *testing.T) {
	r, w := io.Pipe()
	eager := newEagerReader(r)
	eager.looks = newLooks(time.Hour)
	go func() {
		_, _ = w.Write([]byte("a"))
		_ = w.CloseWithError(errors.New("the end"))
	}()
	b := make([]byte, 8)
	if n, err := eager.Read(b); n != 1 || err != nil {
		t.Errorf("got %d, %v, want one byte", n, err)
	}
	if _, err := eager.Read(b); err == nil || err.Error() != "the end" {
		t.Errorf("got %v, want the stream's own end", err)
	}
}
