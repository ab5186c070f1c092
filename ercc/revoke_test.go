// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// isRevoked asks as a stub does.
func (r *registry) isRevoked(e *scene.Enclave) bool {
	r.T.Helper()
	view := &fpc.ValidationView{}
	query(r, view, protocol.FuncQueryValidationView, scene.Chaincode, e.ID())
	return view.GetRevoked()
}

func TestLifecycleMajorityRevokes(t *testing.T) {
	r := withPolicy(t)
	e := r.provisioned()
	for _, test := range []struct {
		org, answer string
		revoked     bool
	}{
		{scene.Org2, "approved: 1 of 2", false},
		{scene.Org2, "approved: 1 of 2", false}, // one organisation counts once
		{scene.Org3, "revoked", true},
	} {
		got := string(scene.Accepted(t, r.revoke(r.admin(test.org), e.ID())))
		if !strings.HasPrefix(got, test.answer) {
			t.Errorf("answer to %s: got %q, want %q", test.org, got, test.answer)
		}
		if got := r.isRevoked(e); got != test.revoked {
			t.Errorf("revoked after %s: got %t, want %t", test.org, got, test.revoked)
		}
	}
}

// A chaincode of anybody's passes on what the registry takes from administrators
// only, while they believe that they call that chaincode. Its questions are
// answered: a private chaincode's stub asks so.
func TestAttack12CallsThatAnotherChaincodePassesOn(t *testing.T) {
	r := withPolicy(t)
	e := r.provisioned()
	game := r.Ledger.Deploy("game", relay{})
	keys, err := protocol.RegisterCCKeysArgs(e.KeyRegistration())
	if err != nil {
		t.Fatal(err)
	}
	policy, err := r.Policy().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	before := r.state()
	for name, args := range map[string][][]byte{
		protocol.FuncSetPolicy:       {[]byte(protocol.FuncSetPolicy), policy},
		protocol.FuncRegisterEnclave: r.registerArgs(r.NewEnclave(scene.Org1).Credentials()),
		protocol.FuncRegisterCCKeys:  keys,
		protocol.FuncPutKeyExport:    {[]byte(protocol.FuncPutKeyExport), nil},
		protocol.FuncRevokeEnclave:   protocol.EnclaveArgs(protocol.FuncRevokeEnclave, scene.Chaincode, e.ID()),
	} {
		t.Run(name, func(t *testing.T) {
			for _, org := range []string{scene.Org1, scene.Org2} {
				scene.Code(t, game.Submit(r.tx(r.admin(org), args)), protocol.CodeNotDirect)
			}
			r.unchanged(before)
		})
	}
	scene.Accepted(t, game.Evaluate(r.tx(r.admin(scene.Org1), protocol.EnclaveArgs(protocol.FuncQueryValidationView, scene.Chaincode, e.ID()))))
	if r.isRevoked(e) {
		t.Error("two administrators who called another chaincode revoked an enclave")
	}
}

func TestTwoAdminsOfOneOrganisationAreNoMajority(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	for _, name := range []string{"first", "second"} {
		scene.Accepted(t, r.revoke(r.Orgs[scene.Org2].Admin(name).Creator(), e.ID()))
	}
	if r.isRevoked(e) {
		t.Error("two admins of one organisation revoked an enclave")
	}
}

func TestRevokedIsForEver(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	for _, org := range []string{scene.Org1, scene.Org2} {
		scene.Accepted(t, r.revoke(r.admin(org), e.ID()))
	}
	admin := r.admin(scene.Org1)
	first := e.Credentials()
	e.Data.OnCreation = false
	refreshed := e.Credentials()
	for name, attempt := range map[string]func() shimtest.Result{
		"registered anew": func() shimtest.Result { return r.register(admin, first) },
		"refreshed":       func() shimtest.Result { return r.register(admin, refreshed) },
		"provisioned":     func() shimtest.Result { return r.registerKeys(admin, e.KeyRegistration()) },
		"revoked again":   func() shimtest.Result { return r.revoke(admin, e.ID()) },
	} {
		t.Run(name, func(t *testing.T) {
			before := r.state()
			scene.Code(t, attempt(), protocol.CodeRevoked)
			r.unchanged(before)
		})
	}
}

