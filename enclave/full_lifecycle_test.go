// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
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
