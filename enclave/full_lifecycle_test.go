// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// REG-5, REG-6: the ledger enclave that answered the first session is attested.
func TestFullInitAttestsItsLedgerEnclave(t *testing.T) {
	w := full.New(t, script{})
	h := w.Hosts[0]
	h.Init()
	data := h.Credentials.Data
	if want := "sim:" + w.Platform("ledger", "").CodeID(); data.GetLedgerCodeId() != want {
		t.Errorf("ledger code id: got %q, want %q", data.GetLedgerCodeId(), want)
	}
	if data.GetStateDatabase() != "leveldb" || data.GetRegistry() != protocol.ERCCName || data.GetLedgerDebug() {
		t.Errorf("attested state database, registry, debug: got %q, %q, %v, want leveldb, %s, false", data.GetStateDatabase(), data.GetRegistry(), data.GetLedgerDebug(), protocol.ERCCName)
	}
	_, err := h.Enclave.Init(t.Context(), h.InitRequest(), h)
	wantCode(t, "init twice (attack row 13)", err, protocol.CodeAlreadyInitialised)
}

func TestFullInitWithoutLedgerEnclave(t *testing.T) {
	w := full.New(t, script{})
	h := w.Hosts[0]
	h.Lie = func(_ *fpc.StateRequest, resp *fpc.StateResponse) error {
		resp.Accept, resp.LedgerFailed = nil, &fpc.Failure{Code: string(protocol.CodeLedgerUnreachable), Reason: "no socket"}
		return nil
	}
	_, err := h.Enclave.Init(t.Context(), h.InitRequest(), h)
	wantCode(t, "no ledger host", err, protocol.CodeLedgerUnreachable)
	h.Lie = nil
	h.Init() // the failure left nothing behind
}

// REG-9: only a certificate over Enclave_VK, of the right organisation unit, role
// and CA is taken; without one nothing is endorsed.
func TestEnclaveCertificate(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	other := w.Hosts[1].Certificate()
	foreign := fpctest.NewOrg(t, h.Org.MSPID)
	own := h.Org
	byForeignCA := func() []byte { h.Org = foreign; defer func() { h.Org = own }(); return h.Certificate() }()
	tests := map[string]struct {
		certificate []byte
		want        protocol.Code
	}{
		"another enclave's":    {other, protocol.CodeWrongEnclave},
		"no organisation unit": {h.Certificate(fpctest.RoleClient), protocol.CodeWrongCertificate},
		"role peer":            {h.Certificate(fpctest.RolePeer, w.OU()), protocol.CodeWrongCertificate},
		"no role":              {h.Certificate(w.OU()), protocol.CodeWrongCertificate},
		"two versions' units": {
			h.Certificate(fpctest.RoleClient, w.OU(), protocol.EnclaveOU(w.Hash(), full.Chaincode, "fpc-2")), protocol.CodeWrongCertificate,
		},
		"a CA of the same name": {byForeignCA, protocol.CodeWrongCertificate},
		"no certificate":        {[]byte("x"), protocol.CodeMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { wantCode(t, name, h.Install(test.certificate), test.want) })
	}
	w.Submit("put:k=v") // the certificate that it had still serves
}

func TestUncertifiedEnclaveDoesNotEndorse(t *testing.T) {
	w := full.New(t, script{})
	h := w.Hosts[0]
	h.Init()
	h.Register()
	h.Generate()
	_, err := w.Ask("get:k").Send(h)
	wantCode(t, "no certificate", err, protocol.CodeNotCertified)
	h.Certify()
	w.Ask("get:k").MustSend(h)
}

// Attack row 13: state of Full mode is bound as that of Lite is; a restart keeps
// certificate, keys and ledger enclave.
func TestAttack13FullSealedState(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=v")
	h, other := w.Hosts[0], w.Hosts[1]
	h.Restart()
	wantPayload(t, "after a restart", w.Ask("get:k").MustSend(h), "k=v;")
	tests := map[string]struct {
		sealed []byte
		want   protocol.Code
	}{
		"another host's": {other.Sealed, enclave.CodeSealedOtherHost},
		"truncated":      {h.Sealed[:len(h.Sealed)-1], enclave.CodeSealedTruncated},
	}
	for name, test := range tests {
		h.Start()
		_, err := h.Enclave.Restore(t.Context(), &fpc.RestoreRequest{SealedState: test.sealed})
		wantCode(t, name, err, test.want)
	}
}

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

