// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"cmp"
	"slices"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Lineage is the set of all custodies under which a key set ever was: platform,
// TCB level and debug state of each enclave that held it. It only grows.
type Lineage struct{ custodies []Custody }

// Custody is one kind of enclave.
type Custody struct {
	Platform string
	TCB      uint32 // the platform's TCB level
	Debug    bool
}

// NewLineage returns the set of these custodies.
func NewLineage(custodies ...Custody) Lineage {
	c := slices.Clone(custodies)
	slices.SortFunc(c, compareCustody)
	return Lineage{slices.Compact(c)}
}

// Union returns the set of both lineages' custodies.
func (l Lineage) Union(m Lineage) Lineage {
	return NewLineage(slices.Concat(l.custodies, m.custodies)...)
}

// Custodies returns the set, sorted.
func (l Lineage) Custodies() []Custody { return slices.Clone(l.custodies) }

// Contains tells whether the key set was under this custody.
func (l Lineage) Contains(c Custody) bool { return slices.Contains(l.custodies, c) }

// Covers tells whether the lineage admits to a holder of this kind: one of the
// same platform, and one in debug mode if this one is. The TCB level may differ:
// it changes under an enclave (REG-15), whose newest evidence is judged beside
// its lineage.
func (l Lineage) Covers(c Custody) bool {
	return slices.ContainsFunc(l.custodies, func(held Custody) bool {
		return held.Platform == c.Platform && (held.Debug || !c.Debug)
	})
}

// Check refuses a lineage with any custody below the policy: a key set is as
// weak as its weakest holder ever was. The step is the caller's.
func (l Lineage) Check(step string, policy AttestationPolicy) error {
	if len(l.custodies) == 0 {
		return Errorf(step, CodeLineage, "key set has no lineage")
	}
	for _, c := range l.custodies {
		p, allowed := policy.Platforms[c.Platform]
		switch {
		case !allowed:
			return Errorf(step, CodeLineage, "key set was held on platform %q, which the policy does not allow", c.Platform)
		case c.Debug && !p.AllowDebug:
			return Errorf(step, CodeLineage, "key set was held by a debug enclave on %q", c.Platform)
		case c.TCB < p.MinTCB:
			return Errorf(step, CodeLineage, "key set was held on %q at TCB level %d, the policy asks for %d", c.Platform, c.TCB, p.MinTCB)
		}
	}
	return nil
}

// PB returns the lineage as a message.
func (l Lineage) PB() *pb.Lineage {
	m := &pb.Lineage{}
	for _, c := range l.custodies {
		m.Custodies = append(m.Custodies, &pb.Custody{Platform: c.Platform, Tcb: c.TCB, Debug: c.Debug})
	}
	return m
}

// LineageFromPB reads a lineage; one that is not sorted or holds a custody
// twice is refused, so that a set has one encoding.
func LineageFromPB(step string, m *pb.Lineage) (Lineage, error) {
	var l Lineage
	for _, c := range m.GetCustodies() {
		l.custodies = append(l.custodies, Custody{c.GetPlatform(), c.GetTcb(), c.GetDebug()})
	}
	if !slices.Equal(l.custodies, NewLineage(l.custodies...).custodies) {
		return Lineage{}, Errorf(step, CodeMalformed, "lineage is not a sorted set")
	}
	return l, nil
}

func compareCustody(a, b Custody) int {
	return cmp.Or(cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.TCB, b.TCB), compareBool(a.Debug, b.Debug))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
