// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

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

// INV-13: a request for another ledger enclave's instance is refused, sealed.
func TestRequestForAnotherLedgerInstance(t *testing.T) {
	w := full.Start(t, script{})
	call := w.AskWith(w.Client(1), full.Heights{}, &fpc.ClearRequest{Args: [][]byte{[]byte("get:k")}, RequiredLedgerInstance: bytes.Repeat([]byte{1}, 32)})
	a, err := call.Send(w.Hosts[0])
	wantSealedError(t, "another instance", a, err, enclave.CodeNoLedger)
}
