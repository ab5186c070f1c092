// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"encoding/binary"
	"errors"
	"testing"
)

func TestMemo(t *testing.T) {
	var m memo[int]
	calls := 0
	of := func(input []byte) int {
		t.Helper()
		v, err := m.of(input, func(input []byte) (int, error) {
			calls++
			return len(input), nil
		})
		if err != nil || v != len(input) {
			t.Errorf("of %d bytes: got %d, %v, want their number", len(input), v, err)
		}
		return calls
	}
	for i, c := range []struct {
		input string
		calls int
	}{{"a", 1}, {"a", 1}, {"bc", 2}, {"a", 2}, {"", 3}, {"", 3}} {
		if got := of([]byte(c.input)); got != c.calls {
			t.Errorf("call %d with %q: the function ran %d times, want %d", i, c.input, got, c.calls)
		}
	}
	long := make([]byte, memoInput+1)
	if first, second := of(long), of(long); second != first+1 {
		t.Errorf("an input of %d bytes is remembered", len(long))
	}
}

func TestMemoForgetsFailures(t *testing.T) {
	var m memo[int]
	broken := errors.New("broken")
	if _, err := m.of([]byte("a"), func([]byte) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	if v, err := m.of([]byte("a"), func([]byte) (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("after a failure: got %d, %v, want the function to run again", v, err)
	}
}

func TestMemoIsBounded(t *testing.T) {
	var m memo[int]
	for i := range 3 * memoSize {
		if _, err := m.of(binary.BigEndian.AppendUint64(nil, uint64(i)), func([]byte) (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
		if len(m.known) > memoSize {
			t.Fatalf("%d results are remembered, want at most %d", len(m.known), memoSize)
		}
	}
}
