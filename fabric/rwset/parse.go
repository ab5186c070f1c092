// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

// ParseError says which part of a read/write set did not decode.
type ParseError struct {
	Part string // "read/write set", "namespace" or "collection"
	Name string // the namespace, or namespace/collection; empty for the whole
	Err  error
}

// Error implements error.
func (e *ParseError) Error() string {
	if e.Name == "" {
		return "rwset: parse " + e.Part + ": " + e.Err.Error()
	}
	return "rwset: parse " + e.Part + " " + e.Name + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }

// Parse decodes a serialised TxReadWriteSet, every nested message included. It
// refuses exactly what a Fabric peer refuses, and keeps order and duplicates:
// judging them is the validator's part. Errors are *ParseError.
func Parse(raw []byte) (*Set, error) {
	var m pb.TxReadWriteSet
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, &ParseError{Part: "read/write set", Err: err}
	}
	set := &Set{}
	for _, n := range m.NsRwset {
		ns, err := parseNamespace(n)
		if err != nil {
			return nil, err
		}
		set.Namespaces = append(set.Namespaces, *ns)
	}
	return set, nil
}

func parseNamespace(n *pb.NsReadWriteSet) (*Namespace, error) {
	var m pb.KVRWSet
	if err := proto.Unmarshal(n.Rwset, &m); err != nil {
		return nil, &ParseError{Part: "namespace", Name: n.Namespace, Err: err}
	}
	ns := &Namespace{Name: n.Namespace, Reads: readsOf(m.Reads)}
	for _, r := range m.RangeQueriesInfo {
		ns.Ranges = append(ns.Ranges, rangeOf(r))
	}
	for _, w := range m.Writes {
		ns.Writes = append(ns.Writes, Write{Key: w.Key, Value: w.Value, Delete: w.IsDelete})
	}
	for _, w := range m.MetadataWrites {
		ns.Metadata = append(ns.Metadata, MetadataWrite{Key: w.Key, Entries: entriesOf(w.Entries)})
	}
	for _, c := range n.CollectionHashedRwset {
		coll, err := parseCollection(n.Namespace, c)
		if err != nil {
			return nil, err
		}
		ns.Collections = append(ns.Collections, *coll)
	}
	return ns, nil
}

func parseCollection(namespace string, c *pb.CollectionHashedReadWriteSet) (*Collection, error) {
	var m pb.HashedRWSet
	if err := proto.Unmarshal(c.HashedRwset, &m); err != nil {
		return nil, &ParseError{Part: "collection", Name: namespace + "/" + c.CollectionName, Err: err}
	}
	coll := &Collection{Name: c.CollectionName, PrivateHash: c.PvtRwsetHash}
	for _, r := range m.HashedReads {
		coll.Reads = append(coll.Reads, HashedRead{KeyHash: r.KeyHash, Version: versionOf(r.Version)})
	}
	for _, w := range m.HashedWrites {
		coll.Writes = append(coll.Writes, HashedWrite{
			KeyHash: w.KeyHash, ValueHash: w.ValueHash, Delete: w.IsDelete, Purge: w.IsPurge,
		})
	}
	for _, w := range m.MetadataWrites {
		coll.Metadata = append(coll.Metadata, HashedMetadataWrite{KeyHash: w.KeyHash, Entries: entriesOf(w.Entries)})
	}
	return coll, nil
}

func rangeOf(m *pb.RangeQueryInfo) Range {
	r := Range{Start: m.StartKey, End: m.EndKey, Exhausted: m.ItrExhausted}
	switch info := m.ReadsInfo.(type) {
	case *pb.RangeQueryInfo_RawReads:
		r.Rows = readsOf(info.RawReads.GetKvReads())
	case *pb.RangeQueryInfo_ReadsMerkleHashes:
		s := info.ReadsMerkleHashes
		r.Summary = &Summary{MaxDegree: s.GetMaxDegree(), MaxLevel: s.GetMaxLevel(), Hashes: s.GetMaxLevelHashes()}
	}
	return r
}

func readsOf(ms []*pb.KVRead) []Read {
	var reads []Read
	for _, m := range ms {
		reads = append(reads, Read{Key: m.Key, Version: versionOf(m.Version)})
	}
	return reads
}

func versionOf(m *pb.Version) *Version {
	if m == nil {
		return nil
	}
	return &Version{Block: m.BlockNum, Tx: m.TxNum}
}

func entriesOf(ms []*pb.KVMetadataEntry) []Entry {
	var entries []Entry
	for _, m := range ms {
		entries = append(entries, Entry{Name: m.Name, Value: m.Value})
	}
	return entries
}
