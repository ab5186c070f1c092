// SPDX-License-Identifier: Apache-2.0

package index

import (
	"iter"
	"sort"
	"strings"
)

// How many entries a leaf, and children a branch, hold at most. Small leaves
// make it cheap to keep old versions: a changed leaf is copied once per block.
const (
	maxLeaf   = 16
	maxBranch = 16
)

// Tree is a sorted map from strings, in byte order, to values. It never changes:
// [Tree.Apply] makes a new one, which shares with the old one all but the nodes
// on the way to what changed. So a tree kept is a consistent view kept, and many
// goroutines can read it. The zero value is empty.
type Tree[V any] struct {
	root node[V] // nil: empty
	size int
}

// Change sets a key's value, or deletes the key.
type Change[V any] struct {
	Key    string
	Value  V
	Delete bool
}

// node is a *leaf or a *branch. All leaves are equally deep.
type node[V any] interface {
	first() string // smallest key
	entries() int  // of a leaf, children of a branch
}

// leaf holds entries in as few allocations as possible, each as large as needed:
// nodes never grow.
type leaf[V any] struct {
	keys   string   // one after the other
	ends   []uint32 // where each key ends
	values []V
}

type branch[V any] struct {
	seps     []string // the first key of each child
	children []node[V]
}

func (l *leaf[V]) first() string { return l.key(0) }
func (l *leaf[V]) entries() int  { return len(l.ends) }

func (l *leaf[V]) key(i int) string {
	begin := uint32(0)
	if i > 0 {
		begin = l.ends[i-1]
	}
	return l.keys[begin:l.ends[i]]
}

// search returns the place of the first entry that is not below key.
func (l *leaf[V]) search(key string) int {
	return sort.Search(len(l.ends), func(i int) bool { return l.key(i) >= key })
}

func (b *branch[V]) first() string { return b.seps[0] }
func (b *branch[V]) entries() int  { return len(b.children) }

// search returns the child that key is in, if it is anywhere.
func (b *branch[V]) search(key string) int {
	return max(0, sort.Search(len(b.seps), func(i int) bool { return b.seps[i] > key })-1)
}

// Len returns the number of entries.
func (t Tree[V]) Len() int { return t.size }

// Get returns a key's value.
func (t Tree[V]) Get(key string) (value V, ok bool) {
	at := t.root
	for {
		switch n := at.(type) {
		case *branch[V]:
			at = n.children[n.search(key)]
		case *leaf[V]:
			i := n.search(key)
			if i == len(n.ends) || n.key(i) != key {
				return value, false
			}
			return n.values[i], true
		default:
			return value, false
		}
	}
}

// From yields the entries whose keys are not below start, in order.
func (t Tree[V]) From(start string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if t.root != nil {
			walk(t.root, start, yield)
		}
	}
}

func walk[V any](at node[V], start string, yield func(string, V) bool) bool {
	switch n := at.(type) {
	case *branch[V]:
		for i := n.search(start); i < len(n.children); i++ {
			if !walk(n.children[i], start, yield) {
				return false
			}
		}
	case *leaf[V]:
		for i := n.search(start); i < len(n.ends); i++ {
			if !yield(n.key(i), n.values[i]) {
				return false
			}
		}
	}
	return true
}

// Apply returns the tree after changes, which must be sorted by key, each key
// once.
func (t Tree[V]) Apply(changes []Change[V]) Tree[V] {
	if len(changes) == 0 {
		return t
	}
	a := applier[V]{size: t.size}
	var level []node[V]
	if t.root == nil {
		level = a.leaves(&leaf[V]{}, changes)
	} else {
		level = a.node(t.root, changes)
	}
	for len(level) > 1 {
		level = branches(level)
	}
	next := Tree[V]{size: a.size}
	if len(level) == 1 {
		next.root = level[0]
	}
	for {
		b, ok := next.root.(*branch[V])
		if !ok || len(b.children) > 1 {
			return next
		}
		next.root = b.children[0]
	}
}

