// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"context"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// fullView is what the host's word and the ledger enclave's pinned head agree on.
// The peer answers from one state, which no head is named after; the ledger
// enclave answers at the head that was pinned at the beginning. Where the two
// differ in a key that is read, the run counts for nothing: see settle.
type fullView struct {
	hostView
	enclave  *Enclave
	state    *state
	proposal *verifiedProposal
	log      *steps
	ledger   []byte // the ledger enclave's instance id

	pinned pinned            // height 0: no head yet
	oldest uint64            // height below which no head will do
	newest uint64            // height of the newest head heard of
	peer   map[string][]byte // value hashes as the peer answered in this run; nil: absent
	failed error             // host or ledger enclave did not answer: no run can end
	differ bool              // the peer's state is not that of the pinned head
	reruns int
	waits  int
}

// newFullView begins an invocation's view (INV-9). Its head is not pinned yet: the
// question about the proposal's creator (INV-11) travels with the first access to
// the state, which spares a round trip to the ledger enclave. Nothing is gained by
// a creator who is then refused: what the chaincode asks for first follows from the
// request alone, since it has seen no state, and it gets no answer. Blinded keys
// are the exception: how a key is blinded is a secret, and its first sight would
// tell it, so there the creator is judged before.
//
// Codes: those of the session, ledger_unreachable, not_certified; and, now or at
// the first access, foreign_creator, revoked_creator, stale_view, below_min_head.
func (e *Enclave) newFullView(ctx context.Context, s *state, p *verifiedProposal, host StateAccess, log *steps) (*fullView, error) {
	if len(s.full.certificate) == 0 {
		return nil, protocol.Errorf("INV-8", protocol.CodeNotCertified, "enclave %.12s has no certificate to endorse under", s.id)
	}
	v := &fullView{
		hostView: hostView{ctx, host}, enclave: e, state: s, proposal: p, log: log,
		pinned: pinned{ctx: ctx, link: e.link, state: s, host: host, creator: p.creator},
	}
	used, err := e.link.use(ctx, s, host)
	if err != nil {
		return nil, err
	}
	v.ledger = used.InstanceID()
	if e.config.BlindedKeys {
		_, err = v.begin(question{})
	}
	return v, err
}

// look asks peer and ledger enclave at once, the latter at the pinned head; the
// first look pins it. A failure ends the run, whatever the chaincode makes of it.
func (v *fullView) look(access *fpc.StateRequest, ask *fpc.LedgerAsk) (*fpc.StateResponse, *fpc.LedgerReply, error) {
	at := v.pinned.ask
	if v.pinned.height == 0 {
		at = v.begin
	}
	a, err := at(question{access, []*fpc.LedgerAsk{ask}})
	if err != nil {
		v.failed = err
		return nil, nil, err
	}
	return a.peer, a.ledger[0], nil
}

// hostFailed records that the host gave no answer, or one of no form: no run can end
// then. A sealed error would tell the client that the chaincode failed, and it would
// ask no other enclave.
func (v *fullView) hostFailed(err error) error {
	v.failed = err
	return err
}

func (v *fullView) keysAsk(keys ...string) *fpc.LedgerAsk {
	return &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: v.state.params.GetChaincodeId(), Keys: keys}}}
}

