// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Undecided is a transaction whose verdict cannot be known here, though other
// peers have one (docs/flows.md VAL-8). Its code is NOT_VALIDATED, none of its
// writes are among the updates. A caller must hold Namespaces, all that it
// writes to, for tainted from then on: of their state nothing is known.
type Undecided struct {
	Tx         int // position in the block
	TxID       string
	Namespaces []string // sorted
	Err        error    // *ForeignPluginError, *TaintedError or *RepeatsUndecidedError
}

// ForeignPluginError says that a namespace's transactions are judged by code
// that only its peers have.
type ForeignPluginError struct {
	Namespace string
	Plugin    string // empty: the chaincode was deployed by the lifecycle of Fabric 1
}

// Error implements error.
func (e *ForeignPluginError) Error() string {
	if e.Plugin == "" {
		return fmt.Sprintf("chaincode %s is defined by the lifecycle of Fabric 1", e.Namespace)
	}
	return fmt.Sprintf("chaincode %s has the validation plugin %q, whose verdicts only it knows", e.Namespace, e.Plugin)
}

// TaintedError says that a verdict depends on the state of a namespace to which
// an undecided transaction wrote.
type TaintedError struct{ Namespace string }

// Error implements error.
func (e *TaintedError) Error() string {
	return fmt.Sprintf("the state of %s is unknown since a transaction whose verdict is unknown wrote to it", e.Namespace)
}

// RepeatsUndecidedError says that a transaction has the id of an undecided one
// before it in the block: it is a duplicate if that one is valid.
type RepeatsUndecidedError struct{ Tx int }

// Error implements error.
func (e *RepeatsUndecidedError) Error() string {
	return fmt.Sprintf("the transaction id is that of transaction %d of the block, whose verdict is unknown", e.Tx)
}

// taints knows which namespaces' state is unknown, and which verdicts are.
type taints struct {
	before func(namespace string) bool // nil: nothing may be undecided
	added  map[string]bool             // by this block
	cause  map[int]error               // why a transaction is undecided
}

func newTaints(before func(string) bool) *taints {
	return &taints{before: before, added: make(map[string]bool), cause: make(map[int]error)}
}

func (t *taints) has(namespace string) bool {
	return t.added[namespace] || t.hadBefore(namespace)
}

func (t *taints) hadBefore(namespace string) bool { return t.before != nil && t.before(namespace) }

// takes says whether err means that a transaction is undecided. Otherwise it
// means that there can be no verdict on the block.
func (t *taints) takes(err error) bool {
	var foreign *ForeignPluginError
	var tainted *TaintedError
	return t.before != nil && (errors.As(err, &foreign) || errors.As(err, &tainted))
}

// read returns a tainted namespace that the transaction read, "" if none.
func (t *taints) read(set *rwset.Set) (string, bool) {
	for i := range set.Namespaces {
		if ns := &set.Namespaces[i]; reads(ns) && t.has(ns.Name) {
			return ns.Name, true
		}
	}
	return "", false
}

func reads(ns *rwset.Namespace) bool {
	return len(ns.Reads)+len(ns.Ranges) > 0 ||
		slices.ContainsFunc(ns.Collections, func(c rwset.Collection) bool { return len(c.Reads) > 0 })
}

// undecided marks a transaction and taints what it writes to.
func (f *finisher) undecided(i int, err error) {
	f.invalid(i, peer.TxValidationCode_NOT_VALIDATED, err)
	tx := f.result.Txs[i]
	u := Undecided{Tx: i, TxID: tx.TxID, Err: err}
	for j := range tx.Set.Namespaces {
		if ns := &tx.Set.Namespaces[j]; writes(ns) {
			f.taints.added[ns.Name] = true
			u.Namespaces = append(u.Namespaces, ns.Name)
		}
	}
	slices.Sort(u.Namespaces)
	f.result.Undecided = append(f.result.Undecided, u)
}
