// SPDX-License-Identifier: Apache-2.0

package rwset

// DefaultMaxDegree is how many rows Fabric puts into one leaf of a range
// query's Merkle tree, and how many hashes into one node.
const DefaultMaxDegree = 50

// Summarizer builds what a [Range] carries from the rows as they are read: the
// rows themselves up to the degree, a Merkle summary beyond it.
type Summarizer struct {
	degree uint32
}

// NewSummarizer returns a summarizer; degree 0 keeps all rows and never
// hashes, degree 1 is an error.
func NewSummarizer(degree uint32) (*Summarizer, error) {
	return &Summarizer{degree: degree}, nil
}

// Add appends the next row.
func (s *Summarizer) Add(r Read) error { return nil }

// Finish returns the rows or, if there were more than the degree, the summary.
func (s *Summarizer) Finish() ([]Read, *Summary, error) { return nil, nil, nil }
