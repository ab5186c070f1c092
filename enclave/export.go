// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

const stepExport = "KEY-5"

// nonce is the nonce of the head statement to come. It is good for one
// statement, right or wrong, and forgotten with the process.
type nonce struct {
	mu    sync.Mutex
	value []byte
}

// PrepareStatement chooses the nonce of a head statement (docs/flows.md, section
// 7). A nonce prepared before is worth nothing from then on.
//
// Codes: not_initialised, wrong_mode.
func (e *Enclave) PrepareStatement(context.Context, *fpc.PrepareStatementRequest) (*fpc.PrepareStatementResponse, error) {
	if _, err := e.inFull(stepExport); err != nil {
		return nil, err
	}
	value := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(value) // documented never to fail
	e.nonce.mu.Lock()
	defer e.nonce.mu.Unlock()
	e.nonce.value = value
	return &fpc.PrepareStatementResponse{Nonce: bytes.Clone(value)}, nil
}

func (n *nonce) take() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	value := n.value
	n.value = nil
	return value
}

// ExportCCKeys hands the chaincode's keys to another enclave (KEY-5): one that,
// at a head which a head statement shows to be fresh, the ledger enclave knows as
// registered for the committed definition of this chaincode, not revoked, and
// without keys; and that ERCC's policy in force would still admit. The keys leave
// sealed to that enclave's attested Enclave_EK, and what it is stands in their
// lineage from then on.
//
// Codes: not_initialised, wrong_mode, not_provisioned, not_fresh, those of head
// statements and of the session, not_registered, revoked, wrong_version,
// wrong_enclave, wrong_chaincode, wrong_channel, already_provisioned,
// wrong_generation, no_policy, wrong_policy, attest's codes, wrong_ledger.
func (e *Enclave) ExportCCKeys(ctx context.Context, req *fpc.ExportCCKeysRequest, host StateAccess) (*fpc.ExportCCKeysResponse, error) {
	s, err := e.inFull(stepExport)
	if err != nil {
		return nil, err
	}
	if s.keys == nil {
		return nil, protocol.Errorf(stepExport, protocol.CodeNotProvisioned, "enclave %.12s holds no keys of the chaincode", s.id)
	}
	value := e.nonce.take()
	if value == nil {
		return nil, protocol.Errorf(stepExport, protocol.CodeNotFresh, "no head statement was prepared, or it was used")
	}
	if req.GetReceiver() == s.id {
		return nil, protocol.Errorf(stepExport, protocol.CodeAlreadyProvisioned, "enclave %.12s would export to itself", s.id)
	}
	var log steps
	log.add(stepExport, stub, enclave, "exportCCKeys")
	at, err := e.noEarlier(ctx, req.GetTime())
	if err != nil {
		return nil, err
	}
	var to *receiver
	err = e.askUntil(ctx, s, &telling{host, &log}, func(replies []*fpc.LedgerReply) (err error) {
		if refused := replies[0].GetStatement().GetRefused(); refused != nil {
			return fromFailure(refused)
		}
		if err := s.checkOwnKeys(stepExport, replies[1].GetEndorser()); err != nil {
			return err
		}
		to, err = e.checkReceiver(s, req.GetReceiver(), replies[2].GetEndorser(), replies[3].GetPolicy(), at)
		return err
	}, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Statement{Statement: &fpc.StatementAsk{Nonce: value, Infos: req.GetInfos()}}},
		s.endorserAsk(s.id), s.endorserAsk(req.GetReceiver()), &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Policy{Policy: &fpc.PolicyAsk{}}})
	if err != nil {
		return nil, err
	}
	export, err := s.export(to)
	if err != nil {
		return nil, err
	}
	log.add(stepExport, ledgerEnclave, enclave, "fresh, receiver registered")
	return &fpc.ExportCCKeysResponse{Export: export, Steps: log}, nil
}

// askUntil asks several things at the newest head until the replies pass a check.
// A ledger enclave follows a peer's chain and may not have reached the block that
// the caller already knows of; so what such a block can change is asked again
// after the next one. It ends with the check's error when no block comes in the
// time that the host waits.
func (e *Enclave) askUntil(ctx context.Context, s *state, host StateAccess, check func([]*fpc.LedgerReply) error, asks ...*fpc.LedgerAsk) error {
	view := hostView{ctx, host}
	for before := uint64(0); ; {
		_, answer, err := e.link.ask(ctx, s, host, nil, &fpc.LedgerRequest{Asks: asks})
		if err != nil {
			return err
		}
		height := answer.GetHead().GetHeight()
		if err = check(answer.GetReplies()); err == nil || !changesByBlock(err) || height <= before {
			return err
		}
		before = height
		if err := view.await(stepSession, height); err != nil {
			return err
		}
	}
}