// Attack row 16: the frames between enclave and ledger enclave altered, repeated,
// exchanged; either side restarted. A session that broke is made anew, once.
func TestAttack16FullStubInTheMiddle(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=v")
	h := w.Hosts[0]
	var last []byte
	tests := map[string]struct {
		lie  func(req *fpc.StateRequest, resp *fpc.StateResponse, n int)
		want protocol.Code // empty: a new session heals it
	}{
		"one answer altered": {func(_ *fpc.StateRequest, resp *fpc.StateResponse, n int) {
			if n == 1 {
				resp.Ledger[len(resp.Ledger)-1] ^= 1
			}
		}, ""},
		"all answers altered": {func(_ *fpc.StateRequest, resp *fpc.StateResponse, _ int) {
			if len(resp.Ledger) > 0 {
				resp.Ledger[len(resp.Ledger)-1] ^= 1
			}
		}, session.CodeBadMAC},
		"an answer repeated": {func(_ *fpc.StateRequest, resp *fpc.StateResponse, _ int) {
			resp.Ledger, last = last, resp.Ledger
		}, session.CodeBadMAC},
		"no answer": {func(_ *fpc.StateRequest, resp *fpc.StateResponse, _ int) { resp.Ledger = nil }, session.CodeBadMAC},
		"told that the session is gone": {func(_ *fpc.StateRequest, resp *fpc.StateResponse, n int) {
			if n == 1 {
				resp.Ledger, resp.LedgerFailed = nil, &fpc.Failure{Code: string(session.CodeNoSession)}
			}
		}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := 0
			h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
				if len(req.GetLedger()) != 0 {
					n++
					test.lie(req, resp, n)
				}
				return nil
			}
			a, err := w.Ask("get:k").Send(h)
			h.Lie = nil
			if test.want == "" {
				if err != nil {
					t.Fatalf("got %v, want an answer over a new session", err)
				}
				wantPayload(t, name, a, "k=v;")
			} else if got := protocol.CodeOf(err); got != test.want && got != protocol.CodeMalformed {
				t.Errorf("got code %q (%v), want %q", got, err, test.want)
			}
			wantPayload(t, "afterwards", w.Ask("get:k").MustSend(h), "k=v;")
		})
	}
}

// Attack row 16: the ledger enclave is started anew, from an older point, by
// another code, or follows another channel.
func TestAttack16FullOtherLedgerEnclave(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=v")
	h := w.Hosts[0]
	wantPayload(t, "before", w.Ask("get:k").MustSend(h), "k=v;")
	honest := h.Ledger

	h.Ledger = w.NewLedger("ledger")
	wantPayload(t, "restarted and caught up", w.Ask("get:k").MustSend(h), "k=v;")

	all := w.Blocks
	w.Blocks = all[:len(all)-2]
	h.Ledger = w.NewLedger("ledger")
	w.Blocks = all
	_, err := w.Ask("get:k").Send(h)
	wantCode(t, "restarted at an older head", err, enclave.CodeHiddenHead)
	if _, err := h.Ledger.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: all[len(all)-2]}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Ledger.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: all[len(all)-1]}); err != nil {
		t.Fatal(err)
	}
	wantPayload(t, "once it has caught up", w.Ask("get:k").MustSend(h), "k=v;")

	h.Ledger = w.NewLedger("another release")
	_, err = w.Ask("get:k").Send(h)
	wantCode(t, "another code", err, session.CodeOtherLedger)

	h.Ledger = full.New(t, script{}).Hosts[0].Ledger
	_, err = w.Ask("get:k").Send(h)
	wantCode(t, "another channel of that name", err, protocol.CodeWrongChannel)

	h.Ledger = honest
	wantPayload(t, "the honest one again", w.Ask("get:k").MustSend(h), "k=v;")
	_, err = h.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{AttestationParams: h.InitRequest().AttestationParams}, h)
	wantCode(t, "refresh with the ledger enclave attested before", err, "")
	h.Ledger = w.NewLedger("another release")
	_, err = h.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{AttestationParams: h.InitRequest().AttestationParams}, h)
	wantCode(t, "refresh with another one", err, session.CodeOtherLedger)
}

// The highest head is sealed now and then: an enclave restored from it refuses a
// ledger enclave that was put back behind it.
func TestHighestHeadIsSealed(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	var sealed []byte
	for range 40 {
		raw, _ := w.Put(protocol.ERCCName, "unrelated", "x")
		w.MustCommit(raw)
		if a := w.Ask("get:k").MustSend(h); a.Sealed != nil {
			sealed = a.Sealed
		}
	}
	if sealed == nil {
		t.Fatal("40 blocks later no state was sealed, want one")
	}
	h.Sealed = sealed
	h.Restart()
	all := w.Blocks
	w.Blocks = all[:len(all)-40]
	h.Ledger = w.NewLedger("ledger")
	w.Blocks = all
	_, err := w.Ask("get:k").Send(h)
	wantCode(t, "a ledger enclave behind what was sealed", err, enclave.CodeHiddenHead)
}

