// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// Attack rows 3 and 24: the host answers a key's policy with an old one, a false one
// or none.
func TestAttack24FullPolicyOfTheHost(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	set := func(rule string) []byte {
		application := w.EnclaveRule(rule, full.Chaincode, full.Version)
		call := w.AskWith(w.Client(1), full.Heights{}, policyCall(t, "k", application))
		w.MustCommit(call.Transaction(call.All()...))
		return signaturePolicy(t, application)
	}
	old := set("OutOf(1,'Org1MSP.enclave','Org2MSP.enclave')")
	set("AND('Org1MSP.enclave','Org2MSP.enclave')")
	for name, policy := range map[string][]byte{
		"old": old, "false": signaturePolicy(t, ledgertest.Rule(t, "OR('Org1MSP.member')")), "none": nil,
	} {
		h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
			if req.GetGetMetadata() != nil {
				resp.Metadata = policy
			}
			return nil
		}
		_, err := w.Ask("readpolicy:k").Send(h)
		wantCode(t, name, err, protocol.CodeStaleView)
	}
	h.Lie = nil
	w.Ask("readpolicy:k").MustSend(h)
}

// What the ledger enclave says of a key beside its value's hash counts too: who
// wrote it (EX-1), and whether anybody knows.
func TestAttack23FullWhatTheLedgerEnclaveSays(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1")
	h := w.Hosts[0]
	other := newOtherLedger(t, w)
	h.Ledger = other
	h.Restart()
	info := func(change func(*fpc.KeyInfo)) func(*fpc.LedgerAnswer) {
		return func(a *fpc.LedgerAnswer) {
			for _, r := range a.GetReplies() {
				for _, k := range r.GetKeys().GetKeys() {
					change(k)
				}
			}
		}
	}
	tainted := info(func(k *fpc.KeyInfo) { k.Tainted = true })
	taintedRange := func(a *fpc.LedgerAnswer) {
		for _, r := range a.GetReplies() {
			if r.GetRange() != nil {
				r.GetRange().Tainted = true
			}
		}
	}
	for name, c := range map[string]struct {
		alter func(*fpc.LedgerAnswer)
		ask   string
		want  protocol.Code
	}{
		"written by another transaction": {info(func(k *fpc.KeyInfo) { k.TxId = "another" }), "get:a", protocol.CodeForeignWriter},
		"a value of a tainted namespace": {tainted, "get:a", protocol.CodeTainted},
		"no value of one":                {tainted, "get:none", protocol.CodeTainted},
		"a policy of one":                {tainted, "readpolicy:a", protocol.CodeTainted},
		"rows of one":                    {taintedRange, "range:a..b", protocol.CodeTainted},
		"no rows of one":                 {taintedRange, "range:x..y", protocol.CodeTainted},
	} {
		t.Run(name, func(t *testing.T) {
			other.alter = func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { c.alter(a) }
			a, err := w.Ask(c.ask).Send(h)
			wantSealedError(t, name, a, err, c.want)
		})
	}
	other.alter = nil
	wantPayload(t, "unaltered", w.Ask("get:a").MustSend(h), "a=1;")
}

// A host that shows another state in each run has the enclave run six times, no more.
func TestAttack18FullStateThatChangesInEachRun(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	var values [][]byte
	for _, v := range []string{"put:k=1", "put:k=2", "put:k=3"} {
		w.Submit(v)
		values = append(values, h.Get("k"))
	}
	const runs, tooMany = 6, 20
	asked := 0
	h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
		if req.GetGet() == nil {
			return nil
		}
		if asked++; asked < tooMany { // the truth in the end, or a mistake here would run for ever
			resp.Values[0] = values[asked%2]
		}
		return nil
	}
	_, err := w.Ask("get:k").Send(h)
	wantCode(t, "another state each time", err, protocol.CodeStaleView)
	if asked != runs {
		t.Errorf("got %d runs, want %d", asked, runs)
	}
}

// A host that says of the newest head that it is not there yet is not waited for:
// there is no height to wait for.
func TestHostThatDeniesTheNewestHead(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
		if len(req.GetLedger()) != 0 {
			resp.Ledger, resp.LedgerFailed = nil, &fpc.Failure{Code: string(ledgerenclave.CodeNotYet)}
		}
		return nil
	}
	h.Await = func(above uint64) { t.Errorf("the enclave waits for a head above %d, want no wait", above) }
	_, err := w.Ask("get:k").Send(h)
	wantCode(t, "the newest", err, enclave.CodeLedgerAnswer)
}
