// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// pendingBlocks is how many blocks a private write set waits for its
// transaction before it is dropped.
const pendingBlocks = 1000

// PutPrivate keeps the private write set of an endorsed transaction
// (rwset.Results.Private), durably, until a block brings its hashes. The
// endorser calls it before it answers.
func (l *Ledger) PutPrivate(txID string, set *pb.TxPvtReadWriteSet) error {
	raw, err := proto.Marshal(set)
	if err != nil {
		return fmt.Errorf("ledger %s: private data of %s: %w", l.channelID, txID, err)
	}
	var batch kv.Batch
	batch.Set(l.keys.text(kindPending, txID), raw)
	batch.Set(l.keys.pendingSince(l.Height(), txID), nil)
	return l.store.Commit(&batch)
}

// stagePrivate moves private writes of the block's valid transactions from
// pending to the private state, as far as they are of this peer's own
// organisation and match the hashes that the block carries.
func (l *Ledger) stagePrivate(batch *kv.Batch, number uint64, result *validate.Result) error {
	for i, tx := range result.Txs {
		if result.Codes[i] != peer.TxValidationCode_VALID || tx.Set == nil {
			continue
		}
		version := Version{Block: number, Tx: uint64(i)}
		for _, ns := range tx.Set.Namespaces {
			for _, c := range ns.Collections {
				if org, ok := rwset.ImplicitOrg(c.Name); !ok || org != l.mspID || len(c.Writes) == 0 {
					continue
				}
				if err := l.stageCollection(batch, tx.TxID, ns.Name, c, version); err != nil {
					return err
				}
			}
		}
	}
	return l.expirePending(batch, number)
}

// stageCollection writes one collection's plaintext. What does not match the
// hashes is dropped: reading it then fails with ErrPrivateMissing.
func (l *Ledger) stageCollection(batch *kv.Batch, txID, ns string, c rwset.Collection, version Version) error {
	raw, ok, err := l.store.Get(l.keys.text(kindPending, txID))
	if err != nil || !ok {
		return err
	}
	writes, err := pendingWrites(raw, ns, c)
	if err != nil {
		return fmt.Errorf("ledger %s: pending private data of %s: %w", l.channelID, txID, err)
	}
	for _, w := range writes {
		key := l.keys.collection(kindPrivate, ns, c.Name, w.Key)
		if w.IsDelete || len(w.Value) == 0 {
			batch.Delete(key)
			continue
		}
		batch.Set(key, encodeValue(version, nil, w.Value))
	}
	return nil
}

// pendingWrites finds the collection in a pending write set and returns its
// writes, none if they are not those whose hash the block carries.
func pendingWrites(raw []byte, ns string, c rwset.Collection) ([]*pb.KVWrite, error) {
	var set pb.TxPvtReadWriteSet
	if err := proto.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	for _, n := range set.NsPvtRwset {
		for _, p := range n.CollectionPvtRwset {
			sum := sha256.Sum256(p.Rwset)
			if n.Namespace != ns || p.CollectionName != c.Name || !bytes.Equal(sum[:], c.PrivateHash) {
				continue
			}
			var kvs pb.KVRWSet
			if err := proto.Unmarshal(p.Rwset, &kvs); err != nil {
				return nil, err
			}
			return kvs.Writes, nil
		}
	}
	return nil, nil
}

// expirePending drops private write sets that waited too long.
func (l *Ledger) expirePending(batch *kv.Batch, number uint64) error {
	if number < pendingBlocks {
		return nil
	}
	it, err := l.store.Iterate(l.keys.of(kindPendingN, 0), l.keys.number(kindPendingN, number-pendingBlocks+1))
	if err != nil {
		return err
	}
	defer it.Close()
	prefix := len(l.keys.pendingSince(0, ""))
	for it.Next() {
		key := bytes.Clone(it.Key())
		batch.Delete(key)
		batch.Delete(l.keys.text(kindPending, string(key[prefix:])))
	}
	return it.Err()
}
