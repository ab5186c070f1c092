// SPDX-License-Identifier: Apache-2.0

package msp

import "errors"

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

// NewManager collects MSPs; two with one identifier are an error.
func NewManager(msps ...*MSP) (*Manager, error) { return nil, errors.New("msp: not implemented") }

// MSP returns the MSP with this identifier.
func (m *Manager) MSP(id string) (*MSP, bool) { return nil, false }

// IDs returns the identifiers, sorted.
func (m *Manager) IDs() []string { return nil }

// Present reads a serialized identity of any of the MSPs.
func (m *Manager) Present(serialized []byte) (*Presented, error) {
	return nil, errors.New("msp: not implemented")
}

// Identity reads and validates a serialized identity of any of the MSPs.
func (m *Manager) Identity(serialized []byte) (*Identity, error) {
	return nil, errors.New("msp: not implemented")
}

// Cache keeps the most recently used identities that a manager accepted, valid
// or not; failures to parse are not kept. It is bounded and safe for concurrent
// use. A new channel configuration needs a new cache.
type Cache struct{}

// NewCache keeps up to size identities in front of manager.
func NewCache(manager *Manager, size int) *Cache { return &Cache{} }

// Present is [Manager.Present], cached.
func (c *Cache) Present(serialized []byte) (*Presented, error) {
	return nil, errors.New("msp: not implemented")
}

// Identity is [Manager.Identity], cached.
func (c *Cache) Identity(serialized []byte) (*Identity, error) {
	return nil, errors.New("msp: not implemented")
}
