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

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

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

// Approval is an approved definition with the package that the organisation
// runs for it; PackageID is empty where it runs none.
type Approval struct {
	Definition
	PackageID string
}

// Readable is a state to read definitions from: the public `_lifecycle`
// namespace, or an organisation's implicit collection in it. An absent key is
// (nil, nil).
type Readable interface {
	GetState(key string) ([]byte, error)
}

// ReadWritable is a state that a definition or an approval is written to.
// Reads show the state before the transaction, not its own writes.
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

// Rangeable lists keys and values by prefix: keys from prefix on and below
// prefix+"\x7f".
type Rangeable interface {
	Readable
	GetStateRange(prefix string) (map[string][]byte, error)
}

// WithDefaults fills in what an empty field means: the builtin plugins and the
// channel's endorsement policy.
func (d Definition) WithDefaults() Definition {
	if d.EndorsementPlugin == "" {
		d.EndorsementPlugin = DefaultEndorsementPlugin
	}
	if d.ValidationPlugin == "" {
		d.ValidationPlugin = DefaultValidationPlugin
	}
	if len(d.ValidationParameter) == 0 {
		d.ValidationParameter = defaultPolicy
	}
	return d
}

var defaultPolicy = referenceTo(EndorsementPolicyRef)

// referenceTo is the application policy that refers to a channel policy:
// ApplicationPolicy{channel_config_policy_reference: path}, field 2. It is
// written out because encoding a constant cannot fail, and needs no error path.
func referenceTo(path string) []byte {
	return append([]byte{2<<3 | 2, byte(len(path))}, path...)
}

// sameParameters says in Fabric's words how a definition differs from this one
// in anything but name and sequence.
func (d Definition) sameParameters(o Definition) error {
	mismatch := func(field, expected, passed string) error {
		return fail(CodeRedefinition, nil, "expected %s '%s' does not match passed %s '%s'", field, expected, field, passed)
	}
	boolean := map[bool]string{true: "true", false: "false"}
	switch {
	case d.Version != o.Version:
		return mismatch("Version", d.Version, o.Version)
	case d.EndorsementPlugin != o.EndorsementPlugin:
		return mismatch("EndorsementPlugin", d.EndorsementPlugin, o.EndorsementPlugin)
	case d.InitRequired != o.InitRequired:
		return mismatch("InitRequired", boolean[d.InitRequired], boolean[o.InitRequired])
	case d.ValidationPlugin != o.ValidationPlugin:
		return mismatch("ValidationPlugin", d.ValidationPlugin, o.ValidationPlugin)
	case !bytes.Equal(d.ValidationParameter, o.ValidationParameter):
		return fail(CodeRedefinition, nil, "expected ValidationParameter '%x' does not match passed ValidationParameter '%x'", d.ValidationParameter, o.ValidationParameter)
	case !proto.Equal(collectionsOf(d), collectionsOf(o)):
		return fail(CodeRedefinition, nil, "Collections do not match")
	}
	return nil
}

func collectionsOf(d Definition) *peer.CollectionConfigPackage {
	if d.Collections == nil {
		return &peer.CollectionConfigPackage{}
	}
	return d.Collections
}