// applier counts entries while it makes new nodes.
type applier[V any] struct{ size int }

// node returns what takes a node's place: nodes of the same depth, none if
// nothing is left.
func (a *applier[V]) node(at node[V], changes []Change[V]) []node[V] {
	n, ok := at.(*branch[V])
	if !ok {
		return a.leaves(at.(*leaf[V]), changes)
	}
	children := make([]node[V], 0, len(n.children)+1)
	for i, child := range n.children {
		here := len(changes)
		if i+1 < len(n.children) {
			next := n.seps[i+1]
			here = sort.Search(len(changes), func(j int) bool { return changes[j].Key >= next })
		}
		if here == 0 {
			children = append(children, child)
			continue
		}
		children = append(children, a.node(child, changes[:here])...)
		changes = changes[here:]
	}
	return branches(gather(children))
}

// leaves merges a leaf with changes.
func (a *applier[V]) leaves(l *leaf[V], changes []Change[V]) []node[V] {
	keys := make([]string, 0, len(l.ends)+len(changes))
	values := make([]V, 0, len(l.ends)+len(changes))
	i := 0
	keep := func(until int) {
		for ; i < until; i++ {
			keys, values = append(keys, l.key(i)), append(values, l.values[i])
		}
	}
	for _, c := range changes {
		keep(l.search(c.Key))
		if i < len(l.ends) && l.key(i) == c.Key {
			i++
		}
		if !c.Delete {
			keys, values = append(keys, c.Key), append(values, c.Value)
		}
	}
	keep(len(l.ends))
	a.size += len(keys) - len(l.ends)
	var out []node[V]
	for size := range parts(len(keys), maxLeaf) {
		out = append(out, newLeaf(keys[:size], values[:size]))
		keys, values = keys[size:], values[size:]
	}
	return out
}

func newLeaf[V any](keys []string, values []V) *leaf[V] {
	l := &leaf[V]{ends: make([]uint32, len(keys)), values: make([]V, len(values))}
	end := uint32(0)
	for i, key := range keys {
		end += uint32(len(key))
		l.ends[i] = end
	}
	l.keys = strings.Join(keys, "")
	copy(l.values, values)
	return l
}

// branches puts branches above nodes.
func branches[V any](children []node[V]) []node[V] {
	var out []node[V]
	for size := range parts(len(children), maxBranch) {
		b := &branch[V]{seps: make([]string, size), children: make([]node[V], size)}
		copy(b.children, children)
		for i, child := range b.children {
			b.seps[i] = child.first() // shares the memory of that leaf's keys
		}
		out = append(out, b)
		children = children[size:]
	}
	return out
}

// gather joins neighbours that deletions left small.
func gather[V any](nodes []node[V]) []node[V] {
	out := nodes[:0]
	for _, n := range nodes {
		if last := len(out) - 1; last >= 0 && out[last].entries()+n.entries() <= maxLeaf/2 {
			out[last] = join[V](out[last], n)
			continue
		}
		out = append(out, n)
	}
	return out
}

func join[V any](a, b node[V]) node[V] {
	switch a := a.(type) {
	case *branch[V]:
		b := b.(*branch[V])
		children := append(append(make([]node[V], 0, a.entries()+b.entries()), a.children...), b.children...)
		return branches(children)[0]
	case *leaf[V]:
		b := b.(*leaf[V])
		var keys []string
		for _, l := range []*leaf[V]{a, b} {
			for i := range l.ends {
				keys = append(keys, l.key(i))
			}
		}
		return newLeaf(keys, append(append(make([]V, 0, len(keys)), a.values...), b.values...))
	}
	return a
}

// parts cuts n into as few equal parts of at most limit as possible.
func parts(n, limit int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for count := (n + limit - 1) / limit; count > 0; count-- {
			size := n / count
			if !yield(size) {
				return
			}
			n -= size
		}
	}
}
