// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"bytes"
	"fmt"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

// DefaultMaxDegree is how many rows Fabric puts into one leaf of a range
// query's Merkle tree at most, and how many hashes under one node.
const DefaultMaxDegree = 50

// Summarizer builds what a [Range] carries from the rows as they are read: the
// rows themselves up to the degree, beyond it a Merkle summary whose leaves are
// hashes over degree+1 consecutive rows.
type Summarizer struct {
	degree  uint32
	pending []Read
	levels  [][][]byte // levels[i] holds the hashes of level i+1 not yet combined
	top     int        // highest level reached, from 1
}

// NewSummarizer returns a summarizer; degree 0 keeps all rows and never
// hashes, degree 1 is an error.
func NewSummarizer(degree uint32) (*Summarizer, error) {
	if degree == 1 {
		return nil, fmt.Errorf("rwset: a Merkle tree of degree 1 cannot be built")
	}
	return &Summarizer{degree: degree, top: 1}, nil
}

// Add appends the next row.
func (s *Summarizer) Add(r Read) error {
	s.pending = append(s.pending, r)
	if s.degree == 0 || uint64(len(s.pending)) <= uint64(s.degree) {
		return nil
	}
	return s.flush()
}

// flush hashes the pending rows into a leaf, and combines every level that
// holds more than degree hashes into one of the next.
func (s *Summarizer) flush() error {
	raw, err := encoding.Marshal(&pb.QueryReads{KvReads: readMessages(s.pending)})
	if err != nil {
		return fmt.Errorf("rwset: summarize: %w", err)
	}
	s.pending = nil
	s.push(1, hash(raw))
	for level := 1; uint64(len(s.at(level))) > uint64(s.degree); level++ {
		combined := hash(bytes.Join(s.at(level), nil))
		s.levels[level-1] = nil
		s.push(level+1, combined)
	}
	return nil
}

// at returns the hashes waiting at a level, counted from 1.
func (s *Summarizer) at(level int) [][]byte {
	if level > len(s.levels) {
		return nil
	}
	return s.levels[level-1]
}

func (s *Summarizer) push(level int, h []byte) {
	for len(s.levels) < level {
		s.levels = append(s.levels, nil)
	}
	s.levels[level-1] = append(s.levels[level-1], h)
	s.top = max(s.top, level)
}

// summary returns the tree's top as it stands.
func (s *Summarizer) summary() *Summary {
	return &Summary{MaxDegree: s.degree, MaxLevel: uint32(s.top), Hashes: s.at(s.top)}
}

// Finish returns the rows or, if there were more than the degree, the summary.
// The summarizer cannot be used after it.
func (s *Summarizer) Finish() ([]Read, *Summary, error) {
	if s.degree == 0 || s.levels == nil {
		return s.pending, nil, nil
	}
	if len(s.pending) > 0 {
		if err := s.flush(); err != nil {
			return nil, nil, err
		}
	}
	for level := 1; level < s.top; level++ {
		switch hashes := s.at(level); len(hashes) {
		case 0:
		case 1:
			s.push(level+1, hashes[0])
		default:
			s.push(level+1, hash(bytes.Join(hashes, nil)))
		}
		s.levels[level-1] = nil
	}
	if top := s.at(s.top); uint64(len(top)) > uint64(s.degree) {
		s.levels[s.top-1] = nil
		s.push(s.top+1, hash(bytes.Join(top, nil)))
	}
	return nil, s.summary(), nil
}

// Equal says whether two summaries are the same; nil equals only nil.
func (s *Summary) Equal(o *Summary) bool {
	if s == nil || o == nil {
		return s == o
	}
	if s.MaxDegree != o.MaxDegree || s.MaxLevel != o.MaxLevel || len(s.Hashes) != len(o.Hashes) {
		return false
	}
	for i := range s.Hashes {
		if !bytes.Equal(s.Hashes[i], o.Hashes[i]) {
			return false
		}
	}
	return true
}
