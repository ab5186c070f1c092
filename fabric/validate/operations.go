// SPDX-License-Identifier: Apache-2.0

package validate

import "github.com/privatechaincode/fpc/fabric/rwset"

// place is a key in its bucket.
type place struct {
	in  bucket
	key string
}

// operations is what one transaction does to one key.
type operations struct {
	flags    flag
	value    []byte
	metadata []rwset.Entry
}

type flag uint8

const (
	setValue flag = 1 << iota
	setMetadata
	dropMetadata
	dropKey
)

// add adds a flag, arithmetically, as Fabric does. Only a read/write set that
// names a key twice can tell: two writes then are no write, but a change of
// metadata. Peers and ledger enclaves must agree on such ones too.
func (o *operations) add(f flag) { o.flags += f }

func (o *operations) deletes() bool { return o.flags&dropKey != 0 }

// complete: value and metadata are both given.
func (o *operations) complete() bool {
	return o.flags&setValue != 0 && o.flags&(setMetadata|dropMetadata) != 0
}

func (o *operations) onlyValue() bool { return o.flags|setValue == setValue }

func (o *operations) write(value []byte, isDelete bool) {
	if isDelete {
		o.add(dropKey)
		return
	}
	o.add(setValue)
	o.value = value
}

func (o *operations) writeMetadata(entries []rwset.Entry) {
	if len(entries) == 0 {
		o.add(dropMetadata)
		return
	}
	o.add(setMetadata)
	o.metadata = entries
}

// writesOf gathers what a transaction does to each key.
func writesOf(set *rwset.Set) map[place]*operations {
	all := make(map[place]*operations)
	at := func(namespace, collection, key string) *operations {
		p := place{bucket{namespace, collection}, key}
		if all[p] == nil {
			all[p] = &operations{}
		}
		return all[p]
	}
	for _, ns := range set.Namespaces {
		for _, w := range ns.Writes {
			at(ns.Name, "", w.Key).write(w.Value, w.IsDelete())
		}
		for _, w := range ns.Metadata {
			at(ns.Name, "", w.Key).writeMetadata(w.Entries)
		}
		for _, c := range ns.Collections {
			for _, w := range c.Writes {
				at(ns.Name, c.Name, string(w.KeyHash)).write(w.ValueHash, w.IsDelete())
			}
			for _, w := range c.Metadata {
				at(ns.Name, c.Name, string(w.KeyHash)).writeMetadata(w.Entries)
			}
		}
	}
	return all
}
