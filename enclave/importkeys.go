// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

const stepImport = "KEY-7"

// ImportCCKeys takes the chaincode's keys from another enclave (KEY-7): the export
// must be the very message that ERCC holds for this enclave, by a registered and
// provisioned enclave of the same definition, and the keys the registered ones.
// The lineage of what is held then is the sender's and this enclave's own
// custody.
//
// Codes: not_initialised, wrong_mode, already_provisioned, malformed, lineage,
// export_refused, those of the session, not_registered, revoked,
// not_provisioned, wrong_version, wrong_enclave, wrong_chaincode, wrong_channel,
// bad_signature, wrong_generation.
func (e *Enclave) ImportCCKeys(ctx context.Context, req *fpc.ImportCCKeysRequest, host StateAccess) (*fpc.ImportCCKeysResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old, err := e.inFull(stepImport)
	if err != nil {
		return nil, err
	}
	if old.keys != nil {
		return nil, protocol.Errorf(stepImport, protocol.CodeAlreadyProvisioned, "enclave %.12s holds keys of generation %d", old.id, old.keys.generation)
	}
	var log steps
	log.add(stepImport, stub, enclave, "importCCKeys")
	export, reply, err := e.checkExport(ctx, old, req.GetExport(), &telling{host, &log})
	if err != nil {
		return nil, err
	}
	next := *old
	if next.keys, err = old.open(export); err != nil {
		return nil, err
	}
	if err := old.checkRegisteredKey(stepImport, reply, next.keys); err != nil {
		return nil, err
	}
	registration, err := next.registration()
	if err != nil {
		return nil, err
	}
	sealed, err := e.become(ctx, &next)
	if err != nil {
		return nil, err
	}
	log.add(stepImport, ledgerEnclave, enclave, "the registry's export, sender provisioned")
	return &fpc.ImportCCKeysResponse{Registration: registration, SealedState: sealed, Steps: log}, nil
}

// checkExport finds the export to be ERCC's, for this enclave, and by one that may
// hold the keys. It returns what the ledger enclave says of the sender.
func (e *Enclave) checkExport(ctx context.Context, s *state, signed *fpc.Signed, host StateAccess) (protocol.VerifiedKeyExport, *fpc.EndorserReply, error) {
	none := protocol.VerifiedKeyExport{}
	claimed, err := protocol.ParseKeyExport(stepImport, signed)
	if err != nil {
		return none, nil, err
	}
	var export protocol.VerifiedKeyExport
	var sender *fpc.EndorserReply
	key := protocol.ExportedKey(s.params.GetChaincodeId(), s.id)
	err = e.askUntil(ctx, s, host, func(replies []*fpc.LedgerReply) (err error) {
		sender = replies[2].GetEndorser()
		export, err = s.checkHeld(signed, claimed.Sender, replies[0].GetRegistry(), replies[1].GetEndorser(), sender)
		return err
	}, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Registry{Registry: &fpc.RegistryAsk{Key: key}}},
		s.endorserAsk(s.id), s.endorserAsk(claimed.Sender))
	if err != nil {
		return none, nil, err
	}
	return export, sender, s.checkAddressed(export)
}

// checkHeld holds an export to what the ledger enclave says of ERCC's state: the
// export there, this enclave and the sender.
func (s *state) checkHeld(signed *fpc.Signed, senderID string, entry *fpc.RegistryReply, own, by *fpc.EndorserReply) (protocol.VerifiedKeyExport, error) {
	none := protocol.VerifiedKeyExport{}
	held := &fpc.Signed{}
	if err := protocol.Unmarshal(stepImport, "the registry's key export", entry.GetValue(), held); err != nil {
		return none, err
	}
	if !proto.Equal(held, signed) {
		return none, protocol.Errorf(stepImport, protocol.CodeExportRefused, "the registry holds another export for enclave %.12s, or none", s.id)
	}
	if refused := own.GetRefused(); refused != nil {
		return none, fromFailure(refused)
	}
	sender, err := s.checkColleague(stepImport, senderID, by)
	if err != nil {
		return none, err
	}
	if !by.GetProvisioned() {
		return none, protocol.Errorf(stepImport, protocol.CodeNotProvisioned, "the registry does not know enclave %.12s as provisioned", senderID)
	}
	return protocol.VerifyKeyExport(stepImport, sender.EnclaveVK, signed)
}

// checkAddressed: the export is for this enclave, chaincode, version and channel.
func (s *state) checkAddressed(x protocol.VerifiedKeyExport) error {
	switch {
	case x.Receiver != s.id:
		return protocol.Errorf(stepImport, protocol.CodeWrongEnclave, "the export is for enclave %.12s, this is %.12s", x.Receiver, s.id)
	case x.CCParams.GetChaincodeId() != s.params.GetChaincodeId():
		return protocol.Errorf(stepImport, protocol.CodeWrongChaincode, "the export is of chaincode %q", x.CCParams.GetChaincodeId())
	case x.CCParams.GetVersion() != s.params.GetVersion():
		return protocol.Errorf(stepImport, protocol.CodeWrongVersion, "the export is of version %q", x.CCParams.GetVersion())
	case !bytes.Equal(x.ChannelHash, s.channelHash):
		return protocol.Errorf(stepImport, protocol.CodeWrongChannel, "the export is of another channel")
	}
	return nil
}

// open takes the keys out of an export. Their EK is derived from the DK and must
// be the one that the export names; the lineage can only grow.
func (s *state) open(x protocol.VerifiedKeyExport) (*keySet, error) {
	m, err := x.Open(s.dk)
	if err != nil {
		return nil, err
	}
	set, err := parseKeySet(stepImport, m)
	if err != nil {
		return nil, protocol.Errorf(stepImport, protocol.CodeExportRefused, "exported keys are not a key set")
	}
	if set.generation != x.Generation || !bytes.Equal(set.ekID, x.ChaincodeEK.ID()) {
		return nil, protocol.Errorf(stepImport, protocol.CodeExportRefused, "exported keys are not those that the export names")
	}
	set.lineage = set.lineage.Union(x.Lineage).Union(protocol.NewLineage(s.custody))
	return set, nil
}
