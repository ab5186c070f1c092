// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// FuzzFullHandle feeds an enclave of Full mode that holds keys whatever its host
// may ask: it stays the enclave that it is, and keeps its keys.
func FuzzFullHandle(f *testing.F) {
	w := full.Start(f, script{})
	h, other := w.Hosts[0], w.Hosts[1]
	nonce := bytes.Repeat([]byte{1}, 24)
	signed, err := h.TryExport(other.ID())
	if protocol.CodeOf(err) != protocol.CodeAlreadyProvisioned {
		f.Fatalf("export to %.12s: got %v, %v", other.ID(), signed, err)
	}
	seeds := map[string]proto.Message{
		enclave.MethodInvoke:             w.Ask("put:k=v").Request,
		enclave.MethodInit:               h.InitRequest(),
		enclave.MethodRestore:            &fpc.RestoreRequest{SealedState: h.Sealed},
		enclave.MethodRefresh:            &fpc.RefreshRequest{Msps: w.MSPs()},
		enclave.MethodGenerateCCKeys:     &fpc.GenerateCCKeysRequest{Generation: 2},
		enclave.MethodStatus:             &fpc.StatusRequest{},
		enclave.MethodCertificateRequest: &fpc.CertificateRequest{},
		enclave.MethodInstallCertificate: &fpc.InstallCertificateRequest{Certificate: h.Certificate()},
		enclave.MethodPrepareStatement:   &fpc.PrepareStatementRequest{},
		enclave.MethodExportCCKeys:       &fpc.ExportCCKeysRequest{Receiver: other.ID(), Infos: w.Statement(nonce), Time: full.Now},
		enclave.MethodImportCCKeys:       &fpc.ImportCCKeysRequest{Export: &fpc.Signed{Message: []byte("export")}},
	}
	for i, method := range methods {
		if seed, ok := seeds[method]; ok {
			f.Add(uint8(i), encode(f, seed))
		} else {
			f.Add(uint8(i), []byte("anything"))
		}
	}
	e := h.Enclave.(*enclave.Enclave)
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- transport.Serve(theirs, transport.Limits{}, e.Handle) }()
	host := transport.NewHost(ours, transport.Limits{})
	f.Cleanup(func() {
		_, _ = host.Close(), <-served
	})
	f.Fuzz(func(t *testing.T, method uint8, request []byte) {
		w.T = t
		_, err := host.Call(t.Context(), methods[int(method)%len(methods)], request, enclavetest.Serve(h))
		var failure *transport.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code == "" || failure.Code == transport.CodePanic) {
			t.Errorf("got %#v, want a failure with a code", err)
		}
		if s := e.Status(); s.GetEnclaveId() != h.ID() || s.GetGeneration() != 1 {
			t.Errorf("the enclave is %s of generation %d, want %s of 1", s.GetEnclaveId(), s.GetGeneration(), h.ID())
		}
	})
}

// FuzzLedgerAnswers feeds an enclave of Full mode whatever its host may hand it in
// the ledger enclave's and the peer's name, from the handshake on: a refusal with
// a code, or a signed answer, and never an endorsement.
func FuzzLedgerAnswers(f *testing.F) {
	w := full.Start(f, script{})
	h := w.Hosts[0]
	f.Add(encode(f, &fpc.StateResponse{Accept: []byte("accept"), Time: 1 << 40}))
	f.Add(encode(f, &fpc.StateResponse{Ledger: encode(f, &fpc.SessionFrame{Session: make([]byte, 32), Counter: 1, Body: []byte("body"), Mac: make([]byte, 32)})}))
	f.Add(encode(f, &fpc.StateResponse{LedgerFailed: &fpc.Failure{Code: "no_session"}}))
	f.Add(encode(f, &fpc.StateResponse{Values: [][]byte{[]byte("v")}, HasMore: true, Ledger: []byte{0xff}}))
	call := w.Ask("get:k", "range:a..z")
	f.Fuzz(func(t *testing.T, answer []byte) {
		lie := &fpc.StateResponse{}
		if proto.Unmarshal(answer, lie) != nil {
			return
		}
		w.T, h.Lie = t, nil
		h.Restart() // no session yet
		h.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
			proto.Reset(r)
			proto.Merge(r, lie)
			return nil
		}
		a, err := call.Send(h)
		switch {
		case err != nil && protocol.CodeOf(err) == "":
			t.Errorf("got %v, want an error with a code", err)
		case err == nil && a.Endorsement != nil:
			t.Error("the enclave endorsed without its ledger enclave")
		}
	})
}
