// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"context"
	"testing"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub"
)

// saying is an enclave that asks for state and answers as the fuzzer wants.
type saying struct {
	accepting
	ask, answer []byte
}

func (s *saying) Call(ctx context.Context, _ string, _ []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if serve != nil {
		for range 2 { // the second time on what the first has opened
			_, _ = serve(ctx, s.ask)
		}
	}
	return s.answer, nil
}

// FuzzEnclave: whatever an enclave asks and answers, its stub goes on, writes
// nothing, and refuses with step and code.
func FuzzEnclave(f *testing.F) {
	s := scene.New(f)
	enclave := &saying{accepting: accepting{done: make(chan struct{})}}
	host, err := stub.New(f.Context(), stub.Config{
		Chaincode: scene.Chaincode, MSPID: scene.Org1, StateDir: f.TempDir(),
		Start: func(context.Context, [32]byte) (stub.Enclave, error) { return enclave, nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { host.Close() })
	cc := s.Ledger.Deploy(scene.Chaincode, host)
	cc.Put("k", []byte("v"))
	for _, ask := range []*fpc.StateRequest{
		{Request: &fpc.StateRequest_Get{Get: &fpc.GetStates{Keys: []string{"k", "", "\x00"}}}},
		{Request: &fpc.StateRequest_OpenRange{OpenRange: &fpc.OpenRange{Start: "a", End: "z"}}},
		{Request: &fpc.StateRequest_OpenRange{OpenRange: &fpc.OpenRange{PageSize: 1}}},
		{Request: &fpc.StateRequest_NextRows{NextRows: &fpc.NextRows{Id: "1"}}},
		{Request: &fpc.StateRequest_CloseRange{CloseRange: &fpc.CloseRange{Id: "1"}}},
		{Request: &fpc.StateRequest_GetMetadata{GetMetadata: &fpc.GetMetadata{Key: "k"}}},
		{Steps: []*fpc.Step{{Step: "INV-8"}}},
	} {
		f.Add(encode(f, ask), encode(f, &fpc.InvokeResponse{Response: []byte("ccrsp_msg")}))
	}
	f.Add([]byte("\xff"), []byte("\xff"))
	client := s.Orgs[scene.Org1].Client().Creator()
	f.Fuzz(func(t *testing.T, ask, answer []byte) {
		enclave.ask, enclave.answer = ask, answer
		for _, args := range [][][]byte{protocol.InvokeArgs([]byte("ccreq_msg")), {[]byte(protocol.FuncEnclaveStatus)}} {
			result := cc.Submit(shimtest.Tx{Creator: client, Args: args})
			if len(cc.Keys()) != 1 {
				t.Fatalf("the stub wrote: %q", cc.Keys())
			}
			if result.OK() {
				continue
			}
			if _, named := protocol.ParseError(result.Response.GetMessage()); !named {
				t.Fatalf("refusal without step and code: %q", result.Response.GetMessage())
			}
		}
	})
}