// Whoever shows that the stored evidence fails the policy in force revokes; age
// alone is no failure.
func TestEvidenceBelowThePolicyRevokesAtOnce(t *testing.T) {
	platforms := func(p protocol.PlatformPolicy) map[string]protocol.PlatformPolicy {
		return map[string]protocol.PlatformPolicy{"sim": p}
	}
	for name, test := range map[string]struct {
		enclave func(e *scene.Enclave)
		allowed map[string]protocol.PlatformPolicy
		age     time.Duration
		revoked bool
	}{
		"platform no longer allowed":   {allowed: map[string]protocol.PlatformPolicy{"sevsnp": {}}, revoked: true},
		"TCB no longer enough":         {allowed: platforms(protocol.PlatformPolicy{MinTCB: 4}), revoked: true},
		"debug no longer allowed":      {enclave: func(e *scene.Enclave) { e.Sim.Debug = true }, allowed: platforms(protocol.PlatformPolicy{}), revoked: true},
		"still good":                   {allowed: platforms(protocol.PlatformPolicy{MinTCB: 3})},
		"expired":                      {allowed: platforms(protocol.PlatformPolicy{MinTCB: 3}), age: 48 * time.Hour},
		"expired, and TCB not enough":  {allowed: platforms(protocol.PlatformPolicy{MinTCB: 4}), age: 48 * time.Hour, revoked: true},
		"expired, platform disallowed": {allowed: map[string]protocol.PlatformPolicy{"sevsnp": {}}, age: 48 * time.Hour, revoked: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			lax := r.Policy()
			lax.Attestation.Platforms = platforms(protocol.PlatformPolicy{AllowDebug: true})
			r.setPolicy(lax)
			e := r.NewEnclave(scene.Org1)
			if test.enclave != nil {
				test.enclave(e)
			}
			scene.Accepted(t, r.register(r.admin(scene.Org1), e.Credentials()))

			policy := r.Policy()
			policy.Attestation.Platforms = test.allowed
			r.setPolicy(policy)
			r.Now = r.Now.Add(test.age)
			before := r.state()
			result := r.revoke(r.Orgs[scene.Org3].Client().Creator(), e.ID())
			if test.revoked {
				scene.Accepted(t, result)
			} else {
				scene.Code(t, result, protocol.CodeNotAdmin)
				r.unchanged(before)
			}
			if got := r.isRevoked(e); got != test.revoked {
				t.Errorf("revoked: got %t, want %t", got, test.revoked)
			}
		})
	}
}

func TestRevokeRefusals(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	for name, test := range map[string]struct {
		caller  []byte
		enclave string
		want    protocol.Code
	}{
		"a client":             {r.Orgs[scene.Org2].Client().Creator(), e.ID(), protocol.CodeNotAdmin},
		"unknown enclave":      {r.admin(scene.Org2), strings.Repeat("0", 64), protocol.CodeNotRegistered},
		"foreign organisation": {shimtest.Client(t, "Org9MSP", "admin", shimtest.ClientOptions{Units: []string{"admin"}}), e.ID(), protocol.CodeForeignCaller},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.state()
			scene.Code(t, r.revoke(test.caller, test.enclave), test.want)
			r.unchanged(before)
		})
	}
}

func TestAdminByAttribute(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	marked := shimtest.Client(t, scene.Org2, "operator", shimtest.ClientOptions{Attributes: map[string]string{"fpc.admin": "true"}})
	scene.Accepted(t, r.revoke(marked, e.ID()))
	unmarked := shimtest.Client(t, scene.Org3, "operator", shimtest.ClientOptions{Attributes: map[string]string{"fpc.admin": "false"}})
	scene.Code(t, r.revoke(unmarked, e.ID()), protocol.CodeNotAdmin)
}
