// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A tree holds what a map holds, in order, whatever is done to it; and so do all
// trees before it.
func TestTreeAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tree Tree[int]
		model := map[string]int{}
		type kept struct {
			tree  Tree[int]
			model map[string]int
		}
		var all []kept
		key := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 4, -1)
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			changes := map[string]Change[int]{}
			for range rapid.IntRange(0, 120).Draw(t, "changes") {
				k := key.Draw(t, "key")
				changes[k] = Change[int]{Key: k, Value: rapid.Int().Draw(t, "value"), Delete: rapid.IntRange(0, 2).Draw(t, "delete") == 0}
			}
			var sorted []Change[int]
			for _, k := range slices.Sorted(maps.Keys(changes)) {
				c := changes[k]
				sorted = append(sorted, c)
				if c.Delete {
					delete(model, k)
				} else {
					model[k] = c.Value
				}
			}
			tree = tree.Apply(sorted)
			all = append(all, kept{tree, maps.Clone(model)})
		}
		for i, k := range all {
			check(t, fmt.Sprint("tree ", i), k.tree, k.model, key.Draw(t, "start"))
		}
	})
}

func check(t rapid.TB, what string, tree Tree[int], model map[string]int, start string) {
	t.Helper()
	if tree.Len() != len(model) {
		t.Fatalf("%s: got %d entries, want %d", what, tree.Len(), len(model))
	}
	want := slices.Sorted(maps.Keys(model))
	i, _ := slices.BinarySearch(want, start)
	want = want[i:]
	for k, v := range tree.From(start) {
		if len(want) == 0 || k != want[0] || v != model[k] {
			t.Fatalf("%s, from %q: got %q = %d, want the keys %q", what, start, k, v, want)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Fatalf("%s, from %q: %q are missing", what, start, want)
	}
	for k, v := range model {
		if got, ok := tree.Get(k); !ok || got != v {
			t.Fatalf("%s: got %q = %d, %t, want %d", what, k, got, ok, v)
		}
	}
	if _, ok := tree.Get("not there"); ok {
		t.Fatalf("%s: got a key that is not there", what)
	}
}

// The tree stays shallow and its nodes well filled through many inserts and
// deletions.
func TestTreeStaysBalanced(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var tree Tree[int]
	model := map[string]int{}
	round := func(size, deleteOf10 int) {
		changes := map[string]Change[int]{}
		for range size {
			k := fmt.Sprintf("%06d", r.IntN(200_000))
			if changes[k] = (Change[int]{Key: k, Value: 1, Delete: r.IntN(10) < deleteOf10}); changes[k].Delete {
				delete(model, k)
			} else {
				model[k] = 1
			}
		}
		var sorted []Change[int]
		for _, k := range slices.Sorted(maps.Keys(changes)) {
			sorted = append(sorted, changes[k])
		}
		tree = tree.Apply(sorted)
	}
	for range 300 {
		round(300, 1)
	}
	check(t, "grown", tree, model, "")
	depth, leaves := shape(t, tree.root)
	if fill := float64(tree.Len()) / float64(leaves); depth > 6 || fill < maxLeaf/3 {
		t.Errorf("grown: got depth %d and %.1f entries in a leaf, want at most 6 and at least %d", depth, fill, maxLeaf/3)
	}
	for range 2000 {
		round(300, 9)
	}
	check(t, "shrunk", tree, model, "")
	depth, leaves = shape(t, tree.root)
	if fill := float64(tree.Len()) / float64(leaves); depth > 6 || fill < maxLeaf/5 {
		t.Errorf("shrunk: got depth %d and %.1f entries in a leaf, want at most 6 and at least %d", depth, fill, maxLeaf/5)
	}
	var sorted []Change[int]
	for _, k := range slices.Sorted(maps.Keys(model)) {
		sorted = append(sorted, Change[int]{Key: k, Delete: true})
	}
	if tree = tree.Apply(sorted); tree.Len() != 0 || tree.root != nil {
		t.Errorf("emptied: got %d entries and root %v, want nothing", tree.Len(), tree.root)
	}
}

// shape returns a tree's depth and number of leaves. All leaves are equally deep.
func shape(t *testing.T, at node[int]) (depth, leaves int) {
	t.Helper()
	b, ok := at.(*branch[int])
	if !ok {
		return 1, 1
	}
	for i, child := range b.children {
		if b.seps[i] != child.first() {
			t.Fatalf("got separator %q before a node that begins with %q", b.seps[i], child.first())
		}
		d, l := shape(t, child)
		if depth != 0 && d != depth {
			t.Fatalf("got nodes %d and %d deep beside each other", d, depth)
		}
		depth, leaves = d, leaves+l
	}
	return depth + 1, leaves
}
