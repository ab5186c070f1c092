// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
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
