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
	"fmt"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// ErrNotFound is returned for a block or transaction that the ledger does not hold.
var ErrNotFound = errors.New("ledger: not found")

// Version is the position of the transaction that last wrote a key.
type Version = rwset.Version

// VersionedValue is a key's entry in the state.
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

// Ledger is one channel of one peer. It is safe for concurrent use.
type Ledger struct {
	*Chain
	mspID  string
	bundle atomic.Pointer[channel.Bundle]

	commit     sync.Mutex // serialises writers
	commitHash []byte     // of the last block; theirs
}

// openLedger reopens a channel that has at least its genesis block.
func openLedger(store kv.Store, channelID, mspID string) (*Ledger, error) {
	chain, err := OpenChain(store, channelID)
	if err != nil {
		return nil, err
	}
	l := &Ledger{Chain: chain, mspID: mspID}
	config, err := l.ConfigBlock()
	if err != nil {
		return nil, err
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: configuration: %w", channelID, err)
	}
	l.bundle.Store(bundle)
	last, err := l.Block(l.Height() - 1)
	if err != nil {
		return nil, err
	}
	l.commitHash, err = CommitHash(last)
	return l, err
}

// Bundle returns the channel's present configuration.
func (l *Ledger) Bundle() *channel.Bundle { return l.bundle.Load() }

// Sequence returns the present configuration's number.
func (l *Ledger) Sequence() uint64 { return l.Bundle().Sequence() }

// Snapshot pins the state after the last committed block: a simulation reads
// one of them from begin to end (docs/flows.md, Execution). The caller closes it.
func (l *Ledger) Snapshot() (*Snapshot, error) {
	snap, err := l.store.Snapshot()
	if err != nil {
		return nil, err
	}
	height, err := savepoint(snap, l.keys)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", l.channelID, err), snap.Close())
	}
	return &Snapshot{snap: snap, keys: l.keys, height: height}, nil
}

// TxStatus returns the verdict on a transaction, or ErrNotFound.
func (l *Ledger) TxStatus(txID string) (TxStatus, error) {
	raw, ok, err := l.store.Get(l.keys.text(kindTx, txID))
	if err != nil {
		return TxStatus{}, err
	}
	if !ok {
		return TxStatus{}, fmt.Errorf("transaction %s of %s: %w", txID, l.channelID, ErrNotFound)
	}
	return decodeStatus(raw)
}

// WaitTx waits until the transaction stands in a block.
func (l *Ledger) WaitTx(ctx context.Context, txID string) (TxStatus, error) {
	for {
		height := l.Height() // before the look-up, so that no block is missed
		status, err := l.TxStatus(txID)
		if !errors.Is(err, ErrNotFound) {
			return status, err
		}
		if err := l.WaitHeight(ctx, height+1); err != nil {
			return TxStatus{}, err
		}
	}
}

// Transaction returns a transaction's envelope and verdict, or ErrNotFound.
func (l *Ledger) Transaction(txID string) (*peer.ProcessedTransaction, error) {
	status, err := l.TxStatus(txID)
	if err != nil {
		return nil, err
	}
	b, err := l.Block(status.Block)
	if err != nil {
		return nil, err
	}
	if status.Index >= uint64(len(b.GetData().GetData())) {
		return nil, fmt.Errorf("transaction %s of %s: %w", txID, l.channelID, errRecord)
	}
	env := new(common.Envelope)
	if err := proto.Unmarshal(b.Data.Data[status.Index], env); err != nil {
		return nil, fmt.Errorf("transaction %s of %s: %w", txID, l.channelID, err)
	}
	return &peer.ProcessedTransaction{TransactionEnvelope: env, ValidationCode: int32(status.Code)}, nil
}

// BlockByTxID returns the block that holds a transaction, or ErrNotFound.
func (l *Ledger) BlockByTxID(txID string) (*common.Block, error) {
	status, err := l.TxStatus(txID)
	if err != nil {
		return nil, err
	}
	return l.Block(status.Block)
}

// ConfigBlock returns the newest configuration block.
func (l *Ledger) ConfigBlock() (*common.Block, error) {
	last := l.Height()
	if last == 0 {
		return nil, fmt.Errorf("configuration of %s: %w", l.channelID, ErrNotFound)
	}
	b, err := l.Block(last - 1)
	if err != nil {
		return nil, err
	}
	n, err := block.LastConfig(b)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", l.channelID, err)
	}
	if n == b.Header.Number {
		return b, nil
	}
	return l.Block(n)
}
