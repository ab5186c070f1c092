// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

func TestRegisteredEnclaveIsFound(t *testing.T) {
	r := withPolicy(t)
	e := r.NewEnclave(scene.Org1)
	credentials := e.Credentials()
	if got := scene.Accepted(t, r.register(r.admin(scene.Org1), credentials)); string(got) != e.ID() {
		t.Errorf("answer: got %s, want the enclave id %s", got, e.ID())
	}
	stored := &fpc.Credentials{}
	query(r, stored, protocol.FuncQueryEnclaveCredentials, scene.Chaincode, e.ID())
	if !proto.Equal(stored, credentials) {
		t.Errorf("stored credentials: got %v, want %v", stored, credentials)
	}
}

// A policy-only new sequence strands nobody (attack 28).
func TestAttack28NewSequenceOfTheSameVersion(t *testing.T) {
	r := withPolicy(t)
	e := r.NewEnclave(scene.Org1)
	r.Lifecycle.Commit(scene.Chaincode, r.Version())
	scene.Accepted(t, r.register(r.admin(scene.Org1), e.Credentials()))
	scene.Accepted(t, r.registerKeys(r.admin(scene.Org1), e.KeyRegistration()))
}

func TestAttack12RegisterRefusals(t *testing.T) {
	flip := func(h []byte) []byte {
		sum := sha256.Sum256(h)
		return sum[:]
	}
	tests := []struct {
		name string
		// lie changes the enclave before it attests; forge the credentials after.
		lie    func(r *registry, e *scene.Enclave)
		forge  func(r *registry, c *fpc.Credentials)
		caller func(r *registry) []byte
		want   protocol.Code
	}{
		{name: "simulated evidence under a hardware policy", want: attest.CodePlatform, lie: func(r *registry, _ *scene.Enclave) {
			policy := r.Policy()
			policy.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sevsnp": {}}
			r.setPolicy(policy)
		}},
		{name: "debug enclave", want: attest.CodeDebug, lie: func(_ *registry, e *scene.Enclave) { e.Sim.Debug = true }},
		{name: "TCB too low", want: attest.CodeTCB, lie: func(_ *registry, e *scene.Enclave) { e.Sim.TCB = 1 }},
		{name: "expired", want: attest.CodeExpired, lie: func(r *registry, e *scene.Enclave) { e.Sim.NotAfter = r.Now.Unix() - 1 }},
		{name: "not yet valid", want: attest.CodeNotYetValid, lie: func(r *registry, e *scene.Enclave) { e.Sim.NotBefore = r.Now.Unix() + 1 }},
		{name: "evidence for other attested data", want: attest.CodeStatement, forge: func(r *registry, c *fpc.Credentials) {
			c.Evidence = r.NewEnclave(scene.Org1).Credentials().GetEvidence()
		}},
		{name: "altered evidence", want: attest.CodeEvidence, forge: func(_ *registry, c *fpc.Credentials) {
			c.Evidence.Attestation[len(c.Evidence.Attestation)-1] ^= 1
		}},
		{name: "no evidence", want: attest.CodePlatform, forge: func(_ *registry, c *fpc.Credentials) { c.Evidence = nil }},
		{name: "attested data does not decode", want: protocol.CodeMalformed, forge: func(_ *registry, c *fpc.Credentials) { c.AttestedData = []byte("x") }},
		{name: "code that no manifest lists", want: protocol.CodeNotInManifest, lie: func(_ *registry, e *scene.Enclave) {
			e.CodeID = sha256.Sum256([]byte("other code"))
		}},
		{name: "manifest of another version", want: protocol.CodeWrongVersion, lie: func(r *registry, _ *scene.Enclave) {
			r.Manifest = []byte("sim:" + string(make([]byte, 64)) + "\n")
		}},
		{name: "another version than the committed one", want: protocol.CodeWrongVersion, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.CcParams.Version = "fpc-former"
		}},
		{name: "chaincode without a definition", want: protocol.CodeNoDefinition, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.CcParams.ChaincodeId = "nobody"
		}},
		{name: "another channel's name", want: protocol.CodeWrongChannel, lie: func(_ *registry, e *scene.Enclave) { e.Data.CcParams.ChannelId = "other" }},
		{name: "another channel of the same name", want: protocol.CodeWrongChannel, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.ChannelHash = flip(e.Data.ChannelHash)
		}},
		{name: "other MSP roots", want: protocol.CodeWrongMSP, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.MspRootsHash = flip(e.Data.MspRootsHash)
		}},
		{name: "another organisation's admin", want: protocol.CodeForeignCaller, caller: func(r *registry) []byte { return r.admin(scene.Org2) }},
		{name: "a client, not an admin", want: protocol.CodeNotAdmin, caller: func(r *registry) []byte {
			return r.Orgs[scene.Org1].Client().Creator()
		}},
		{name: "a caller that is no identity", want: protocol.CodeMalformed, caller: func(*registry) []byte { return []byte("x") }},
		{name: "an endpoint that is none", want: protocol.CodeBadArguments, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.HostParams.PeerEndpoint = "peer0:7051\x1b[2J"
		}},
		{name: "refresh of an enclave never registered", want: protocol.CodeNotRegistered, lie: func(_ *registry, e *scene.Enclave) {
			e.Data.OnCreation = false
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.NewEnclave(scene.Org1)
			if test.lie != nil {
				test.lie(r, e)
			}
			credentials := e.Credentials()
			if test.forge != nil {
				test.forge(r, credentials)
			}
			caller := r.admin(scene.Org1)
			if test.caller != nil {
				caller = test.caller(r)
			}
			before := r.state()
			scene.Code(t, r.register(caller, credentials), test.want)
			r.unchanged(before)
		})
	}
}

