// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"maps"
	"slices"
)

// Resolver turns serialized identities into presented ones: a [Manager], or a
// [Cache] in front of one.
type Resolver interface {
	// Present reads a serialized identity of any known MSP.
	Present(serialized []byte) (*Presented, error)
}

// Manager holds the MSPs of one channel by their identifiers. It is immutable
// and safe for concurrent use.
type Manager struct {
	msps map[string]*MSP
}

// NewManager collects MSPs. Two of one identifier are an error.
func NewManager(msps ...*MSP) (*Manager, error) {
	m := &Manager{msps: make(map[string]*MSP, len(msps))}
	for _, one := range msps {
		if _, twice := m.msps[one.id]; twice {
			return nil, one.fail(CodeBadConfig, nil, "two MSPs have this identifier")
		}
		m.msps[one.id] = one
	}
	return m, nil
}

// MSP returns the MSP with this identifier.
func (m *Manager) MSP(id string) (*MSP, bool) {
	one, ok := m.msps[id]
	return one, ok
}

// IDs returns the identifiers, sorted.
func (m *Manager) IDs() []string { return slices.Sorted(maps.Keys(m.msps)) }

// Present reads a serialized identity of any of the MSPs.
func (m *Manager) Present(serialized []byte) (*Presented, error) {
	mspID, certPEM, err := ParseSerialized(serialized)
	if err != nil {
		return nil, err
	}
	one, ok := m.msps[mspID]
	if !ok {
		return nil, &Error{Code: CodeUnknownMSP, MSPID: mspID, Reason: "the channel has no such MSP"}
	}
	return one.present(certPEM)
}

// Identity reads and validates a serialized identity of any of the MSPs.
func (m *Manager) Identity(serialized []byte) (*Identity, error) {
	presented, err := m.Present(serialized)
	if err != nil {
		return nil, err
	}
	return presented.Validate()
}
