// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Two enclaves endorse the same bytes, and Fabric's validation finds them VALID
// under a policy that only enclaves satisfy.
func TestTwoEnclavesEndorseOneTransaction(t *testing.T) {
	w := full.Start(t, enclavetest.KV{})
	call := w.Ask("set", "k", "v1")
	all := call.All()
	if !bytes.Equal(all[0].Endorsement.Payload(), all[1].Endorsement.Payload()) {
		t.Fatalf("payloads differ:\n%x\n%x", all[0].Endorsement.Payload(), all[1].Endorsement.Payload())
	}
	w.MustCommit(call.Transaction(all...))
	got := w.Ask("get", "k").MustSend(w.Hosts[1])
	if string(got.Clear.GetPayload()) != "v1" {
		t.Errorf("get after commit: got %q, want v1", got.Clear.GetPayload())
	}
	if at := got.Endorsement.Head().GetHeight(); at != w.Height() {
		t.Errorf("head used: got %d, want the newest, %d", at, w.Height())
	}
}

// A ledger enclave is now and then a block behind the chain that an admin sees:
// keys are exported and imported as soon as it has followed, without a refusal.
func TestKeysWaitForTheLedgerEnclave(t *testing.T) {
	late := func(w *full.World, h *full.Host) (caughtUp *bool) {
		h.FrozenLedger, caughtUp = true, new(bool)
		had := len(w.Blocks)
		h.Await = func(uint64) {
			for _, b := range w.Blocks[had:] {
				if _, err := h.Ledger.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: b}); err != nil {
					t.Fatal(err)
				}
			}
			had, h.FrozenLedger, *caughtUp = len(w.Blocks), false, true
		}
		return caughtUp
	}
	ready := func(t *testing.T) (w *full.World, from, to *full.Host) {
		w = full.New(t, enclavetest.KV{})
		from, to = w.Hosts[0], w.Hosts[1]
		for _, h := range w.Hosts {
			h.Init()
			h.Certify()
		}
		from.Register()
		from.Generate()
		return w, from, to
	}
	t.Run("export", func(t *testing.T) {
		w, from, to := ready(t)
		waited := late(w, from)
		to.Register() // in a block that the exporting enclave's ledger enclave lacks
		if _, err := from.TryExport(to.ID()); err != nil || !*waited {
			t.Errorf("export: got %v, waited %t; want none, after waiting", err, *waited)
		}
	})
	t.Run("import", func(t *testing.T) {
		w, from, to := ready(t)
		to.Register()
		waited := late(w, to)
		export := from.Export(to)
		resp, err := to.Enclave.ImportCCKeys(t.Context(), &fpc.ImportCCKeysRequest{Export: export}, to)
		if err != nil || resp.GetRegistration() == nil || !*waited {
			t.Errorf("import: got %v, waited %t; want a registration, after waiting", err, *waited)
		}
	})
	t.Run("no block comes", func(t *testing.T) {
		w, from, to := ready(t)
		late(w, from)
		from.Await = nil
		to.Register()
		_, err := from.TryExport(to.ID())
		if got := protocol.CodeOf(err); got != "statement_behind" {
			t.Errorf("export: got %v, want statement_behind", err)
		}
	})
}

// A peer answers an invocation from one state. Where that is older than what the
// request demands, the enclave says so at once: no block that comes will mend it.
func TestPeerBehindWhatIsDemanded(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=1", "put:r1=1")
	h, waited := w.Hosts[0], 0
	h.Await = func(uint64) { waited++ }
	call := w.Ask("put:k=2", "put:r2=2")
	all := call.All()
	h.FrozenPeer = true
	w.MustCommit(call.Transaction(all...))
	for what, function := range map[string]string{"a value": "get:k", "rows": "range:r..s"} {
		_, err := w.AskAt(full.Heights{Min: w.Height()}, function).Send(h)
		wantCode(t, what+" older than the demanded height", err, protocol.CodeStaleView)
	}
	if waited != 0 {
		t.Errorf("the enclave waited for %d blocks, want none", waited)
	}
	wantPayload(t, "no demand", w.Ask("get:k").MustSend(h), "k=1;")
}
