// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
	"github.com/privatechaincode/fpc/protocol"
)

// definitions shows the definitions that are committed at a view.
type definitions struct{ *index.View }

// GetState implements lifecycle.Readable.
func (d definitions) GetState(key string) ([]byte, error) { return d.Value(lifecycle.Namespace, key) }

// endorser is can_endorse (KEY-5): whether an enclave is registered for a
// chaincode's committed definition and not revoked.
func (a *answerer) endorser(ask *fpc.EndorserAsk) (*fpc.EndorserReply, error) {
	const step = "KEY-5"
	r := &fpc.EndorserReply{}
	cc, id := ask.GetChaincodeId(), ask.GetEnclaveId()
	if lifecycle.CheckName(cc) != nil || !isEnclaveID(id) {
		r.Refused = protocol.Failure(protocol.Errorf(step, protocol.CodeMalformed, "no chaincode and enclave can have these names"))
		return r, nil
	}
	credentials, err := a.registered(protocol.CredentialsKey(cc, id))
	if err != nil {
		return nil, err
	}
	r.Credentials = credentials
	if r.ChaincodeKey, err = a.registered(protocol.ChaincodeKeyKey(cc)); err != nil {
		return nil, err
	}
	key := &fpc.ChaincodeKey{}
	if err := proto.Unmarshal(r.ChaincodeKey, key); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "what ERCC holds as the key of %s does not decode", cc)
	}
	r.Generation = key.GetGeneration()
	at := registry{a.view, a.ledger.registry}
	r.Provisioned = at.has(protocol.ProvisionedKey(cc, id))
	if refused := a.refuseEndorser(cc, id, credentials); refused != nil {
		r.Refused = protocol.Failure(refused)
	}
	return r, nil
}

func (a *answerer) refuseEndorser(cc, id string, credentials []byte) error {
	const step = "KEY-5"
	if len(credentials) == 0 {
		return protocol.Errorf(step, protocol.CodeNotRegistered, "enclave %.12s is not registered for %s", id, cc)
	}
	if (registry{a.view, a.ledger.registry}).has(protocol.RevokedKey(cc, id)) {
		return protocol.Errorf(step, protocol.CodeRevoked, "enclave %.12s of %s is revoked", id, cc)
	}
	parsed, err := protocol.ParseCredentials(step, credentials)
	if err != nil {
		return err
	}
	defined, err := lifecycle.Query(cc, definitions{a.view})
	var none lifecycle.NotDefinedError
	switch {
	case errors.As(err, &none):
		return protocol.Errorf(step, protocol.CodeNoDefinition, "%s has no committed definition", cc)
	case err != nil:
		return protocol.Errorf(step, protocol.CodeInternal, "the definition of %s: %w", cc, err)
	}
	if version := parsed.Data.GetCcParams().GetVersion(); version != defined.Version {
		return protocol.Errorf(step, protocol.CodeWrongVersion, "enclave %.12s is of version %q of %s, committed is %q", id, version, cc, defined.Version)
	}
	return nil
}

// policy is ERCC's policy, if ERCC's committed definition approves the bytes that
// are stored (LC-5).
func (a *answerer) policy() (*fpc.PolicyReply, error) {
	const step = "KEY-5"
	stored, err := a.registered(protocol.PolicyKey)
	if err != nil {
		return nil, err
	}
	policy, err := protocol.ParseStoredPolicy(step, stored)
	if err != nil {
		return &fpc.PolicyReply{Refused: protocol.Failure(err)}, nil
	}
	defined, err := lifecycle.Query(a.ledger.registry, definitions{a.view})
	if err != nil {
		err = protocol.Errorf(step, protocol.CodeNoDefinition, "the definition of %s: %w", a.ledger.registry, err)
		return &fpc.PolicyReply{Refused: protocol.Failure(err)}, nil
	}
	if v := protocol.PolicyVersion(policy); v != defined.Version {
		err = protocol.Errorf(step, protocol.CodeWrongPolicy, "the stored policy has hash %s, ERCC's definition has version %s", v, defined.Version)
		return &fpc.PolicyReply{Refused: protocol.Failure(err)}, nil
	}
	return &fpc.PolicyReply{Policy: policy}, nil
}

func isEnclaveID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == id
}

// registry is ERCC's state at a view.
type registry struct {
	view *index.View
	name string
}

func (r registry) has(key string) bool {
	value, err := r.view.Value(r.name, key)
	return err == nil && len(value) != 0
}

// mayWrite tells whether an enclave was registered for this version of a
// chaincode, provisioned and not revoked. The version matters: whatever else its
// CA certifies, an enclave of older code stays one.
func (r registry) mayWrite(cc, version, id string) bool {
	credentials, err := r.view.Value(r.name, protocol.CredentialsKey(cc, id))
	if err != nil || len(credentials) == 0 {
		return false
	}
	parsed, err := protocol.ParseCredentials("EX-1", credentials)
	return err == nil && parsed.Data.GetCcParams().GetVersion() == version &&
		r.has(protocol.ProvisionedKey(cc, id)) && !r.has(protocol.RevokedKey(cc, id))
}

