// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Finish makes the checks that need state, in the block's order, for
// transactions that Check returned under the same bundle. number is the
// block's. Errors are as those of [Block].
func Finish(number uint64, txs []*Tx, bundle *channel.Bundle, state State) (*Result, error) {
	return Rules{}.Finish(number, txs, bundle, state)
}

// Finish is the function of that name under these rules.
func (r Rules) Finish(number uint64, txs []*Tx, bundle *channel.Bundle, state State) (*Result, error) {
	f := &finisher{
		rules: r, number: number, bundle: bundle, state: state, taints: newTaints(r.Tainted),
		result:   &Result{Txs: txs, Codes: make([]peer.TxValidationCode, len(txs)), Reasons: make([]error, len(txs))},
		policies: newPolicies(bundle, state), changed: make(map[keyID][]int), passed: make(map[passedKey]bool),
	}
	f.batch = newBatch(state, f.taints.has)
	for i, tx := range txs {
		if tx == nil || tx.bundle != bundle {
			return nil, fmt.Errorf("validate: transaction %d was not checked under this configuration", i)
		}
		f.result.Codes[i], f.result.Reasons[i] = tx.Code, tx.Reason
	}
	if err := f.judge(); err != nil {
		return nil, err
	}
	f.markDuplicates()
	if err := f.apply(); err != nil {
		return nil, err
	}
	f.result.Updates, f.result.Hashed = f.batch.updates()
	return f.result, nil
}

// finisher is the judgement of one block, under way.
type finisher struct {
	rules    Rules
	number   uint64
	bundle   *channel.Bundle
	state    State
	result   *Result
	policies *policies
	changed  map[keyID][]int    // transactions that set a key's metadata
	passed   map[passedKey]bool // namespaces whose policies a transaction satisfied
	batch    *batch
	taints   *taints
}

type passedKey struct {
	tx        int
	namespace string
}

func (f *finisher) invalid(i int, code peer.TxValidationCode, err error) {
	f.result.Codes[i], f.result.Reasons[i] = code, err
}

func (f *finisher) valid(i int) bool { return f.result.Codes[i] == peer.TxValidationCode_VALID }

func (f *finisher) halt(i int, err error) error {
	return &HaltError{Block: f.number, Tx: i, TxID: f.result.Txs[i].TxID, Err: err}
}

// judge tests for ids of earlier blocks and for endorsement policies, and
// applies configurations.
func (f *finisher) judge() error {
	config := f.bundle
	for i, tx := range f.result.Txs {
		switch {
		case tx.Type == common.HeaderType_ENDORSER_TRANSACTION && (f.valid(i) || tx.late):
			if err := f.judgeEndorsed(i, tx); err != nil {
				return err
			}
		case tx.Type == common.HeaderType_CONFIG && f.valid(i):
			next, err := applyConfig(tx.opened.Payload.Data, config)
			if err != nil {
				return f.halt(i, err)
			}
			config, f.result.Bundle = next, next
		}
	}
	return nil
}

func (f *finisher) judgeEndorsed(i int, tx *Tx) error {
	known, err := f.state.HasTx(tx.TxID)
	if err != nil {
		return fmt.Errorf("validate: state: %w", err)
	}
	if known {
		f.invalid(i, peer.TxValidationCode_DUPLICATE_TXID, errors.New("the transaction id stands in an earlier block"))
		return nil
	}
	if !f.valid(i) {
		return nil
	}
	f.noteMetadata(i, tx.Set)
	for _, ns := range written(tx) {
		code, reason, err := f.judgeNamespace(i, tx, ns)
		if f.taints.takes(err) {
			f.taints.cause[i] = err // unless another namespace makes it invalid
			continue
		}
		if err != nil {
			return f.halt(i, err)
		}
		// All namespaces are judged: what passed in one of them counts against
		// later transactions there.
		if reason == nil {
			f.passed[passedKey{i, ns}] = true
		} else if f.valid(i) {
			f.invalid(i, code, reason)
		}
	}
	return nil
}

// written lists the namespaces whose policies a transaction must satisfy: the
// invoked chaincode's always, and every one that it writes to.
func written(tx *Tx) []string {
	names := []string{tx.chaincode}
	for i := range tx.Set.Namespaces {
		if ns := &tx.Set.Namespaces[i]; ns.Name != tx.chaincode && writes(ns) {
			names = append(names, ns.Name)
		}
	}
	return names
}

// writesTo says whether the transaction writes to a namespace.
func (t *Tx) writesTo(namespace string) bool {
	return slices.ContainsFunc(t.Set.Namespaces, func(ns rwset.Namespace) bool { return ns.Name == namespace && writes(&ns) })
}

func writes(ns *rwset.Namespace) bool {
	if len(ns.Writes)+len(ns.Metadata) > 0 {
		return true
	}
	for _, c := range ns.Collections {
		if len(c.Writes)+len(c.Metadata) > 0 {
			return true
		}
	}
	return false
}

// markDuplicates invalidates transactions that repeat the id of one before them
// in the block that is still valid.
func (f *finisher) markDuplicates() {
	seen := make(map[string]int)
	for i, tx := range f.result.Txs {
		if !f.valid(i) || tx.Type != common.HeaderType_ENDORSER_TRANSACTION {
			continue
		}
		first, twice := seen[tx.TxID]
		switch {
		case !twice:
			seen[tx.TxID] = i
		case f.taints.cause[first] == nil:
			f.invalid(i, peer.TxValidationCode_DUPLICATE_TXID, errors.New("the transaction id stands earlier in this block"))
		case f.taints.cause[i] == nil:
			// If the first one is valid this is a duplicate, else it may be valid.
			f.taints.cause[i] = &RepeatsUndecidedError{Tx: first}
		}
	}
}

// apply makes the checks of what CouchDB takes, if asked to, and tests what is
// still valid against the state and the writes of the valid
// transactions before it, and applies its own.
func (f *finisher) apply() error {
	for i, tx := range f.result.Txs {
		if !f.valid(i) {
			continue
		}
		version := rwset.Version{Block: f.number, Tx: uint64(i)}
		if tx.Type == common.HeaderType_CONFIG {
			f.batch.setConfig(configUpdate(tx.opened.Payload.Data, version))
			continue
		}
		if f.rules.CouchDB {
			if err := couchRefuses(tx.Set); err != nil {
				f.invalid(i, peer.TxValidationCode_INVALID_WRITESET, err)
				continue
			}
		}
		code, reason, err := f.batch.check(tx.Set)
		if err != nil {
			return fmt.Errorf("validate: state: %w", err)
		}
		if reason != nil {
			f.invalid(i, code, reason)
			continue
		}
		if err := f.unknown(i, tx.Set); err != nil {
			f.undecided(i, err)
			continue
		}
		if err := f.batch.apply(tx.Set, version); err != nil {
			return fmt.Errorf("validate: state: %w", err)
		}
	}
	return nil
}

// unknown says why the verdict on a transaction that passed every check that can
// be made is unknown all the same, nil if it is known.
func (f *finisher) unknown(i int, set *rwset.Set) error {
	if err := f.taints.cause[i]; err != nil {
		return err
	}
	if namespace, ok := f.taints.read(set); ok {
		return &TaintedError{Namespace: namespace}
	}
	return nil
}
