// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// FuzzResponse: whatever a client brings as ccrsp_msg, validation replays
// exactly what the enclave signed, or refuses with step and code.
func FuzzResponse(f *testing.F) {
	s := newStage(f)
	genuine := s.result(&fpc.ReadWriteSet{Reads: []*fpc.Read{read("a", "")}, Writes: []*fpc.Write{put("k")}})
	f.Add(genuine)
	f.Add(genuine[:len(genuine)/2])
	f.Add(s.enclave.Sign(&fpc.EnclaveResponse{Kind: fpc.EnclaveResponse_ERROR, EnclaveId: s.enclave.ID(), RequestHash: make([]byte, 32)}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, ccrsp []byte) {
		result := s.cc.Evaluate(shimtest.Tx{Creator: s.client.Creator(), Args: [][]byte{ccrsp}})
		if result.OK() {
			response := &fpc.Response{}
			decode(t, ccrsp, response)
			want := &fpc.Response{}
			decode(t, genuine, want)
			if string(response.GetResponse()) != string(want.GetResponse()) {
				t.Fatalf("a response that the enclave never signed was accepted: %x", ccrsp)
			}
			return
		}
		if _, named := protocol.ParseError(result.Response.GetMessage()); !named {
			t.Fatalf("refusal without step and code: %q", result.Response.GetMessage())
		}
	})
}
