// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

func TestStepsOfAnInvocation(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	resp, err := w.Enclave.Invoke(t.Context(), w.Ask(w.Org1.Client(), "put", "k", "v").Request, enclavetest.NewHost())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range resp.GetSteps() {
		got = append(got, fmt.Sprintf("%s %s -> %s: %s", s.GetStep(), s.GetFrom(), s.GetTo(), s.GetWhat()))
	}
	want := []string{
		"INV-8 stub -> enclave: chaincode_invoke",
		"INV-10 enclave -> enclave: verify proposal",
		"INV-12 enclave -> enclave: open request",
		"INV-14 enclave -> chaincode: invoke",
		"EX-2 chaincode -> enclave: putState",
		"INV-15 enclave -> enclave: seal writes, event, response",
		"INV-16 enclave -> enclave: sign",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func stepNames(steps []*fpc.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.GetStep())
	}
	return strings.Join(out, " ")
}

// The steps before the first access come with it.
func TestStepsReachTheHostInOrder(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	resp, err := w.Enclave.Invoke(t.Context(), w.Ask(w.Org1.Client(), "set", "k", "v").Request, host)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stepNames(host.Asked()[0].GetSteps()), "INV-8 INV-10 INV-12 INV-14"; got != want {
		t.Errorf("with the access: got %s, want %s", got, want)
	}
	if got, want := stepNames(resp.GetSteps()), "EX-2 INV-15 INV-16"; got != want {
		t.Errorf("with the answer: got %s, want %s", got, want)
	}
}
