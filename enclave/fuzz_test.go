// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/transport"
)

var methods = []string{
	enclave.MethodInvoke, enclave.MethodInit, enclave.MethodRestore, enclave.MethodRefresh,
	enclave.MethodGenerateCCKeys, enclave.MethodStatus, "other",
	enclave.MethodCertificateRequest, enclave.MethodInstallCertificate, enclave.MethodPrepareStatement,
	enclave.MethodExportCCKeys, enclave.MethodImportCCKeys,
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// requests returns a good request of each method.
func requests(t testing.TB, w *enclavetest.World) [][]byte {
	return [][]byte{
		encode(t, w.Ask(w.Org1.Client(), "put", "k", "v").Request),
		encode(t, w.InitRequest()),
		encode(t, &fpc.RestoreRequest{SealedState: w.Sealed}),
		encode(t, &fpc.RefreshRequest{Msps: w.MSPs(4, w.Org1, w.Org2), AttestationParams: enclavetest.AttestationParams()}),
		encode(t, &fpc.GenerateCCKeysRequest{Generation: 2}),
		nil,
		[]byte("anything"),
		nil,
		encode(t, &fpc.InstallCertificateRequest{Certificate: w.Org1.Client().CertPEM}),
		nil,
		encode(t, &fpc.ExportCCKeysRequest{Receiver: "receiver", Infos: []*fpc.ChainInfo{{SignedProposal: []byte("proposal"), Response: []byte("response")}}}),
		encode(t, &fpc.ImportCCKeysRequest{Export: &fpc.Signed{Message: []byte("export"), Signature: []byte("signature")}}),
	}
}

// Every decoder that a host reaches, with requests cut at every length, with
// flipped bits, with fields that nobody knows and with garbage inside: a typed
// refusal each time, and the enclave goes on.
func TestAttack18MalformedRequests(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	good := requests(t, w)
	handle := func(e *enclave.Enclave, method string, request []byte) {
		t.Helper()
		_, err := e.Handle(t.Context(), &transport.Call{Method: method, Request: request})
		var failure *transport.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code == "" || failure.Code == string(protocol.CodeInternal)) {
			t.Fatalf("%s of %d bytes: got %#v, want a failure with a code", method, len(request), err)
		}
	}
	for i, method := range methods {
		for _, e := range []*enclave.Enclave{w.Enclave.(*enclave.Enclave), w.NewEnclave(enclavetest.KV{})} {
			step := max(1, len(good[i])/200)
			for n := 0; n < len(good[i]); n += step {
				handle(e, method, good[i][:n])
				flipped := bytes.Clone(good[i])
				flipped[n] ^= 0x10
				handle(e, method, flipped)
			}
			handle(e, method, protowire.AppendVarint(protowire.AppendTag(bytes.Clone(good[i]), 1000, protowire.VarintType), 1))
			handle(e, method, bytes.Repeat([]byte{0x0a, 0x7f}, 10_000))
		}
	}
	wantResult(t, "a good request afterwards", w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(enclavetest.NewHost()), "")
}

// FuzzHandle feeds an enclave that holds keys whatever its host may ask.
func FuzzHandle(f *testing.F) {
	w := enclavetest.New(f).Start(enclavetest.KV{})
	for i, request := range requests(f, w) {
		f.Add(uint8(i), request)
	}
	e := w.Enclave.(*enclave.Enclave)
	id := w.Credentials.EnclaveID()
	f.Fuzz(func(t *testing.T, method uint8, request []byte) {
		_, err := e.Handle(t.Context(), &transport.Call{Method: methods[int(method)%len(methods)], Request: request})
		var failure *transport.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code == "") {
			t.Errorf("got %#v, want a failure with a code", err)
		}
		if s := e.Status(); s.GetEnclaveId() != id || s.GetGeneration() != 1 {
			t.Errorf("the enclave is %s of generation %d, want %s of 1", s.GetEnclaveId(), s.GetGeneration(), id)
		}
	})
}

// FuzzRestore feeds a fresh enclave whatever its host may call sealed state.
func FuzzRestore(f *testing.F) {
	w := enclavetest.New(f).Start(enclavetest.KV{})
	f.Add(w.Sealed)
	f.Add(w.Sealed[:len(w.Sealed)/2])
	f.Fuzz(func(t *testing.T, state []byte) {
		w.T = t
		e := w.NewEnclave(enclavetest.KV{})
		_, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: state})
		if (err == nil) != e.Status().GetInitialized() {
			t.Errorf("restore: %v, initialised: %v", err, e.Status().GetInitialized())
		}
		if err != nil && protocol.CodeOf(err) == "" {
			t.Errorf("got %v, want an error with a code", err)
		}
	})
}

// FuzzStateAnswers feeds a running invocation whatever its host may answer.
func FuzzStateAnswers(f *testing.F) {
	w := enclavetest.New(f).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_, _ = stub.GetState("a")
		_, _ = stub.GetMultipleStates("a", "b")
		_, _ = stub.GetStateValidationParameter("a")
		_, _ = keysOf(stub.GetStateByRange("a", "c"))
		_, _, _ = stub.GetStateByRangeWithPagination("", "", 2, "")
		_, _, _ = stub.GetAllStatesCompositeKeyWithPagination(3, "")
		return shim.Success(nil)
	}))
	f.Add(encode(f, &fpc.StateResponse{Values: [][]byte{nil}}))
	f.Add(encode(f, &fpc.StateResponse{Values: [][]byte{nil, nil}, Rows: []*fpc.Row{{Key: "a", Value: []byte("v")}}, HasMore: true, Id: "1"}))
	f.Add(encode(f, &fpc.StateResponse{Metadata: []byte("policy")}))
	call := w.Ask(w.Org1.Client())
	f.Fuzz(func(t *testing.T, answer []byte) {
		lie := &fpc.StateResponse{}
		if proto.Unmarshal(answer, lie) != nil {
			return
		}
		host := enclavetest.NewHost()
		host.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
			proto.Reset(r)
			proto.Merge(r, lie)
			return nil
		}
		resp, err := w.Enclave.Invoke(t.Context(), call.Request, host)
		if err != nil {
			t.Fatalf("got %v, want a signed answer, be it an error", err)
		}
		if _, err := call.Open(resp.GetResponse()); err != nil {
			t.Errorf("the answer does not open: %v", err)
		}
	})
}
