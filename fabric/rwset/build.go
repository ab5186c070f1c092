// SPDX-License-Identifier: Apache-2.0

package rwset

import (
	"fmt"
	"maps"
	"slices"

	pb "github.com/privatechaincode/fpc/internal/pb/ledger"
)

// Results are the serialised forms of a finished read/write set: Public is
// Set as a TxReadWriteSet; Private is the TxPvtReadWriteSet with the clear
// private writes, nil without any. Public holds only their hashes.
type Results struct {
	Set     *Set
	Public  []byte
	Private *pb.TxPvtReadWriteSet
}

// Build returns the canonical read/write set. The builder can go on collecting
// and build again.
func (b *Builder) Build() (*Results, error) {
	res := &Results{Set: &Set{}}
	for _, name := range slices.Sorted(maps.Keys(b.namespaces)) {
		n := b.namespaces[name]
		ns := Namespace{
			Name: name, Reads: inKeyOrder(n.reads), Ranges: slices.Clone(n.ranges),
			Writes: inKeyOrder(n.writes), Metadata: inKeyOrder(n.metadata),
		}
		private := &pb.NsPvtReadWriteSet{Namespace: name}
		for _, cname := range slices.Sorted(maps.Keys(n.collections)) {
			c, clear, err := n.collections[cname].build(cname)
			if err != nil {
				return nil, fmt.Errorf("rwset: build %s/%s: %w", name, cname, err)
			}
			ns.Collections = append(ns.Collections, *c)
			if clear != nil {
				private.CollectionPvtRwset = append(private.CollectionPvtRwset, clear)
			}
		}
		res.Set.Namespaces = append(res.Set.Namespaces, ns)
		if private.CollectionPvtRwset != nil {
			if res.Private == nil {
				res.Private = &pb.TxPvtReadWriteSet{DataModel: pb.TxReadWriteSet_KV}
			}
			res.Private.NsPvtRwset = append(res.Private.NsPvtRwset, private)
		}
	}
	var err error
	if res.Public, err = res.Set.Marshal(); err != nil {
		return nil, err
	}
	return res, nil
}

func (c *collectionBuilder) build(name string) (*Collection, *pb.CollectionPvtReadWriteSet, error) {
	coll := &Collection{
		Name: name, Reads: inKeyOrder(c.reads), Writes: inKeyOrder(c.writes), Metadata: inKeyOrder(c.metadata),
	}
	if len(c.clear)+len(c.clearMetadata) == 0 {
		return coll, nil, nil
	}
	kv := &pb.KVRWSet{}
	for _, w := range inKeyOrder(c.clear) {
		kv.Writes = append(kv.Writes, &pb.KVWrite{Key: w.Key, Value: w.Value, IsDelete: w.Delete})
	}
	for _, w := range inKeyOrder(c.clearMetadata) {
		kv.MetadataWrites = append(kv.MetadataWrites, &pb.KVMetadataWrite{Key: w.Key})
	}
	raw, err := encoding.Marshal(kv)
	if err != nil {
		return nil, nil, err
	}
	coll.PrivateHash = hash(raw)
	return coll, &pb.CollectionPvtReadWriteSet{CollectionName: name, Rwset: raw}, nil
}

const implicitPrefix = "_implicit_org_"

// ImplicitCollection names the collection that every organisation has without
// defining it: `_implicit_org_<MSPID>`.
func ImplicitCollection(mspID string) string { return implicitPrefix + mspID }

// ImplicitOrg returns the MSP id in an implicit collection's name.
func ImplicitOrg(collection string) (mspID string, ok bool) {
	if len(collection) < len(implicitPrefix) || collection[:len(implicitPrefix)] != implicitPrefix {
		return "", false
	}
	return collection[len(implicitPrefix):], true
}