// Attack 18: what one registrant brings, all clients have to read. Bytes that
// nobody looks at are no way to make it more.
func TestAttack18OversizedCredentials(t *testing.T) {
	for name, grow := range map[string]func(e *scene.Enclave, c *fpc.Credentials){
		"endpoint": func(e *scene.Enclave, _ *fpc.Credentials) {
			e.Data.HostParams.PeerEndpoint = strings.Repeat("h", 300<<10) + ":7051"
		},
		"evidence": func(_ *scene.Enclave, c *fpc.Credentials) {
			c.Evidence.Attestation = append(c.Evidence.Attestation, protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), make([]byte, 300<<10))...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.NewEnclave(scene.Org1)
			grow(e, &fpc.Credentials{Evidence: &fpc.Evidence{}})
			credentials := e.Credentials()
			grow(e, credentials)
			before := r.state()
			scene.Code(t, r.register(r.admin(scene.Org1), credentials), protocol.CodeTooLarge)
			r.unchanged(before)
		})
	}
}

func TestAttack12RegisterTwice(t *testing.T) {
	r := withPolicy(t)
	e := r.registered()
	before := r.state()
	scene.Code(t, r.register(r.admin(scene.Org1), e.Credentials()), protocol.CodeAlreadyRegistered)
	r.unchanged(before)
}

// A timestamp far ahead is refused, and leaves nothing behind that would refuse
// honest registrations later.
func TestAttack30PoisonedClock(t *testing.T) {
	for name, off := range map[string]time.Duration{
		"eleven minutes ahead":  11 * time.Minute,
		"eleven minutes behind": -11 * time.Minute,
		"ten years ahead":       10 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.NewEnclave(scene.Org1)
			e.Sim.NotBefore, e.Sim.NotAfter = 0, r.Now.Add(100*365*24*time.Hour).Unix()
			tx := r.tx(r.admin(scene.Org1), r.registerArgs(e.Credentials()))
			tx.Timestamp = r.Now.Add(off)
			before := r.state()
			scene.Code(t, r.cc.Submit(tx), protocol.CodeClock)
			r.unchanged(before)

			scene.Accepted(t, r.register(r.admin(scene.Org1), e.Credentials()))
		})
	}
}

func TestRefreshReplacesCredentials(t *testing.T) {
	r := withPolicy(t)
	e := r.provisioned()
	e.Data.OnCreation = false
	e.Data.ConfigSequence++
	e.Sim.NotAfter += 3600
	fresh := e.Credentials()
	scene.Accepted(t, r.register(r.admin(scene.Org1), fresh))
	stored := &fpc.Credentials{}
	query(r, stored, protocol.FuncQueryEnclaveCredentials, scene.Chaincode, e.ID())
	if !proto.Equal(stored, fresh) {
		t.Errorf("credentials after the refresh: got %v, want %v", stored, fresh)
	}
}

func TestRefreshRefusals(t *testing.T) {
	for _, test := range []struct {
		name string
		lie  func(e *scene.Enclave)
		org  string
		want protocol.Code
	}{
		{"another Enclave_EK", func(e *scene.Enclave) { e.Data.EnclaveEk = e.NewEK() }, scene.Org1, protocol.CodeWrongEnclave},
		{"another organisation", func(e *scene.Enclave) { e.Data.HostParams.MspId = scene.Org2 }, scene.Org2, protocol.CodeWrongEnclave},
		{"an older configuration", func(e *scene.Enclave) { e.Data.ConfigSequence-- }, scene.Org1, "stale_refresh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := withPolicy(t)
			e := r.registered()
			e.Data.OnCreation = false
			test.lie(e)
			before := r.state()
			scene.Code(t, r.register(r.admin(test.org), e.Credentials()), test.want)
			r.unchanged(before)
		})
	}
}

func TestPlatformAllowedButNotVerifiable(t *testing.T) {
	r := withPolicy(t)
	e := r.NewEnclave(scene.Org1)
	credentials := e.Credentials()
	credentials.Evidence.Platform = "sevsnp"
	policy := r.Policy()
	policy.Attestation.Platforms["sevsnp"] = protocol.PlatformPolicy{}
	r.setPolicy(policy)
	before := r.state()
	scene.Code(t, r.register(r.admin(scene.Org1), credentials), attest.CodeNoVerifier)
	r.unchanged(before)
}
