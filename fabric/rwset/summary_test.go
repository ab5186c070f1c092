// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

// treeOf is the oracle: it builds the same tree level by level from all rows at
// once, where Summarizer works row by row.
func treeOf(t *rapid.T, rows []Read, degree int) *Summary {
	var level [][]byte
	for len(rows) > 0 {
		n := min(degree+1, len(rows))
		raw, err := proto.Marshal(&pb.QueryReads{KvReads: readMessages(rows[:n])})
		if err != nil {
			t.Fatal(err)
		}
		level, rows = append(level, hash(raw)), rows[n:]
	}
	var left [][]byte // what full groups leave over, per level
	depth := uint32(1)
	for ; len(level) > degree; depth++ {
		var up [][]byte
		for len(level) > degree {
			up, level = append(up, hash(bytes.Join(level[:degree+1], nil))), level[degree+1:]
		}
		left = append(left, bytes.Join(level, nil))
		level = up
	}
	// fold the leftovers upwards, a single hash unchanged
	var carry []byte
	for _, l := range left {
		switch joined := append(bytes.Clone(l), carry...); {
		case len(joined) > 32:
			carry = hash(joined)
		default:
			carry = joined
		}
	}
	if len(carry) > 0 {
		level = append(level, carry)
	}
	if len(level) > degree {
		level, depth = [][]byte{hash(bytes.Join(level, nil))}, depth+1
	}
	return &Summary{MaxDegree: uint32(degree), MaxLevel: depth, Hashes: level}
}

func TestSummarizer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		degree := rapid.IntRange(2, 6).Draw(t, "degree")
		n := rapid.IntRange(0, 400).Draw(t, "rows")
		s, err := NewSummarizer(uint32(degree))
		if err != nil {
			t.Fatal(err)
		}
		var rows []Read
		for i := range n {
			r := Read{Key: fmt.Sprintf("key%05d", i), Version: &Version{Block: uint64(i), Tx: 1}}
			rows = append(rows, r)
			if err := s.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		gotRows, got, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if n <= degree {
			if got != nil || !reflect.DeepEqual(gotRows, rows) {
				t.Fatalf("%d rows at degree %d: got %v, %v, want the rows", n, degree, gotRows, got)
			}
			return
		}
		if want := treeOf(t, rows, degree); !got.Equal(want) || gotRows != nil {
			t.Fatalf("%d rows at degree %d: got %+v, want %+v", n, degree, got, want)
		}
	})
}

func TestSummarizerDegrees(t *testing.T) {
	if _, err := NewSummarizer(1); err == nil {
		t.Error("degree 1: got no error, want one")
	}
	s, err := NewSummarizer(0)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if err := s.Add(Read{Key: "k"}); err != nil {
			t.Fatal(err)
		}
	}
	rows, sum, err := s.Finish()
	if len(rows) != 200 || sum != nil || err != nil {
		t.Errorf("degree 0: got %d rows, %v, %v, want 200 rows", len(rows), sum, err)
	}
}

// A changed row must change the summary, wherever it is.
func TestSummaryCoversEveryRow(t *testing.T) {
	const n = 130
	summary := func(changed int) *Summary {
		s, err := NewSummarizer(3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			r := Read{Key: fmt.Sprint(i), Version: &Version{1, 0}}
			if i == changed {
				r.Version = &Version{2, 0}
			}
			if err := s.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		_, sum, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	want := summary(-1)
	for i := range n {
		if got := summary(i); got.Equal(want) {
			t.Errorf("row %d changed: summary did not", i)
		}
	}
}