func (v *fullView) get(keys []string) ([]stored, error) {
	resp, reply, err := v.look(getStates(keys), v.keysAsk(keys...))
	if err != nil {
		return nil, err
	}
	if err := checkValues(resp, keys); err != nil {
		return nil, v.hostFailed(err)
	}
	for i, key := range keys {
		v.heard(key, resp.GetValues()[i])
	}
	out := make([]stored, len(keys))
	for i, key := range keys {
		if out[i], err = v.judge(stepGet, key, resp.GetValues()[i], reply.GetKeys().GetKeys()[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// heard keeps what the peer said stands under a key, for finding its head.
func (v *fullView) heard(key string, value []byte) { v.peer[key] = protocol.ValueHash(value) }

// judge holds the peer's value to what the ledger enclave knows of the key
// (EX-1): the same value, of a transaction that enclaves of this chaincode
// endorsed, whose id stands in the value's header.
func (v *fullView) judge(step, key string, value []byte, info *fpc.KeyInfo) (stored, error) {
	if info.GetTainted() {
		return stored{}, protocol.Errorf(step, protocol.CodeTainted, "key %q was written by a transaction that the ledger enclave cannot judge", key)
	}
	if info.GetRemoved() {
		return stored{}, errRemoved(step, key, info)
	}
	if info.GetPresent() != (len(value) != 0) || !bytes.Equal(info.GetValueHash(), protocol.ValueHash(value)) {
		v.differ = true
		return stored{}, protocol.Errorf(step, protocol.CodeStaleView, "the peer's value of key %q is not the one at height %d", key, v.pinned.height)
	}
	if len(value) == 0 {
		return stored{}, nil
	}
	out := stored{value, &rwset.Version{Block: info.GetBlock(), Tx: uint64(info.GetPosition())}}
	if protocol.IsReservedKey(key) { // FPC's own, never shown to the chaincode
		return out, nil
	}
	header, err := keys.ParseValueHeader(value)
	switch {
	case err != nil:
		return stored{}, protocol.Errorf(step, CodeForeignValue, "key %q holds what no enclave wrote", key)
	case !info.GetByEnclaves():
		return stored{}, protocol.Errorf(step, protocol.CodeForeignWriter, "key %q was written by transaction %.12s, which no registered enclaves of this chaincode endorsed", key, info.GetTxId())
	case header.TxID.String() != info.GetTxId():
		return stored{}, protocol.Errorf(step, protocol.CodeForeignWriter, "key %q holds a value of transaction %.12s, and was written by %.12s", key, header.TxID, info.GetTxId())
	}
	return out, nil
}

// errRemoved says that others than enclaves removed what stood under a key: that
// it is absent is no more the chaincode's doing than an old value there would be.
func errRemoved(step, key string, info *fpc.KeyInfo) error {
	return protocol.Errorf(step, protocol.CodeForeignWriter, "key %q was removed by transaction %.12s, which no registered enclaves of this chaincode endorsed", key, info.GetTxId())
}

func (v *fullView) policy(key string) (stored, error) {
	resp, reply, err := v.look(getMetadata(key), v.keysAsk(key))
	if err != nil {
		return stored{}, err
	}
	info := reply.GetKeys().GetKeys()[0]
	switch {
	case info.GetTainted():
		return stored{}, protocol.Errorf(stepPolicy, protocol.CodeTainted, "key %q was written by a transaction that the ledger enclave cannot judge", key)
	case info.GetRemoved():
		return stored{}, errRemoved(stepPolicy, key, info)
	case !bytes.Equal(info.GetMetadataHash(), protocol.MetadataHash(resp.GetMetadata())):
		v.differ = true
		return stored{}, protocol.Errorf(stepPolicy, protocol.CodeStaleView, "the peer's policy of key %q is not the one at height %d", key, v.pinned.height)
	case !info.GetPresent():
		return stored{value: resp.GetMetadata()}, nil
	case !info.GetByEnclaves():
		return stored{}, protocol.Errorf(stepPolicy, protocol.CodeForeignWriter, "key %q or its policy was written by a transaction that no registered enclaves of this chaincode endorsed", key)
	}
	return stored{resp.GetMetadata(), &rwset.Version{Block: info.GetBlock(), Tx: uint64(info.GetPosition())}}, nil
}

// admit refuses policies that anybody but this definition's enclaves satisfies
// (EX-5): who may write a key could otherwise put an old value back.
func (v *fullView) admit(key string, policy []byte) error {
	if len(policy) == 0 {
		return nil
	}
	params := v.state.params
	if _, err := protocol.EnclaveKeyPolicy(stepPolicy, policy, v.state.channelHash, params.GetChaincodeId(), params.GetVersion()); err != nil {
		return protocol.Errorf(stepPolicy, CodeForeignPolicy, "key %q: %w", key, err)
	}
	return nil
}

func (v *fullView) instance() []byte { return v.ledger }
