// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

func TestRegisteredKeyIsFound(t *testing.T) {
	r := withPolicy(t)
	r.registered()
	client := r.Orgs[scene.Org2].Client().Creator()
	none := r.cc.Evaluate(r.tx(client, protocol.ChaincodeArgs(protocol.FuncQueryChaincodeEncryptionKey, scene.Chaincode)))
	scene.Code(t, none, protocol.CodeNotFound)

	r = withPolicy(t)
	e := r.provisioned()
	got := &fpc.ChaincodeKey{}
	query(r, got, protocol.FuncQueryChaincodeEncryptionKey, scene.Chaincode)
	ek, err := keys.ChaincodeEKFromPB(got.GetChaincodeEk())
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Key.Public()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ek.ID(), want.ID()) || got.GetGeneration() != 1 {
		t.Errorf("key: got %x of generation %d, want %x of generation 1", ek.ID(), got.GetGeneration(), want.ID())
	}
	registration, err := protocol.VerifyKeyRegistration("INV-5", e.VK, got.GetRegistration())
	if err != nil || registration.EnclaveID != e.ID() {
		t.Errorf("registration: got enclave %s and error %v, want %s", registration.EnclaveID, err, e.ID())
	}
}

// The first registrant of the only key decides who can read: a client cannot be
// it, nor the admin of an organisation that nobody designated (attack 27).
func TestAttack27WhoRegistersKeys(t *testing.T) {
	for _, test := range []struct {
		name   string
		org    string // of the enclave
		caller func(r *registry) []byte
		want   protocol.Code
	}{
		{"a client of the designated organisation", scene.Org1, func(r *registry) []byte { return r.Orgs[scene.Org1].Client().Creator() }, protocol.CodeNotAdmin},
		{"an admin of another organisation", scene.Org1, func(r *registry) []byte { return r.admin(scene.Org2) }, protocol.CodeForeignCaller},
		{"an enclave of another organisation, by its admin", scene.Org2, func(r *registry) []byte { return r.admin(scene.Org2) }, protocol.CodeNotDesignated},
		{"an enclave of another organisation, by the designated admin", scene.Org2, func(r *registry) []byte { return r.admin(scene.Org1) }, protocol.CodeNotDesignated},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.NewEnclave(test.org)
			scene.Accepted(t, r.register(r.admin(test.org), e.Credentials()))
			before := r.state()
			scene.Code(t, r.registerKeys(test.caller(r), e.KeyRegistration()), test.want)
			r.unchanged(before)
		})
	}
}

func TestAttack27SecondKeySet(t *testing.T) {
	r := withPolicy(t)
	first := r.provisioned()
	t.Run("of the same enclave", func(t *testing.T) {
		before := r.state()
		first.Generation = 2
		scene.Code(t, r.registerKeys(r.admin(scene.Org1), first.KeyRegistration()), protocol.CodeAlreadyProvisioned)
		r.unchanged(before)
	})
	second := r.registered()
	for name, test := range map[string]struct {
		generation uint64
		want       protocol.Code
	}{
		"of another enclave, generation 1": {1, protocol.CodeWrongGeneration},
		"of another enclave, generation 2": {2, protocol.CodeAlreadyProvisioned},
		"of another enclave, generation 3": {3, protocol.CodeWrongGeneration},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.state()
			second.Generation = test.generation
			scene.Code(t, r.registerKeys(r.admin(scene.Org1), second.KeyRegistration()), test.want)
			r.unchanged(before)
		})
	}
}

// A version that comes back brings a cause for new keys, and its former enclave
// back; but that one has had its key set.
func TestAttack27SecondKeySetOfAnEarlierVersion(t *testing.T) {
	r := withPolicy(t)
	code := r.CodeID
	first := r.provisioned()
	r.CommitCode(sha256.Sum256([]byte("next code")))
	next := r.registered()
	next.Generation = 2
	scene.Accepted(t, r.registerKeys(r.admin(scene.Org1), next.KeyRegistration()))
	r.CommitCode(code)
	before := r.state()
	first.Generation = 3
	scene.Code(t, r.registerKeys(r.admin(scene.Org1), first.KeyRegistration()), protocol.CodeAlreadyProvisioned)
	r.unchanged(before)
}

func TestAttack22KeysOfAnUnregisteredEnclave(t *testing.T) {
	r := withPolicy(t)
	before := r.state()
	scene.Code(t, r.registerKeys(r.admin(scene.Org1), r.NewEnclave(scene.Org1).KeyRegistration()), protocol.CodeNotRegistered)
	r.unchanged(before)
}

// A key set born in sim never becomes anything else (attack 29).
func TestAttack29LineageRefused(t *testing.T) {
	custody := func(platform string, tcb uint32, debug bool) protocol.Custody {
		return protocol.Custody{Platform: platform, TCB: tcb, Debug: debug}
	}
	own := custody("sim", 3, false)
	for name, lineage := range map[string]protocol.Lineage{
		"held on a platform that the policy does not allow": protocol.NewLineage(own, custody("pilot", 9, false)),
		"held by a debug enclave":                           protocol.NewLineage(own, custody("sim", 3, true)),
		"held below the TCB level":                          protocol.NewLineage(own, custody("sim", 1, false)),
		"leaves the enclave itself out":                     protocol.NewLineage(custody("sevsnp", 9, false)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			policy := r.Policy()
			policy.Attestation.Platforms["sevsnp"] = protocol.PlatformPolicy{}
			r.setPolicy(policy)
			e := r.registered()
			e.Lineage = lineage
			before := r.state()
			scene.Code(t, r.registerKeys(r.admin(scene.Org1), e.KeyRegistration()), protocol.CodeLineage)
			r.unchanged(before)
		})
	}
}