// writers tells by whom the state of private chaincodes was changed (EX-1). It
// judges by definitions and by ERCC's state as they were before the block.
type writers struct {
	ledger  *ledger
	view    *index.View
	result  *validate.Result
	full    map[string]*fullDefinition // by namespace; nil: not of Full mode
	may     map[[2]string]bool         // by namespace and enclave
	endorse map[change]*endorsed
}

// fullDefinition is a definition whose endorsers are enclaves.
type fullDefinition struct {
	version string
	policy  policy.Policy
}

// change is what a transaction does to a namespace.
type change struct {
	tx        int
	namespace string
}

// endorsed is by which enclaves a change is endorsed, and whether they satisfy the
// definition's policy.
type endorsed struct {
	enclaves []*msp.Presented
	enough   bool
}

func (l *ledger) writers(view *index.View, result *validate.Result) *writers {
	return &writers{l, view, result, make(map[string]*fullDefinition), make(map[[2]string]bool), make(map[change]*endorsed)}
}

// byEnclaves tells whether a transaction's change of a key is endorsed by
// enclaves: the definition asks for enclaves, and what it asks for, or the key's
// own policy does, is still satisfied when only those count that ERCC held
// registered, provisioned and not revoked, each once. So certificates that a CA
// gave to a key which is no enclave's count for nothing, and neither does a second
// certificate for one that is.
func (w *writers) byEnclaves(tx int, namespace, key string) bool {
	d := w.definition(namespace)
	if d == nil || w.result.Codes[tx] != peer.TxValidationCode_VALID {
		return false
	}
	e := w.endorsed(d, change{tx, namespace})
	if len(e.enclaves) == 0 {
		return false
	}
	if own := w.ownPolicy(d, namespace, key); own != nil {
		return own.EvaluateIdentities(e.enclaves) == nil
	}
	return e.enough
}

// foreign tells whether others changed a key of a namespace that belongs to
// enclaves.
func (w *writers) foreign(tx int, namespace, key string) bool {
	return w.definition(namespace) != nil && !w.byEnclaves(tx, namespace, key)
}

func (w *writers) endorsed(d *fullDefinition, c change) *endorsed {
	e, ok := w.endorse[c]
	if ok {
		return e
	}
	e = &endorsed{}
	seen := make(map[string]bool)
	for _, endorser := range w.result.Txs[c.tx].Endorsers() {
		if id := enclaveID(endorser); !seen[id] && w.counts(c.namespace, d.version, id) {
			seen[id] = true
			e.enclaves = append(e.enclaves, endorser)
		}
	}
	e.enough = d.policy.EvaluateIdentities(e.enclaves) == nil
	w.endorse[c] = e
	return e
}

// ownPolicy returns the policy of a key that enclaves gave it, if enclaves alone
// satisfy it; nil: its writers must satisfy the definition's.
func (w *writers) ownPolicy(d *fullDefinition, namespace, key string) policy.Policy {
	own := w.view.KeyPolicy(namespace, key)
	if len(own) == 0 || !w.view.Info(namespace, key).GetByEnclaves() {
		return nil
	}
	envelope, err := protocol.EnclaveKeyPolicy("EX-5", own, w.ledger.channelHash, namespace, d.version)
	if err != nil {
		return nil
	}
	compiled, err := policy.Compile(envelope, w.view.Bundle().Identities())
	if err != nil {
		return nil
	}
	return compiled
}

func (w *writers) definition(namespace string) *fullDefinition {
	d, ok := w.full[namespace]
	if !ok {
		d = w.ledger.fullDefinition(w.view, namespace)
		w.full[namespace] = d
	}
	return d
}

func (w *writers) counts(namespace, version, id string) bool {
	at := [2]string{namespace, id}
	may, ok := w.may[at]
	if !ok {
		may = registry{w.view, w.ledger.registry}.mayWrite(namespace, version, id)
		w.may[at] = may
	}
	return may
}

// fullDefinition returns a namespace's definition if it is of Full mode, otherwise
// nil.
func (l *ledger) fullDefinition(view *index.View, namespace string) *fullDefinition {
	if namespace == lifecycle.Namespace || namespace == l.registry {
		return nil
	}
	defined, err := lifecycle.Query(namespace, definitions{view})
	if err != nil {
		return nil
	}
	mode, envelope, err := protocol.EnclavePolicy("VAL-8", defined.ValidationParameter, l.channelHash, namespace, defined.Version)
	if err != nil || mode != protocol.ModeFull {
		return nil
	}
	compiled, err := policy.Compile(envelope, view.Bundle().Identities())
	if err != nil {
		return nil
	}
	return &fullDefinition{defined.Version, compiled}
}

// enclaveID is the id that an enclave has whose key the certificate is over.
func enclaveID(endorser *msp.Presented) string {
	sum := sha256.Sum256(endorser.Certificate().RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}