// INV-11: a creator revoked by a configuration that the enclave was not refreshed
// with is refused at the pinned head, whatever the request asks for: nothing is
// signed, and no second access follows the first one, which the verdict came with.
// Where keys are blinded not even that one is made.
func TestAttack10FullRevokedCreator(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	creator := w.Orgs[1].Client("leaver")
	accesses := 0
	h.Lie = func(req *fpc.StateRequest, _ *fpc.StateResponse) error {
		if req.GetRequest() != nil && req.GetOpenSession() == nil {
			accesses++
		}
		return nil
	}
	ask := func(args ...string) error {
		accesses = 0
		request := &fpc.ClearRequest{}
		for _, a := range args {
			request.Args = append(request.Args, []byte(a))
		}
		_, err := w.AskWith(creator, full.Heights{}, request).Send(h)
		return err
	}
	requests := []struct {
		args          []string
		asks, revoked int // accesses to the peer's state
	}{
		{[]string{"get:k", "get:l"}, 2, 1},
		{[]string{"range:a..z", "get:l"}, 2, 1},
		{[]string{"readpolicy:k"}, 1, 1},
		{[]string{"put:k=v"}, 0, 0},
		{[]string{"fail"}, 0, 0},
		{[]string{"panic"}, 0, 0},
	}
	for _, r := range requests {
		wantCode(t, fmt.Sprint(r.args, " before"), ask(r.args...), "")
		if accesses != r.asks {
			t.Errorf("%v before: got %d accesses, want %d", r.args, accesses, r.asks)
		}
	}
	w.Orgs[1].Revoke(creator)
	w.CommitConfig(w.Revocations(2))
	for _, r := range requests {
		wantCode(t, fmt.Sprint(r.args, " revoked"), ask(r.args...), protocol.CodeRevokedCreator)
		if accesses != r.revoked {
			t.Errorf("%v revoked: got %d accesses, want %d", r.args, accesses, r.revoked)
		}
	}
	w.Configure = blinded
	h.Restart()
	wantCode(t, "blinded, revoked", ask("get:k"), protocol.CodeRevokedCreator)
	if accesses != 0 {
		t.Errorf("blinded, revoked: got %d accesses, want none", accesses)
	}
}

// INV-11: a member of an organisation that the host named and the channel does not
// have is refused, although the enclave was refreshed with it.
func TestAttack10FullOrganisationThatTheHostNames(t *testing.T) {
	w := full.Start(t, script{})
	h, invented := w.Hosts[0], fpctest.NewOrg(t, "Org9MSP")
	genuine := w.Orgs
	w.Orgs = append(slices.Clone(genuine), invented)
	msps := w.MSPs()
	w.Orgs = genuine
	if _, err := h.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: msps, AttestationParams: h.InitRequest().AttestationParams}, h); err != nil {
		t.Fatal(err)
	}
	_, err := w.AskWith(invented.Client("mallory"), full.Heights{}, &fpc.ClearRequest{Args: [][]byte{[]byte("get:k")}}).Send(h)
	wantCode(t, "a member whom the host made", err, protocol.CodeForeignCreator)
	_, err = w.Ask("get:k").Send(h)
	wantCode(t, "a member of the channel", err, "")
}

// INV-13: a request for another ledger enclave's instance is refused, sealed.
func TestRequestForAnotherLedgerInstance(t *testing.T) {
	w := full.Start(t, script{})
	call := w.AskWith(w.Client(1), full.Heights{}, &fpc.ClearRequest{Args: [][]byte{[]byte("get:k")}, RequiredLedgerInstance: bytes.Repeat([]byte{1}, 32)})
	a, err := call.Send(w.Hosts[0])
	wantSealedError(t, "another instance", a, err, enclave.CodeNoLedger)
}

// Requests that name a head are refused by an enclave in Lite, and decorations by
// one in Full.
func TestModesAreKeptApart(t *testing.T) {
	w := full.Start(t, script{})
	call := w.Ask("get:k")
	call.Request.Decorations = map[string][]byte{"a": {1}}
	_, err := call.Send(w.Hosts[0])
	wantCode(t, "decorated", err, enclave.CodeDecorated)
	_, err = w.AskAt(full.Heights{At: 1, Min: 2}, "get:k").Send(w.Hosts[0])
	wantCode(t, "at below min", err, protocol.CodeBelowMinHead)
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
