// SPDX-License-Identifier: Apache-2.0

// Package ledger is untrusted: it holds a peer's copy of its channels, blocks
// and state, and commits blocks by the rules of fabric/validate.
//
// One block is one atomic batch: block, transaction index, state, private
// data and savepoint become durable together, so that a peer killed at any
// instant comes back at a block boundary.
package ledger

import (
	"context"
	"errors"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// ErrNotFound is returned for a block or transaction that the ledger does not hold.
var ErrNotFound = errors.New("ledger: not found")

// Version is the position of the transaction that last wrote a key.
type Version = rwset.Version

// VersionedValue is a key's entry in the state. Value is empty, not nil, for a
// key that has only metadata or an empty value.
type VersionedValue struct {
	Value    []byte
	Metadata []rwset.Entry // sorted by name; nil: none
	Version  Version
}

// VersionedHash is a private key's public trace: hash of its value, and version.
type VersionedHash struct {
	ValueHash []byte
	Metadata  []rwset.Entry
	Version   Version
}

// Row is one pair of a range.
type Row struct {
	Key string
	VersionedValue
}

// TxStatus is the ledger's verdict on a transaction.
type TxStatus struct {
	Block uint64
	Index uint64
	Code  peer.TxValidationCode
}

// Ledger is one channel of one peer. It is safe for concurrent use; Commit
// is called by one goroutine at a time.
type Ledger struct {
	*Chain
}

// Snapshot pins the state after the last committed block: a simulation reads
// one of them from begin to end (flows.md section 4, CTX). The caller closes it.
func (l *Ledger) Snapshot() (*Snapshot, error) {
	return nil, errors.New("ledger: not built")
}

// Commit validates the next block, writes the verdicts into its metadata and
// stores it with its effects (VAL-5). An error means that nothing was stored:
// the block does not extend this chain, or could not be judged; a transaction
// that is merely invalid is no error.
func (l *Ledger) Commit(ctx context.Context, block *common.Block) error {
	return errors.New("ledger: not built")
}

// TxStatus returns the verdict on a transaction, or ErrNotFound.
func (l *Ledger) TxStatus(txID string) (TxStatus, error) {
	return TxStatus{}, ErrNotFound
}

// WaitTx waits until the transaction stands in a block.
func (l *Ledger) WaitTx(ctx context.Context, txID string) (TxStatus, error) {
	return TxStatus{}, ErrNotFound
}

// Transaction returns a transaction's envelope and verdict, or ErrNotFound.
func (l *Ledger) Transaction(txID string) (*peer.ProcessedTransaction, error) {
	return nil, ErrNotFound
}

// BlockByTxID returns the block that holds a transaction, or ErrNotFound.
func (l *Ledger) BlockByTxID(txID string) (*common.Block, error) {
	return nil, ErrNotFound
}

// ConfigBlock returns the newest configuration block.
func (l *Ledger) ConfigBlock() (*common.Block, error) {
	return nil, ErrNotFound
}

// PutPrivate keeps the private write set of an endorsed transaction (a
// serialized TxPvtReadWriteSet: rwset.Results.Private), durably, until a block
// brings its hashes. The endorser calls it before it answers.
func (l *Ledger) PutPrivate(txID string, set []byte) error {
	return errors.New("ledger: not built")
}