// changesByBlock tells whether a block to come may undo a refusal.
func changesByBlock(err error) bool {
	switch protocol.CodeOf(err) {
	case protocol.CodeNotRegistered, protocol.CodeNotProvisioned, protocol.CodeExportRefused, protocol.CodeWrongGeneration, codeStatementBehind:
		return true
	}
	return false
}

// codeStatementBehind is the ledger enclave's: a peer is at a block that it has
// not got.
const codeStatementBehind protocol.Code = "statement_behind"

func (s *state) endorserAsk(id string) *fpc.LedgerAsk {
	return &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Endorser{Endorser: &fpc.EndorserAsk{ChaincodeId: s.params.GetChaincodeId(), EnclaveId: id}}}
}

// checkOwnKeys refuses to pass on what this enclave should no longer hold: it was
// revoked, or its keys are not the registered ones.
func (s *state) checkOwnKeys(step string, r *fpc.EndorserReply) error {
	if refused := r.GetRefused(); refused != nil {
		return fromFailure(refused)
	}
	if !r.GetProvisioned() {
		return protocol.Errorf(step, protocol.CodeNotProvisioned, "the registry does not know enclave %.12s as provisioned", s.id)
	}
	return s.checkRegisteredKey(step, r, s.keys)
}

// checkRegisteredKey holds a key set to the one that ERCC has.
func (s *state) checkRegisteredKey(step string, r *fpc.EndorserReply, set *keySet) error {
	key := &fpc.ChaincodeKey{}
	if err := protocol.Unmarshal(step, "the registered key", r.GetChaincodeKey(), key); err != nil {
		return err
	}
	if key.GetGeneration() != set.generation || !proto.Equal(key.GetChaincodeEk(), set.ek.PB()) {
		return protocol.Errorf(step, protocol.CodeWrongGeneration, "the registered key is of generation %d, this one of %d", key.GetGeneration(), set.generation)
	}
	return nil
}

// checkColleague returns the credentials of a registered enclave of the same
// chaincode, version and channel. That its evidence was good is ERCC's finding,
// and that ERCC holds it the ledger enclave's.
func (s *state) checkColleague(step, id string, r *fpc.EndorserReply) (*protocol.Credentials, error) {
	if refused := r.GetRefused(); refused != nil {
		return nil, fromFailure(refused)
	}
	c, err := protocol.ParseCredentials(step, r.GetCredentials())
	if err != nil {
		return nil, err
	}
	params := c.Data.GetCcParams()
	switch {
	case c.EnclaveID() != id:
		return nil, protocol.Errorf(step, protocol.CodeWrongEnclave, "the registry holds enclave %.12s under the name of %.12s", c.EnclaveID(), id)
	case params.GetChaincodeId() != s.params.GetChaincodeId():
		return nil, protocol.Errorf(step, protocol.CodeWrongChaincode, "enclave %.12s is of chaincode %q", id, params.GetChaincodeId())
	case params.GetVersion() != s.params.GetVersion():
		return nil, protocol.Errorf(step, protocol.CodeWrongVersion, "enclave %.12s is of version %q, this one of %q", id, params.GetVersion(), s.params.GetVersion())
	case !bytes.Equal(c.Data.GetChannelHash(), s.channelHash):
		return nil, protocol.Errorf(step, protocol.CodeWrongChannel, "enclave %.12s is of another channel", id)
	case c.Data.GetLedgerCodeId() == "":
		return nil, protocol.Errorf(step, protocol.CodeWrongMode, "enclave %.12s is of Lite mode", id)
	}
	return c, nil
}

func (s *state) export(to *receiver) (*fpc.Signed, error) {
	x := protocol.KeyExport{
		CCParams:    s.params,
		ChannelHash: s.channelHash,
		Generation:  s.keys.generation,
		Sender:      s.id,
		Receiver:    to.EnclaveID(),
		ChaincodeEK: s.keys.ek,
		Lineage:     s.keys.lineage.Union(protocol.NewLineage(to.custody)),
	}
	set, err := s.keys.pb()
	if err != nil {
		return nil, protocol.Errorf(stepExport, protocol.CodeInternal, "%w", err)
	}
	if err := x.Seal(to.EnclaveEK, set); err != nil {
		return nil, err
	}
	return protocol.SignKeyExport(s.sk, x)
}
