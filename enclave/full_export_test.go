// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
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

	for name, c := range map[string]struct {
		change func(*fpc.AttestedData)
		want   protocol.Code
	}{
		"of another version":   {func(d *fpc.AttestedData) { d.CcParams.Version = "fpc-other" }, protocol.CodeWrongVersion},
		"of another chaincode": {func(d *fpc.AttestedData) { d.CcParams.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		"of another network":   {func(d *fpc.AttestedData) { d.ChannelHash[0] ^= 1 }, protocol.CodeWrongChannel},
		"of Lite mode":         {func(d *fpc.AttestedData) { d.LedgerCodeId = "" }, protocol.CodeWrongMode},
	} {
		other, data := proto.CloneOf(second.Stored), &fpc.AttestedData{}
		if err := proto.Unmarshal(other.AttestedData, data); err != nil {
			t.Fatal(err)
		}
		c.change(data)
		other.AttestedData = encode(t, data)
		w.Registry(protocol.CredentialsKey(full.Chaincode, second.ID()), string(encode(t, other)))
		_, err = first.TryExport(second.ID())
		wantCode(t, name, err, c.want)
	}
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

// Attack row 14: a receiver that was registered under an earlier policy is judged by
// the one in force before anything is encrypted to it.
func TestAttack14FullReceiverBelowThePolicy(t *testing.T) {
	hardware := func(p *protocol.RegistryPolicy) {
		p.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sevsnp": {}}
	}
	for name, c := range map[string]struct {
		receiver func(h *full.Host)                // before it is attested
		policy   func(p *protocol.RegistryPolicy)  // in force in the end
		between  func(w *full.World, h *full.Host) // the receiver registered, before the export
		want     protocol.Code
	}{
		"simulated under a hardware policy": {policy: hardware, want: attest.CodePlatform},
		"in debug mode":                     {receiver: func(h *full.Host) { h.Debug = true }, want: attest.CodeDebug},
		"TCB too low":                       {policy: platform(protocol.PlatformPolicy{MinTCB: 6}), want: attest.CodeTCB},
		"expired evidence":                  {between: func(w *full.World, _ *full.Host) { w.Hosts[0].Clock = full.Forever + 1 }, want: attest.CodeExpired},
		"evidence of another": {between: func(w *full.World, h *full.Host) {
			h.Stored.Evidence = w.Hosts[0].Stored.Evidence
			h.Register()
		}, want: attest.CodeStatement},
		"a ledger enclave that is approved no more": {policy: func(p *protocol.RegistryPolicy) {
			p.LedgerCodeIDs = []string{"sim:" + strings.Repeat("00", 32)}
		}, want: protocol.CodeWrongLedger},
		"a policy that is approved and not stored": {between: func(w *full.World, _ *full.Host) {
			p := w.Policy()
			hardware(p)
			w.ApprovePolicy(p)
		}, want: protocol.CodeWrongPolicy},
		"no policy": {between: func(w *full.World, _ *full.Host) { w.Registry(protocol.PolicyKey, "") }, want: protocol.CodeNoPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			w := full.New(t, script{})
			first, second := w.Hosts[0], w.Hosts[1]
			if c.receiver != nil {
				c.receiver(second)
			}
			for _, h := range w.Hosts {
				h.Init()
				h.Register()
			}
			first.Generate()
			if c.policy != nil {
				p := w.Policy()
				c.policy(p)
				w.SetPolicy(p)
			}
			if c.between != nil {
				c.between(w, second)
			}
			signed, err := first.TryExport(second.ID())
			wantCode(t, name, err, c.want)
			if signed != nil {
				t.Errorf("%s: got an export beside the error, want none", name)
			}
		})
	}
}

func platform(p protocol.PlatformPolicy) func(*protocol.RegistryPolicy) {
	return func(policy *protocol.RegistryPolicy) {
		policy.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sim": p}
	}
}

// A sender's host that turns its clock back has no evidence believed that was over
// when the ledger enclave's began.
func TestAttack14FullClockTurnedBack(t *testing.T) {
	w := full.New(t, script{})
	first, second := w.Hosts[0], w.Hosts[1]
	second.Until = full.Now - 1
	first.Ledger = w.NewLedgerSince(full.Now)
	for _, h := range w.Hosts {
		h.Init()
		h.Register()
	}
	first.Generate()
	first.Clock = full.Now - 2
	_, err := first.TryExport(second.ID())
	wantCode(t, "evidence that was over", err, attest.CodeExpired)
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
		_, err := h.Enclave.ExportCCKeys(t.Context(), &fpc.ExportCCKeysRequest{Receiver: w.Hosts[1].ID(), Infos: w.Statement(nonce), Time: full.Now}, h)
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
	if registration.Lineage.Custodies()[0].Platform != "sim" || registration.Generation != 1 || !bytes.Equal(registration.ChaincodeEK.ID(), w.Key.ID()) {
		t.Errorf("registration: got %+v, want generation 1 of the registered key, held in sim", registration)
	}
	wantCode(t, "again", take(signed), protocol.CodeAlreadyProvisioned)
	_, err = first.TryExport(second.ID())
	wantCode(t, "export to one that has them", err, protocol.CodeAlreadyProvisioned)
}

// Attack row 29: what the sender was stays in the lineage, and what the receiver is
// comes in, with the export already: it may never say so itself.
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
	signed := first.Export(second)
	export, err := protocol.ParseKeyExport("KEY-5", signed)
	if err != nil {
		t.Fatal(err)
	}
	registration, err := protocol.ParseKeyRegistration("KEY-7", second.Import(signed))
	if err != nil {
		t.Fatal(err)
	}
	want := protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 5}, protocol.Custody{Platform: "sim", TCB: 7})
	if !proto.Equal(export.Lineage.PB(), want.PB()) {
		t.Errorf("lineage of the export: got %v, want %v", export.Lineage, want)
	}
	if !proto.Equal(registration.Lineage.PB(), want.PB()) {
		t.Errorf("lineage: got %v, want %v", registration.Lineage, want)
	}
}
