// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// ErrFull says that the chain has more transactions than the index can number.
var ErrFull = errors.New("index: no number is left for a transaction")

// update turns a judged block into changes of the trees.
type update struct {
	x       *Index
	judged  *Judged
	first   uint32 // the number of the block's first transaction
	state   []Change[record]
	values  []Change[string]
	removed []Change[uint32]
	wrote   map[place]uint32 // see writer
}

type place struct {
	namespace, key string
}

// changes fills in what the block changes.
func (u *update) changes(before *View) {
	for i := range u.judged.Result.Updates {
		u.public(&u.judged.Result.Updates[i], before)
	}
	for i := range u.judged.Result.Hashed {
		u.hashed(&u.judged.Result.Hashed[i], before)
	}
	slices.SortFunc(u.state, func(a, b Change[record]) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(u.values, func(a, b Change[string]) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(u.removed, func(a, b Change[uint32]) int { return cmp.Compare(a.Key, b.Key) })
}

func (u *update) public(w *validate.Update, before *View) {
	key := u.x.prefixFor(bucket{w.Namespace, ""}) + w.Key
	kept := u.x.keep(w.Namespace)
	u.remember(w, key, before)
	if w.Delete {
		u.state = append(u.state, Change[record]{Key: key, Delete: true})
		if kept {
			u.values = append(u.values, Change[string]{Key: key, Delete: true})
		}
		return
	}
	r := record{metadata: u.x.metadata.intern(packMetadata(w.Metadata)), version: u.number(w.Version)}
	if w.KeepValue {
		old, _ := before.state.Get(key)
		r.hash, r.writer = old.hash, old.writer
	} else {
		tx := u.writer(w)
		r.hash, r.writer = sha256.Sum256(w.Value), u.first+uint32(tx)
		if u.byEnclaves(tx, w) {
			r.writer |= byEnclaves
		}
		if kept {
			u.values = append(u.values, Change[string]{Key: key, Value: string(w.Value)})
		}
	}
	// A key whose policy others set is no longer the enclaves' either.
	if r.writer&byEnclaves != 0 && r.writer&^byEnclaves != r.version && !u.byEnclaves(int(w.Version.Tx), w) {
		r.writer &^= byEnclaves
	}
	u.state = append(u.state, Change[record]{Key: key, Value: r})
}

func (u *update) byEnclaves(tx int, w *validate.Update) bool {
	return u.judged.ByEnclaves != nil && u.judged.ByEnclaves(tx, w.Namespace, w.Key)
}

// remember notes that others than enclaves took a key away that was the enclaves',
// and forgets it once enclaves wrote or removed it. What others wrote has a writer
// of its own; but they may remove that in turn, when nothing tells any more whose
// the key was.
func (u *update) remember(w *validate.Update, key string, before *View) {
	if w.KeepValue && !w.Delete {
		return // its policy only
	}
	_, noted := before.removed.Get(key)
	old, _ := before.state.Get(key)
	tx := u.writer(w)
	switch {
	case u.byEnclaves(tx, w):
		if noted {
			u.removed = append(u.removed, Change[uint32]{Key: key, Delete: true})
		}
	case noted, old.writer&byEnclaves != 0, w.Delete && u.judged.Foreign != nil && u.judged.Foreign(tx, w.Namespace, w.Key):
		u.removed = append(u.removed, Change[uint32]{Key: key, Value: u.first + uint32(tx)})
	}
}

func (u *update) hashed(w *validate.HashedUpdate, before *View) {
	key := u.x.prefixFor(bucket{w.Namespace, w.Collection}) + string(w.KeyHash)
	if w.Delete {
		u.state = append(u.state, Change[record]{Key: key, Delete: true})
		return
	}
	r := record{metadata: u.x.metadata.intern(packMetadata(w.Metadata)), version: u.number(w.Version)}
	if w.KeepValue {
		old, _ := before.state.Get(key)
		r.hash, r.writer = old.hash, old.writer
	} else {
		copy(r.hash[:], w.ValueHash) // nobody checks its length
		r.writer = r.version
	}
	u.state = append(u.state, Change[record]{Key: key, Value: r})
}

func (u *update) number(v rwset.Version) uint32 { return u.first + uint32(v.Tx) }

// writer returns which transaction of the block wrote a key's value. It is not
// always the one that the version names: that may have changed metadata only.
func (u *update) writer(w *validate.Update) int {
	txs := u.judged.Result.Txs
	at := int(w.Version.Tx)
	if at >= len(txs) || !changesMetadata(txs[at].Set, w.Namespace) {
		return at
	}
	if u.wrote == nil {
		u.wrote = make(map[place]uint32)
		for i, tx := range txs {
			if tx.Set == nil || u.judged.Result.Codes[i] != peer.TxValidationCode_VALID {
				continue
			}
			for _, ns := range tx.Set.Namespaces {
				for _, write := range ns.Writes {
					u.wrote[place{ns.Name, write.Key}] = uint32(i)
				}
			}
		}
	}
	if i, ok := u.wrote[place{w.Namespace, w.Key}]; ok {
		return int(i)
	}
	return at
}

func changesMetadata(set *rwset.Set, namespace string) bool {
	if set == nil {
		return false
	}
	for _, ns := range set.Namespaces {
		if ns.Name == namespace && len(ns.Metadata) > 0 {
			return true
		}
	}
	return false
}

// transactions lists the block's transactions.
func (u *update) transactions() []Transaction {
	r := u.judged.Result
	out := make([]Transaction, len(r.Txs))
	for i, tx := range r.Txs {
		out[i] = Transaction{TxID: tx.TxID, Code: uint8(r.Codes[i]), Payload: u.judged.Payloads[i]}
	}
	return out
}