// Sim keys carried into a hardware deployment: the policy changes between the
// enclave's registration and its keys'.
func TestAttack29PolicyBecameHardware(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	policy := r.Policy()
	policy.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sevsnp": {}}
	r.setPolicy(policy)
	before := r.state()
	scene.Code(t, r.registerKeys(r.admin(scene.Org1), e.KeyRegistration()), attest.CodePlatform)
	r.unchanged(before)
}

func TestKeyRegistrationRefusals(t *testing.T) {
	other := sha256.Sum256([]byte("other channel"))
	for name, test := range map[string]struct {
		lie   func(e *scene.Enclave)
		forge func(r *registry, s *fpc.Signed)
		want  protocol.Code
	}{
		"does not decode":     {forge: func(_ *registry, s *fpc.Signed) { s.Message = []byte("x") }, want: protocol.CodeMalformed},
		"altered signature":   {forge: func(_ *registry, s *fpc.Signed) { s.Signature[len(s.Signature)-1] ^= 1 }, want: protocol.CodeBadSignature},
		"signature of a peer": {forge: func(r *registry, s *fpc.Signed) { s.Signature = r.NewEnclave(scene.Org1).KeyRegistration().Signature }, want: protocol.CodeBadSignature},
		"no such chaincode":   {lie: func(e *scene.Enclave) { e.Data.CcParams.ChaincodeId = "nobody" }, want: protocol.CodeNotRegistered},
		"former version":      {lie: func(e *scene.Enclave) { e.Data.CcParams.Version = "fpc-former" }, want: protocol.CodeWrongVersion},
		"another channel":     {lie: func(e *scene.Enclave) { e.Data.CcParams.ChannelId = "other" }, want: protocol.CodeWrongChannel},
		"another network":     {lie: func(e *scene.Enclave) { e.Data.ChannelHash = other[:] }, want: protocol.CodeWrongChannel},
		"generation 0":        {lie: func(e *scene.Enclave) { e.Generation = 0 }, want: protocol.CodeMalformed},
		"generation 2 first":  {lie: func(e *scene.Enclave) { e.Generation = 2 }, want: protocol.CodeWrongGeneration},
		"no lineage":          {lie: func(e *scene.Enclave) { e.Lineage = protocol.NewLineage() }, want: protocol.CodeLineage},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.registered()
			if test.lie != nil {
				test.lie(e)
			}
			signed := e.KeyRegistration()
			if test.forge != nil {
				test.forge(r, signed)
			}
			before := r.state()
			scene.Code(t, r.registerKeys(r.admin(scene.Org1), signed), test.want)
			r.unchanged(before)
		})
	}
}

// The next generation needs a cause (KEY-8): a committed new version, or the
// revocation of the enclave that holds the keys.
func TestNextGeneration(t *testing.T) {
	for name, cause := range map[string]func(r *registry, holder *scene.Enclave){
		"new version": func(r *registry, _ *scene.Enclave) {
			r.CommitCode(sha256.Sum256([]byte("next code")))
		},
		"holder revoked": func(r *registry, holder *scene.Enclave) {
			for _, org := range []string{scene.Org2, scene.Org3} {
				scene.Accepted(r.T, r.revoke(r.admin(org), holder.ID()))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPolicy(t)
			holder := r.provisioned()
			cause(r, holder)
			next := r.registered()
			for generation, want := range map[uint64]protocol.Code{1: protocol.CodeWrongGeneration, 3: protocol.CodeWrongGeneration} {
				next.Generation = generation
				scene.Code(t, r.registerKeys(r.admin(scene.Org1), next.KeyRegistration()), want)
			}
			next.Generation = 2
			scene.Accepted(t, r.registerKeys(r.admin(scene.Org1), next.KeyRegistration()))
			key := &fpc.ChaincodeKey{}
			query(r, key, protocol.FuncQueryChaincodeEncryptionKey, scene.Chaincode)
			if key.GetGeneration() != 2 {
				t.Errorf("generation: got %d, want 2", key.GetGeneration())
			}
		})
	}
}

// Keys of the former version's enclave are of no use after an upgrade, even if
// it was never provisioned.
func TestFormerVersionsEnclaveGetsNoKeys(t *testing.T) {
	r := withPolicy(t)
	former := r.registered()
	r.CommitCode(sha256.Sum256([]byte("next code")))
	var result shimtest.Result
	for _, version := range []string{former.Data.CcParams.GetVersion(), r.Version()} {
		former.Data.CcParams.Version = version
		before := r.state()
		result = r.registerKeys(r.admin(scene.Org1), former.KeyRegistration())
		scene.Code(t, result, protocol.CodeWrongVersion)
		r.unchanged(before)
	}
}
