// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// commitHash chains what peers made of the blocks: verdicts and changes to the
// state, of this block and of all before it. Peers that agree on a block's
// COMMIT_HASH agree on the whole state, Fabric's own peers included. There is
// none for block 0. updates have their kept values filled in.
func commitHash(previous, filter []byte, updates []validate.Update, hashed []validate.HashedUpdate) []byte {
	h := sha256.New()
	h.Write(binary.AppendUvarint(nil, uint64(len(filter))))
	h.Write(filter)
	h.Write(updateBytes(updates, hashed))
	h.Write(previous)
	return h.Sum(nil)
}

// Field numbers of Fabric's messages Updates and KVWrite
// (core/ledger/kvledger/txmgmt/txmgr/updates.proto).
const (
	fieldWrites     = 1
	fieldNamespace  = 1
	fieldCollection = 2
	fieldKey        = 3
	fieldIsDelete   = 4
	fieldValue      = 5
	fieldVersion    = 6
)

// updateBytes lists the changes, both lists being sorted already: by namespace,
// in each the public keys before the collections'. Namespace and collection
// stand only where they change. The channel's configuration, which Fabric keeps
// in the state under the empty namespace, is left out.
func updateBytes(updates []validate.Update, hashed []validate.HashedUpdate) []byte {
	var out []byte
	var namespace, collection string
	add := func(ns, coll, key string, value []byte, remove bool, v Version) {
		var m []byte
		if ns != namespace {
			m = appendField(m, fieldNamespace, []byte(ns))
			namespace, collection = ns, ""
		}
		if coll != collection {
			m = appendField(m, fieldCollection, []byte(coll))
			collection = coll
		}
		m = appendField(m, fieldKey, []byte(key))
		if remove {
			m = protowire.AppendVarint(protowire.AppendTag(m, fieldIsDelete, protowire.VarintType), 1)
			value = nil
		}
		m = appendField(m, fieldValue, value)
		m = appendField(m, fieldVersion, versionBytes(v))
		out = protowire.AppendBytes(protowire.AppendTag(out, fieldWrites, protowire.BytesType), m)
	}
	for len(updates) > 0 || len(hashed) > 0 {
		if len(hashed) == 0 || len(updates) > 0 && updates[0].Namespace <= hashed[0].Namespace {
			u := updates[0]
			updates = updates[1:]
			if u.Namespace != "" {
				add(u.Namespace, "", u.Key, u.Value, u.Delete, u.Version)
			}
			continue
		}
		u := hashed[0]
		hashed = hashed[1:]
		add(u.Namespace, u.Collection, string(u.KeyHash), u.ValueHash, u.Delete, u.Version)
	}
	return out
}

// appendField adds a bytes or string field, which proto3 leaves out if empty.
func appendField(b []byte, field protowire.Number, value []byte) []byte {
	if len(value) == 0 {
		return b
	}
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), value)
}

// versionBytes is block and transaction number, each as its length in bytes
// and then big endian without leading zeros.
func versionBytes(v Version) []byte {
	var b []byte
	for _, n := range []uint64{v.Block, v.Tx} {
		size := (bits.Len64(n) + 7) / 8
		var full [8]byte
		binary.BigEndian.PutUint64(full[:], n)
		b = append(append(b, byte(size)), full[8-size:]...)
	}
	return b
}

// setCommitHash writes a block's COMMIT_HASH, after its verdicts.
func setCommitHash(b *common.Block, hash []byte) error {
	raw, err := proto.Marshal(&common.Metadata{Value: hash})
	if err != nil {
		return fmt.Errorf("commit hash: %w", err)
	}
	for len(b.Metadata.Metadata) <= int(common.BlockMetadataIndex_COMMIT_HASH) {
		b.Metadata.Metadata = append(b.Metadata.Metadata, nil)
	}
	b.Metadata.Metadata[common.BlockMetadataIndex_COMMIT_HASH] = raw
	return nil
}

// CommitHash returns the COMMIT_HASH that a peer wrote into a block, nil if
// there is none.
func CommitHash(b *common.Block) ([]byte, error) {
	slots := b.GetMetadata().GetMetadata()
	if len(slots) <= int(common.BlockMetadataIndex_COMMIT_HASH) {
		return nil, nil
	}
	var m common.Metadata
	if err := proto.Unmarshal(slots[common.BlockMetadataIndex_COMMIT_HASH], &m); err != nil {
		return nil, fmt.Errorf("ledger: commit hash of block %d: %w", b.GetHeader().GetNumber(), err)
	}
	return m.Value, nil
}
