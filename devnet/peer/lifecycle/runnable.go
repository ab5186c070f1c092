// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"sync"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
)

// NotApprovedError says that this organisation did not approve a committed
// definition, so that its peer does not run it.
type NotApprovedError struct {
	Name     string
	Sequence int64
}

func (e *NotApprovedError) Error() string {
	return fmt.Sprintf("chaincode definition for '%s' at sequence %d has not yet been approved by this org", e.Name, e.Sequence)
}

// Runnable implements chaincode.Definitions. The committed sequence becomes
// part of the transaction's read set, as in Fabric: a transaction that was
// simulated under a definition since replaced is invalid.
func (s *SCC) Runnable(inv *chaincode.Invocation, name string) (*chaincode.Definition, error) {
	sequence, err := lifecycle.Sequence(name, publicState{inv.Sim})
	if err != nil {
		return nil, fmt.Errorf("could not get current sequence for chaincode '%s' on channel '%s': %w", name, inv.ChannelID, err)
	}
	if sequence == 0 {
		return nil, fmt.Errorf("chaincode %s not found", name)
	}
	at, err := s.versions(inv.Sim, name, sequence)
	if err != nil {
		return nil, err
	}
	key := definitionKey{inv.ChannelID, name}
	if d, ok := s.cache.get(key, at); ok {
		return d, nil
	}
	d, err := s.resolve(inv.Sim, name)
	if err != nil {
		return nil, err
	}
	s.cache.put(key, at, d)
	return d, nil
}

// resolve reads the committed definition and the package that this
// organisation approved for it.
func (s *SCC) resolve(sim *simulator.Simulator, name string) (*chaincode.Definition, error) {
	d, err := lifecycle.Query(name, unrecorded{sim})
	if err != nil {
		return nil, err
	}
	packageID, err := approvedPackage(sim, s.cfg.MSPID, d)
	if err != nil {
		return nil, err
	}
	if packageID == "" {
		return nil, fmt.Errorf("chaincode definition for '%s' exists, but chaincode is not installed", name)
	}
	if _, err := s.cfg.Packages.Get(packageID); err != nil {
		return nil, fmt.Errorf("chaincode definition for '%s' exists, but chaincode is not installed: %w", name, err)
	}
	return &chaincode.Definition{
		Version:           d.Version,
		InitRequired:      d.InitRequired,
		EndorsementPlugin: d.EndorsementPlugin,
		PackageID:         packageID,
	}, nil
}

// approvedPackage returns the package that an organisation runs for a committed
// definition: empty if it approved without one, *NotApprovedError if it did not
// approve exactly this definition.
func approvedPackage(sim *simulator.Simulator, mspID string, d *lifecycle.Definition) (string, error) {
	org := unrecordedOrg{sim, rwset.ImplicitCollection(mspID)}
	approvals, err := lifecycle.Approvals(*d, map[string]lifecycle.Opaque{mspID: org})
	if err != nil {
		return "", err
	}
	if !approvals[mspID] {
		return "", &NotApprovedError{Name: d.Name, Sequence: d.Sequence}
	}
	a, err := lifecycle.QueryApproved(d.Name, d.Sequence, unrecorded{sim}, org)
	if err != nil {
		return "", err
	}
	return a.PackageID, nil
}

// definitionKey names a definition on a channel.
type definitionKey struct{ channelID, name string }

// versions are those of the two keys that change whenever the definition or
// this organisation's package for it changes.
type versions struct {
	committed, approved ledger.Version
}

func (s *SCC) versions(sim *simulator.Simulator, name string, sequence int64) (versions, error) {
	var at versions
	committed, err := sim.Peek(lifecycle.Namespace, lifecycle.FieldKey(name, "Sequence"))
	if err != nil {
		return at, err
	}
	approved, err := sim.PeekHash(lifecycle.Namespace, s.collectionOf(), fmt.Sprintf("chaincode-sources/fields/%s#%d/PackageID", name, sequence))
	if err != nil {
		return at, err
	}
	if committed != nil {
		at.committed = committed.Version
	}
	if approved != nil {
		at.approved = approved.Version
	}
	return at, nil
}

// definitionCache keeps the newest definition seen of each chaincode, so that
// an invocation need not decode it again.
type definitionCache struct {
	mu      sync.Mutex
	entries map[definitionKey]cachedDefinition
}

type cachedDefinition struct {
	at         versions
	definition *chaincode.Definition
}

func (c *definitionCache) get(key definitionKey, at versions) (*chaincode.Definition, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[key]
	if !ok || entry.at != at {
		return nil, false
	}
	return entry.definition, true
}

func (c *definitionCache) put(key definitionKey, at versions, d *chaincode.Definition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[definitionKey]cachedDefinition{}
	}
	c.entries[key] = cachedDefinition{at, d}
}
