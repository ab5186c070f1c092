// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Commit validates the next block, writes the verdicts into its metadata and
// stores it with its effects (VAL-5). The block itself stays as it was. An error means that nothing was stored:
// the block does not extend this chain, its orderer's signature is not good, or
// it could not be judged (*validate.HaltError). A transaction that is merely
// invalid is no error.
func (l *Ledger) Commit(ctx context.Context, b *common.Block) error {
	l.commit.Lock()
	defer l.commit.Unlock()
	if err := l.follows(b); err != nil {
		return err
	}
	if err := l.Bundle().VerifyBlock(b); err != nil {
		return fmt.Errorf("ledger %s: block %d: %w", l.channelID, b.Header.Number, err)
	}
	txs, err := checkAll(ctx, b.Data.Data, l.Bundle())
	if err != nil {
		return err
	}
	snapshot, err := l.Snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	result, err := validate.Finish(b.Header.Number, txs, l.Bundle(), state{snapshot})
	if err != nil {
		return err
	}
	return l.apply(b, result, snapshot)
}

// checkAll makes the checks that need no state, on all processors.
func checkAll(ctx context.Context, envelopes [][]byte, bundle *channel.Bundle) ([]*validate.Tx, error) {
	txs := make([]*validate.Tx, len(envelopes))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(envelopes)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(envelopes) {
					return
				}
				txs[i] = validate.Check(envelopes[i], bundle)
			}
		})
	}
	workers.Wait()
	return txs, ctx.Err()
}

// apply stores the judged block in one batch and makes it visible.
func (l *Ledger) apply(b *common.Block, result *validate.Result, before *Snapshot) error {
	stored := proto.CloneOf(b)
	if err := block.SetFilter(stored, result.Codes); err != nil {
		return fmt.Errorf("ledger %s: block %d: %w", l.channelID, b.Header.Number, err)
	}
	if err := fillKept(result, before); err != nil {
		return err
	}
	filter := stored.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	hash := commitHash(l.commitHash, filter, result.Updates, result.Hashed)
	if err := setCommitHash(stored, hash); err != nil {
		return fmt.Errorf("ledger %s: block %d: %w", l.channelID, b.Header.Number, err)
	}
	var batch kv.Batch
	if err := l.stage(&batch, stored); err != nil {
		return err
	}
	if err := l.stageIndex(&batch, stored.Header.Number, result, before); err != nil {
		return err
	}
	l.stageState(&batch, result)
	if err := l.stagePrivate(&batch, stored.Header.Number, result); err != nil {
		return err
	}
	if err := l.store.Commit(&batch); err != nil {
		return err
	}
	l.commitHash = hash
	if result.Bundle != nil {
		l.bundle.Store(result.Bundle)
	}
	l.advance(stored.Header)
	return nil
}

// stageIndex enters the transaction ids; the first transaction that bears an
// id keeps it, whatever its verdict.
func (l *Ledger) stageIndex(batch *kv.Batch, number uint64, result *validate.Result, before *Snapshot) error {
	seen := make(map[string]bool, len(result.Txs))
	for i, tx := range result.Txs {
		if tx.TxID == "" || seen[tx.TxID] {
			continue
		}
		seen[tx.TxID] = true
		key := l.keys.text(kindTx, tx.TxID)
		if _, taken, err := before.snap.Get(key); err != nil {
			return err
		} else if taken {
			continue
		}
		batch.Set(key, encodeStatus(TxStatus{Block: number, Index: uint64(i), Code: result.Codes[i]}))
	}
	return nil
}

// stageState writes the block's changes to state and hashed state.
func (l *Ledger) stageState(batch *kv.Batch, result *validate.Result) {
	for _, u := range result.Updates {
		key := l.keys.state(u.Namespace, u.Key)
		if u.Delete {
			batch.Delete(key)
		} else {
			batch.Set(key, encodeValue(u.Version, u.Metadata, u.Value))
		}
	}
	for _, u := range result.Hashed {
		key := l.keys.collection(kindHashed, u.Namespace, u.Collection, string(u.KeyHash))
		if u.Delete {
			batch.Delete(key)
		} else {
			batch.Set(key, encodeValue(u.Version, u.Metadata, u.ValueHash))
		}
	}
}

// fillKept gives the updates that keep a key's value that value.
func fillKept(result *validate.Result, before *Snapshot) error {
	for i := range result.Updates {
		if u := &result.Updates[i]; u.KeepValue {
			old, err := before.State(u.Namespace, u.Key)
			if err != nil {
				return err
			}
			if old != nil {
				u.Value = old.Value
			}
		}
	}
	for i := range result.Hashed {
		if u := &result.Hashed[i]; u.KeepValue {
			old, err := before.Hash(u.Namespace, u.Collection, u.KeyHash)
			if err != nil {
				return err
			}
			if old != nil {
				u.ValueHash = old.ValueHash
			}
		}
	}
	return nil
}
