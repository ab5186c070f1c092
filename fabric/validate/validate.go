// SPDX-License-Identifier: Apache-2.0

// Package validate is trusted: it decides, as every Fabric peer does, which
// transactions of a block are valid and what they change. The embedded peer's
// committer and the ledger enclave both call it, so they cannot disagree
// (flows.md VAL-5, VAL-8).
//
// It is pure: state and configuration come in as arguments, there is no clock
// and no goroutine. [Block] does all; a caller that has several processors
// calls [Check] for each transaction on as many as it likes and then [Finish].
package validate

import (
	"errors"
	"iter"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var errNotBuilt = errors.New("validate: not built")

// State is the ledger as it stands before the block. A malicious
// implementation can make any verdict come out; the ledger enclave therefore
// implements it itself. An absent key is (nil, nil).
type State interface {
	// HasTx says whether a transaction id stands in an earlier block, valid or
	// not.
	HasTx(txID string) (bool, error)
	// Version returns a key's version.
	Version(namespace, key string) (*rwset.Version, error)
	// Value returns a key's value. It is asked for keys of `_lifecycle` only.
	Value(namespace, key string) ([]byte, error)
	// Metadata returns a key's metadata.
	Metadata(namespace, key string) ([]rwset.Entry, error)
	// Range yields the keys k with start <= k < end in byte order, an empty end
	// being the namespace's end, with their versions.
	Range(namespace, start, end string) iter.Seq2[rwset.Read, error]
	// HashedVersion and HashedMetadata are Version and Metadata for the hash
	// of a private key.
	HashedVersion(namespace, collection string, keyHash []byte) (*rwset.Version, error)
	HashedMetadata(namespace, collection string, keyHash []byte) ([]rwset.Entry, error)
}

// Tx is a transaction of a block after the checks that need no state.
type Tx struct {
	// TxID is the id that the channel header claims, whatever the verdict.
	TxID string
	// Type is the header type, -1 if undecodable.
	Type common.HeaderType
	// Code is the verdict so far.
	Code peer.TxValidationCode
	// Reason says why Code is not VALID.
	Reason error
	// Set is the transaction's read/write set, nil if there is none.
	Set *rwset.Set
}

// Check makes the checks of one serialised envelope of a block that need no
// state: form, creator's signature, ids, and which endorsers' signatures are
// good. It is safe for concurrent use.
func Check(envelope []byte, bundle *channel.Bundle) *Tx { return nil }

// Update is the new state of one key. If Delete is set, key and metadata go.
// A transaction that wrote only metadata has KeepValue set: the value stays
// (or is that of an earlier update of the block) but gets the new version.
type Update struct {
	Namespace string
	Key       string
	Value     []byte
	KeepValue bool
	Delete    bool
	Metadata  []rwset.Entry
	Version   rwset.Version
}

// HashedUpdate is Update for the hash of a private key.
type HashedUpdate struct {
	Namespace, Collection string
	KeyHash               []byte
	ValueHash             []byte
	KeepValue             bool
	Delete, Purge         bool
	Metadata              []rwset.Entry
	Version               rwset.Version
}

// Result is the outcome of a block.
type Result struct {
	// Codes has one verdict per transaction, never NOT_VALIDATED; Reasons says
	// why, nil where VALID.
	Codes   []peer.TxValidationCode
	Reasons []error
	Txs     []*Tx
	// Updates and Hashed are the block's changes to the state: the last one of
	// each key, sorted.
	Updates []Update
	Hashed  []HashedUpdate
	// Bundle is the new configuration if the block holds a valid config
	// transaction, otherwise nil.
	Bundle *channel.Bundle
}

// HaltError says that a transaction's verdict cannot be known: a Fabric peer
// stops processing the channel there. Nothing of the block may be committed.
type HaltError struct {
	Block uint64
	Tx    int
	TxID  string
	Err   error
}

func (e *HaltError) Error() string { return "validate: halt: " + e.Err.Error() }

func (e *HaltError) Unwrap() error { return e.Err }

// Block judges a block. It does not verify the orderers' signatures or the
// hash chain (fabric/block). Errors are failures of the state or *HaltError.
func Block(block *common.Block, bundle *channel.Bundle, state State) (*Result, error) {
	return nil, errNotBuilt
}

// Finish makes the checks that need state, in the block's order, for
// transactions that Check returned. number is the block's.
func Finish(number uint64, txs []*Tx, bundle *channel.Bundle, state State) (*Result, error) {
	return nil, errNotBuilt
}
