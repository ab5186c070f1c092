// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// What Lite cannot refuse: docs/security.md says so, and these tests show it. An
// enclave in Lite has no view of the channel, so its host decides which
// configuration it knows; the roots of an organisation that it knows stay.

// Documented limit of attack row 10: the host puts back state that was sealed
// before a revocation, and a query of the revoked creator succeeds. At commit
// every peer refuses that creator.
func TestAttack10StateFromBeforeARevocation(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	revoked := w.Org2.Client("revoked")
	host.Commit(w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(host))
	w.Org2.Revoke(revoked)
	if _, err := w.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: w.MSPs(4, w.Org1, w.Org2), AttestationParams: enclavetest.AttestationParams()}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := w.Ask(revoked, "get", "k").Send(host)
	wantCode(t, "after the refresh", err, protocol.CodeRevokedCreator)

	before := w.NewEnclave(enclavetest.KV{})
	if _, err := before.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
		t.Fatal(err)
	}
	w.Enclave = before
	wantResult(t, "query on the state sealed before (documented)", w.Ask(revoked, "get", "k").MustSend(host), "v")
}

// Documented limit of attack row 10: the host names an organisation before the
// channel does, with a CA of its own, and its members query until the enclave is
// replaced; nothing of theirs commits. A known organisation cannot be touched.
func TestAttack10OrganisationThatTheHostNames(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	host.Commit(w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(host))
	forged, genuine := fpctest.NewOrg(t, "Org3MSP"), fpctest.NewOrg(t, "Org3MSP")
	refresh := func(sequence uint64, orgs ...*fpctest.Org) error {
		_, err := w.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: w.MSPs(sequence, orgs...), AttestationParams: enclavetest.AttestationParams()}, nil)
		return err
	}
	if err := refresh(4, w.Org1, w.Org2, forged); err != nil {
		t.Fatal(err)
	}
	wantResult(t, "query of a member whom the host made (documented)", w.Ask(forged.Client(), "get", "k").MustSend(host), "v")

	// The genuine organisation cannot take the name back: that shows.
	wantCode(t, "the genuine organisation", refresh(5, w.Org1, w.Org2, genuine), protocol.CodeWrongMSP)
	wantCode(t, "a known organisation", refresh(5, w.Org1, fpctest.NewOrg(t, w.Org2.MSPID)), protocol.CodeWrongMSP)
}
