// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// keyID names a key for key-level policies; key is the hash of a private one.
type keyID struct{ namespace, collection, key string }

// noteMetadata remembers whose key-level policies a transaction may change.
func (f *finisher) noteMetadata(i int, set *rwset.Set) {
	note := func(id keyID) { f.changed[id] = append(f.changed[id], i) }
	for _, ns := range set.Namespaces {
		for _, w := range ns.Metadata {
			note(keyID{ns.Name, "", w.Key})
		}
		for _, c := range ns.Collections {
			for _, w := range c.Metadata {
				note(keyID{ns.Name, c.Name, string(w.KeyHash)})
			}
		}
	}
}

// judgeNamespace tests a transaction's endorsements against the policies of one
// namespace: of its keys, of its collections, of the chaincode. A reason means
// that it is invalid, an error that there can be no verdict.
func (f *finisher) judgeNamespace(i int, tx *Tx, namespace string) (code peer.TxValidationCode, reason, err error) {
	d, err := f.policies.definition(namespace)
	if err != nil {
		return 0, nil, err
	}
	if d.invalid != nil {
		return peer.TxValidationCode_INVALID_CHAINCODE, d.invalid, nil
	}
	if f.taints.hadBefore(namespace) && tx.writesTo(namespace) {
		return 0, nil, &TaintedError{Namespace: namespace} // its keys' policies are unknown
	}
	e := &evaluation{f: f, index: i, tx: tx, namespace: namespace, definition: d, done: make(map[string]bool)}
	reason, err = e.run()
	return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, reason, err
}

// evaluation is the endorsement test of one transaction in one namespace.
type evaluation struct {
	f          *finisher
	index      int
	tx         *Tx
	namespace  string
	definition *definition
	done       map[string]bool // collections whose policy held; "" is the chaincode's
	some       bool            // some policy was tested
}

func (e *evaluation) run() (reason, err error) {
	for i := range e.tx.Set.Namespaces {
		ns := &e.tx.Set.Namespaces[i]
		if ns.Name != e.namespace {
			continue
		}
		for _, id := range writtenKeys(ns) {
			if reason, err := e.key(id); reason != nil || err != nil {
				return reason, err
			}
		}
	}
	if e.some {
		return nil, nil
	}
	return e.chaincode(), nil
}

// writtenKeys lists the keys whose value or metadata is written, in Fabric's
// order.
func writtenKeys(ns *rwset.Namespace) []keyID {
	var ids []keyID
	for _, w := range ns.Writes {
		ids = append(ids, keyID{ns.Name, "", w.Key})
	}
	for _, w := range ns.Metadata {
		ids = append(ids, keyID{ns.Name, "", w.Key})
	}
	for _, c := range ns.Collections {
		for _, w := range c.Writes {
			ids = append(ids, keyID{ns.Name, c.Name, string(w.KeyHash)})
		}
	}
	for _, c := range ns.Collections {
		for _, w := range c.Metadata {
			ids = append(ids, keyID{ns.Name, c.Name, string(w.KeyHash)})
		}
	}
	return ids
}

// key tests the key's own policy, or, if it has none, its collection's or the
// chaincode's. A transaction before this one in the block that changes the key's
// policy makes this one invalid, even if it turns out invalid itself for a
// reason that is tested later.
func (e *evaluation) key(id keyID) (reason, err error) {
	for _, earlier := range e.f.changed[id] {
		if earlier < e.index && e.f.passed[passedKey{earlier, e.namespace}] {
			return fmt.Errorf("the policy of key %q is changed by transaction %d of the block", id.key, earlier), nil
		}
	}
	own, err := e.keyPolicy(id)
	if err != nil {
		return nil, err
	}
	if own == nil {
		return e.namespacePolicy(id.collection), nil
	}
	if err := own.EvaluateIdentities(e.tx.endorsers); err != nil {
		return fmt.Errorf("policy of key %q of %s: %w", id.key, e.namespace, err), nil
	}
	e.some = true
	return nil, nil
}

// keyPolicy returns the policy in a key's metadata, nil if there is none. One
// that does not decode halts the channel, as in Fabric.
func (e *evaluation) keyPolicy(id keyID) (policy.Policy, error) {
	var entries []rwset.Entry
	var err error
	switch {
	case id.collection == "":
		entries, err = e.f.state.Metadata(id.namespace, id.key)
	case e.f.policies.collection(e.definition, id.collection) == nil:
		return nil, nil // no such collection: refused where its policy is looked for
	default:
		entries, err = e.f.state.HashedMetadata(id.namespace, id.collection, []byte(id.key))
	}
	if err != nil {
		return nil, err
	}
	raw := validationParameter(entries)
	if len(raw) == 0 {
		return nil, nil
	}
	own, err := e.f.policies.key(raw)
	if err != nil {
		return nil, fmt.Errorf("could not translate policy for %s:%q: %w", id.namespace, id.key, err)
	}
	return own, nil
}

func validationParameter(entries []rwset.Entry) []byte {
	var value []byte
	for _, entry := range entries { // of two entries of one name the last counts
		if entry.Name == peer.MetaDataKeys_VALIDATION_PARAMETER.String() {
			value = entry.Value
		}
	}
	return value
}

// namespacePolicy tests the policy of a collection or, without one, of the
// chaincode, once.
func (e *evaluation) namespacePolicy(collection string) error {
	if e.done[collection] {
		return nil
	}
	if collection == "" {
		return e.chaincode()
	}
	p := e.f.policies.collection(e.definition, collection)
	if p == nil {
		return fmt.Errorf("no such collection %q of %s", collection, e.namespace)
	}
	if err := p.EvaluateIdentities(e.tx.endorsers); err != nil {
		return fmt.Errorf("endorsement policy of collection %s of %s: %w", collection, e.namespace, err)
	}
	e.done[collection], e.some = true, true
	return nil
}

func (e *evaluation) chaincode() error {
	if err := e.definition.endorsement.EvaluateIdentities(e.tx.endorsers); err != nil {
		return fmt.Errorf("endorsement policy of chaincode %s: %w", e.namespace, err)
	}
	e.done[""], e.some = true, true
	return nil
}
