// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is trusted: validators and ledger enclaves read chaincode
// definitions with it, and the embedded peer's `_lifecycle` runs on it.
//
// A chaincode definition is agreed in three steps (flows.md LC-2 to LC-4):
// each organisation approves it, as private data in the organisation's
// implicit collection; anyone may compare the approvals, by hash; a commit
// writes it to the public state. The package is the rules and the encodings of
// these steps, over a state that the caller hands in. It does no I/O.
package lifecycle

import "github.com/privatechaincode/fpc/internal/pb/peer"

// Names of Fabric's that appear in state, in policies and in definitions.
const (
	// Namespace is where definitions stand in the ledger.
	Namespace = "_lifecycle"
	// EndorsementPolicyRef is the channel policy that a definition without a
	// policy of its own gets.
	EndorsementPolicyRef = "/Channel/Application/Endorsement"
	// LifecycleEndorsementPolicyRef is the channel policy that governs writes
	// to Namespace.
	LifecycleEndorsementPolicyRef = "/Channel/Application/LifecycleEndorsement"
	// DefaultEndorsementPlugin and DefaultValidationPlugin name Fabric's
	// builtin endorsement and validation.
	DefaultEndorsementPlugin = "escc"
	DefaultValidationPlugin  = "vscc"
)

// Definition is what organisations agree on about a chaincode.
type Definition struct {
	Name              string
	Sequence          int64
	Version           string
	EndorsementPlugin string
	ValidationPlugin  string
	// ValidationParameter is a serialised peer.ApplicationPolicy.
	ValidationParameter []byte
	InitRequired        bool
	Collections         *peer.CollectionConfigPackage
}

// WithDefaults fills in what an empty field means: the builtin plugins and the
// channel's endorsement policy.
func (d Definition) WithDefaults() Definition { return d }

// Validate checks name, version and collections as Fabric's `_lifecycle` does
// before an approval or a commit; the error texts are Fabric's.
func (d Definition) Validate() error { return nil }

// Readable is a state to read definitions from: the public `_lifecycle`
// namespace, or an organisation's implicit collection in it. An absent key is
// (nil, nil).
type Readable interface {
	GetState(key string) ([]byte, error)
}

// ReadWritable is a state that a definition or an approval is written to.
type ReadWritable interface {
	Readable
	PutState(key string, value []byte) error
	DelState(key string) error
}

// Opaque is a state of which only SHA-256 hashes of values are known, such as
// another organisation's implicit collection. An absent key is (nil, nil).
type Opaque interface {
	GetStateHash(key string) ([]byte, error)
}

// Rangeable lists keys and values by prefix.
type Rangeable interface {
	Readable
	GetStateRange(prefix string) (map[string][]byte, error)
}

// Approval is an approved definition with the package that the organisation
// runs for it; PackageID is empty where it runs none.
type Approval struct {
	Definition
	PackageID string
}

// NotDefinedError says that no chaincode of this name is committed. A peer
// answers it with status 404.
type NotDefinedError struct{ Name string }

func (e NotDefinedError) Error() string { return "namespace " + e.Name + " is not defined" }

// Approve writes an organisation's approval of d, defaults filled in, to its
// implicit collection (LC-3). Sequence rules and error texts are Fabric's.
func Approve(d Definition, packageID string, public Readable, org ReadWritable) error { return nil }

// CheckCommitReadiness tells, per organisation, whether it approved exactly d.
func CheckCommitReadiness(d Definition, public Readable, orgs map[string]Opaque) (map[string]bool, error) {
	return nil, nil
}

// Commit writes d to the public state (LC-4) and tells who approved it; whether
// that is enough is the LifecycleEndorsement policy's decision.
func Commit(d Definition, public ReadWritable, orgs map[string]Opaque) (map[string]bool, error) {
	return nil, nil
}

// Approvals tells which organisations' approvals equal the definition d.
func Approvals(d Definition, orgs map[string]Opaque) (map[string]bool, error) { return nil, nil }

// Query reads a committed definition; it is a [NotDefinedError] if there is
// none.
func Query(name string, public Readable) (*Definition, error) { return nil, nil }

// QueryAll reads all committed definitions, sorted by name.
func QueryAll(public Rangeable) ([]*Definition, error) { return nil, nil }

// QueryApproved reads an organisation's approval; sequence 0 asks for the
// newest: the next one if it is approved already, otherwise the current one.
func QueryApproved(name string, sequence int64, public, org Readable) (*Approval, error) {
	return nil, nil
}

// Sequence reads a chaincode's committed sequence, 0 if there is none.
func Sequence(name string, public Readable) (int64, error) { return 0, nil }
