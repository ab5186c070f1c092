// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

var encoding = proto.MarshalOptions{Deterministic: true}

// Marshal encodes the set as a TxReadWriteSet, in its present order. It fails
// on strings that are not UTF-8.
func (s *Set) Marshal() ([]byte, error) {
	m := &pb.TxReadWriteSet{DataModel: pb.TxReadWriteSet_KV}
	for i := range s.Namespaces {
		ns, err := s.Namespaces[i].message()
		if err != nil {
			return nil, fmt.Errorf("rwset: encode namespace %q: %w", s.Namespaces[i].Name, err)
		}
		m.NsRwset = append(m.NsRwset, ns)
	}
	raw, err := encoding.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("rwset: encode: %w", err)
	}
	return raw, nil
}

func (n *Namespace) message() (*pb.NsReadWriteSet, error) {
	kv := &pb.KVRWSet{Reads: readMessages(n.Reads)}
	for _, r := range n.Ranges {
		kv.RangeQueriesInfo = append(kv.RangeQueriesInfo, r.message())
	}
	for _, w := range n.Writes {
		kv.Writes = append(kv.Writes, &pb.KVWrite{Key: w.Key, Value: w.Value, IsDelete: w.Delete})
	}
	for _, w := range n.Metadata {
		kv.MetadataWrites = append(kv.MetadataWrites, &pb.KVMetadataWrite{Key: w.Key, Entries: entryMessages(w.Entries)})
	}
	raw, err := encoding.Marshal(kv)
	if err != nil {
		return nil, err
	}
	m := &pb.NsReadWriteSet{Namespace: n.Name, Rwset: raw}
	for i := range n.Collections {
		c, err := n.Collections[i].message()
		if err != nil {
			return nil, fmt.Errorf("collection %q: %w", n.Collections[i].Name, err)
		}
		m.CollectionHashedRwset = append(m.CollectionHashedRwset, c)
	}
	return m, nil
}

func (c *Collection) message() (*pb.CollectionHashedReadWriteSet, error) {
	h := &pb.HashedRWSet{}
	for _, r := range c.Reads {
		h.HashedReads = append(h.HashedReads, &pb.KVReadHash{KeyHash: r.KeyHash, Version: versionMessage(r.Version)})
	}
	for _, w := range c.Writes {
		h.HashedWrites = append(h.HashedWrites, &pb.KVWriteHash{
			KeyHash: w.KeyHash, ValueHash: w.ValueHash, IsDelete: w.Delete, IsPurge: w.Purge,
		})
	}
	for _, w := range c.Metadata {
		h.MetadataWrites = append(h.MetadataWrites, &pb.KVMetadataWriteHash{KeyHash: w.KeyHash, Entries: entryMessages(w.Entries)})
	}
	raw, err := encoding.Marshal(h)
	if err != nil {
		return nil, err
	}
	return &pb.CollectionHashedReadWriteSet{CollectionName: c.Name, HashedRwset: raw, PvtRwsetHash: c.PrivateHash}, nil
}

func (r Range) message() *pb.RangeQueryInfo {
	m := &pb.RangeQueryInfo{StartKey: r.Start, EndKey: r.End, ItrExhausted: r.Exhausted}
	switch {
	case r.Summary != nil:
		m.ReadsInfo = &pb.RangeQueryInfo_ReadsMerkleHashes{ReadsMerkleHashes: &pb.QueryReadsMerkleSummary{
			MaxDegree: r.Summary.MaxDegree, MaxLevel: r.Summary.MaxLevel, MaxLevelHashes: r.Summary.Hashes,
		}}
	case len(r.Rows) > 0: // a range without rows carries neither, as from a peer
		m.ReadsInfo = &pb.RangeQueryInfo_RawReads{RawReads: &pb.QueryReads{KvReads: readMessages(r.Rows)}}
	}
	return m
}

func readMessages(reads []Read) []*pb.KVRead {
	var ms []*pb.KVRead
	for _, r := range reads {
		ms = append(ms, &pb.KVRead{Key: r.Key, Version: versionMessage(r.Version)})
	}
	return ms
}

func versionMessage(v *Version) *pb.Version {
	if v == nil {
		return nil
	}
	return &pb.Version{BlockNum: v.Block, TxNum: v.Tx}
}

func entryMessages(entries []Entry) []*pb.KVMetadataEntry {
	var ms []*pb.KVMetadataEntry
	for _, e := range entries {
		ms = append(ms, &pb.KVMetadataEntry{Name: e.Name, Value: e.Value})
	}
	return ms
}
