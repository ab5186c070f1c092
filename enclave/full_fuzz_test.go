// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

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
