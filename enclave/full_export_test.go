// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
)

// Attack row 14: keys leave for no enclave that the ledger enclave does not know
// as registered here, and under no view that may be frozen.
func TestAttack14FullKeyExport(t *testing.T) {
	w := full.New(t, script{})
	first, second := w.Hosts[0], w.Hosts[1]
	for _, h := range w.Hosts {
		h.Init()
		h.Certify()
	}
	first.Register()
	first.Generate()

	_, err := first.TryExport(second.ID())
	wantCode(t, "unregistered", err, protocol.CodeNotRegistered)
	_, err = first.TryExport(first.ID())
	wantCode(t, "to itself", err, protocol.CodeAlreadyProvisioned)

	other := proto.CloneOf(second.Stored)
	data := &fpc.AttestedData{}
	if err := proto.Unmarshal(other.AttestedData, data); err != nil {
		t.Fatal(err)
	}
	data.CcParams.Version = "fpc-other"
	other.AttestedData = encode(t, data)
	w.Registry(protocol.CredentialsKey(full.Chaincode, second.ID()), string(encode(t, other)))
	_, err = first.TryExport(second.ID())
	wantCode(t, "of another version", err, protocol.CodeWrongVersion)
	w.Registry(protocol.CredentialsKey(full.Chaincode, second.ID()), string(encode(t, first.Stored)))
	_, err = first.TryExport(second.ID())
	wantCode(t, "under another's name", err, protocol.CodeWrongEnclave)

	second.Register()
	first.FrozenLedger = true
	second.Revoke()
	_, err = first.TryExport(second.ID())
	wantCode(t, "a ledger enclave frozen before the revocation", err, ledgerenclave.CodeStatementBehind)
	if _, err := first.Ledger.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: w.Blocks[w.Height()-1]}); err != nil {
		t.Fatal(err)
	}
	first.FrozenLedger = false
	_, err = first.TryExport(second.ID())
	wantCode(t, "revoked", err, protocol.CodeRevoked)
}

// A head statement is good once, and only under the nonce that was prepared last.
func TestHeadStatementIsUsedOnce(t *testing.T) {
	w := full.New(t, script{})
	for _, h := range w.Hosts {
		h.Init()
		h.Register()
	}
	h := w.Hosts[0]
	h.Generate()
	ask := func(nonce []byte) error {
		_, err := h.Enclave.ExportCCKeys(t.Context(), &fpc.ExportCCKeysRequest{Receiver: w.Hosts[1].ID(), Infos: w.Statement(nonce)}, h)
		return err
	}
	prepare := func() []byte {
		resp, err := h.Enclave.PrepareStatement(t.Context(), &fpc.PrepareStatementRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetNonce()
	}
	wantCode(t, "never prepared", ask(make([]byte, 24)), protocol.CodeNotFresh)
	old := prepare()
	fresh := prepare()
	wantCode(t, "under an older nonce", ask(old), ledgerenclave.CodeStatementNonce)
	wantCode(t, "after one that failed", ask(fresh), protocol.CodeNotFresh)
	fresh = prepare()
	wantCode(t, "fresh", ask(fresh), "")
	wantCode(t, "again", ask(fresh), protocol.CodeNotFresh)
}

// KEY-7: only the export that ERCC holds, by who may export, is taken; the lineage
// is the sender's and the receiver's own.
func TestImportOfKeys(t *testing.T) {
	w := full.New(t, script{})
	first, second := w.Hosts[0], w.Hosts[1]
	for _, h := range w.Hosts {
		h.Init()
		h.Certify()
		h.Register()
	}
	first.Generate()
	signed, err := first.TryExport(second.ID())
	if err != nil {
		t.Fatal(err)
	}
	take := func(s *fpc.Signed) error {
		_, err := second.Enclave.ImportCCKeys(t.Context(), &fpc.ImportCCKeysRequest{Export: s}, second)
		return err
	}
	wantCode(t, "not in the registry", take(signed), protocol.CodeExportRefused)
	w.Registry(protocol.ExportedKey(full.Chaincode, second.ID()), string(encode(t, signed)))
	altered := proto.CloneOf(signed)
	altered.Signature[10] ^= 1
	wantCode(t, "altered", take(altered), protocol.CodeExportRefused)
	w.Registry(protocol.ExportedKey(full.Chaincode, second.ID()), string(encode(t, altered)))
	wantCode(t, "altered in the registry too", take(altered), protocol.CodeBadSignature)
	w.Registry(protocol.ExportedKey(full.Chaincode, second.ID()), string(encode(t, signed)))
	registration, err := protocol.ParseKeyRegistration("KEY-7", second.Import(signed))
	if err != nil {
		t.Fatal(err)
	}
	if !registration.Lineage.HasPlatform("sim") || registration.Generation != 1 || !bytes.Equal(registration.ChaincodeEK.ID(), w.Key.ID()) {
		t.Errorf("registration: got %+v, want generation 1 of the registered key, held in sim", registration)
	}
	wantCode(t, "again", take(signed), protocol.CodeAlreadyProvisioned)
	_, err = first.TryExport(second.ID())
	wantCode(t, "export to one that has them", err, protocol.CodeAlreadyProvisioned)
}

// Attack row 29: what the sender was stays in the lineage, and what the receiver is
// comes in.
func TestImportKeepsTheLineage(t *testing.T) {
	w := full.New(t, script{})
	first, second := w.Hosts[0], w.Hosts[1]
	second.TCB = 7
	for _, h := range w.Hosts {
		h.Init()
		h.Certify()
		h.Register()
	}
	first.Generate()
	registration, err := protocol.ParseKeyRegistration("KEY-7", second.Import(first.Export(second)))
	if err != nil {
		t.Fatal(err)
	}
	want := protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 5}, protocol.Custody{Platform: "sim", TCB: 7})
	if !proto.Equal(registration.Lineage.PB(), want.PB()) {
		t.Errorf("lineage: got %v, want %v", registration.Lineage, want)
	}
}
