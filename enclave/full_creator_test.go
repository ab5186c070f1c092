// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// INV-11: a creator revoked by a configuration that the enclave was not refreshed
// with is refused at the pinned head, whatever the request asks for: nothing is
// signed, and no second access follows the first one, which the verdict came with.
// Where keys are blinded not even that one is made.
func TestAttack10FullRevokedCreator(t *testing.T) {
	w := full.Start(t, script{})
	h := w.Hosts[0]
	creator := w.Orgs[1].Client("leaver")
	accesses := 0
	h.Lie = func(req *fpc.StateRequest, _ *fpc.StateResponse) error {
		if req.GetRequest() != nil && req.GetOpenSession() == nil {
			accesses++
		}
		return nil
	}
	ask := func(args ...string) error {
		accesses = 0
		request := &fpc.ClearRequest{}
		for _, a := range args {
			request.Args = append(request.Args, []byte(a))
		}
		_, err := w.AskWith(creator, full.Heights{}, request).Send(h)
		return err
	}
	requests := []struct {
		args          []string
		asks, revoked int // accesses to the peer's state
	}{
		{[]string{"get:k", "get:l"}, 2, 1},
		{[]string{"range:a..z", "get:l"}, 2, 1},
		{[]string{"readpolicy:k"}, 1, 1},
		{[]string{"put:k=v"}, 0, 0},
		{[]string{"fail"}, 0, 0},
		{[]string{"panic"}, 0, 0},
	}
	for _, r := range requests {
		wantCode(t, fmt.Sprint(r.args, " before"), ask(r.args...), "")
		if accesses != r.asks {
			t.Errorf("%v before: got %d accesses, want %d", r.args, accesses, r.asks)
		}
	}
	w.Orgs[1].Revoke(creator)
	w.CommitConfig(w.Revocations(2))
	for _, r := range requests {
		wantCode(t, fmt.Sprint(r.args, " revoked"), ask(r.args...), protocol.CodeRevokedCreator)
		if accesses != r.revoked {
			t.Errorf("%v revoked: got %d accesses, want %d", r.args, accesses, r.revoked)
		}
	}
	w.Configure = blinded
	h.Restart()
	wantCode(t, "blinded, revoked", ask("get:k"), protocol.CodeRevokedCreator)
	if accesses != 0 {
		t.Errorf("blinded, revoked: got %d accesses, want none", accesses)
	}
}

// INV-11: a member of an organisation that the host named and the channel does not
// have is refused, although the enclave was refreshed with it.
func TestAttack10FullOrganisationThatTheHostNames(t *testing.T) {
	w := full.Start(t, script{})
	h, invented := w.Hosts[0], fpctest.NewOrg(t, "Org9MSP")
	genuine := w.Orgs
	w.Orgs = append(slices.Clone(genuine), invented)
	msps := w.MSPs()
	w.Orgs = genuine
	if _, err := h.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: msps, AttestationParams: h.InitRequest().AttestationParams}, h); err != nil {
		t.Fatal(err)
	}
	_, err := w.AskWith(invented.Client("mallory"), full.Heights{}, &fpc.ClearRequest{Args: [][]byte{[]byte("get:k")}}).Send(h)
	wantCode(t, "a member whom the host made", err, protocol.CodeForeignCreator)
	_, err = w.Ask("get:k").Send(h)
	wantCode(t, "a member of the channel", err, "")
}
