// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func sha(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

// ownPolicy is metadata that gives a key a policy of its own.
func ownPolicy(t testing.TB, text string) []rwset.Entry {
	t.Helper()
	return []rwset.Entry{{Name: "VALIDATION_PARAMETER", Value: marshal(t, parsed(t, text))}}
}

func TestNamespacePolicies(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "two", ValidationParameter: rule(t, "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")})
	s.define(lifecycle.Definition{Name: "three", ValidationParameter: rule(t, "OR('Org3MSP.peer')")})
	s.define(lifecycle.Definition{Name: "default"})
	s.define(lifecycle.Definition{Name: "dangling", ValidationParameter: marshal(t, &peer.ApplicationPolicy{
		Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{ChannelConfigPolicyReference: "/Channel/Application/None"},
	})})
	s.define(lifecycle.Definition{Name: "garbage", ValidationParameter: []byte{0xff}})
	s.define(lifecycle.Definition{Name: "untyped", ValidationParameter: []byte{0x1a, 0}})
	also := func(d draft, namespace string) draft {
		alsoWriting(namespace)(&d)
		return d
	}
	for _, c := range []struct {
		name string
		d    draft
		want peer.TxValidationCode
	}{
		{"enough", s.writing("two", "k", 1, 3), valid},
		{"too few", s.writing("two", "k", 1), policyFailure},
		{"channel's majority", s.writing("default", "k", 2, 3), valid},
		{"channel's minority", s.writing("default", "k", 2), policyFailure},
		{"policy that is not there", s.writing("dangling", "k", 1, 2, 3), policyFailure},
		{"policy that does not decode", s.writing("garbage", "k", 1, 2, 3), policyFailure},
		{"policy of no type", s.writing("untyped", "k", 1, 2, 3), policyFailure},
		{"both namespaces", also(s.writing("two", "k", 1, 3), "three"), valid},
		{"only the invoked one", also(s.writing("two", "k", 1, 2), "three"), policyFailure},
		{"only the other one", also(s.writing("two", "k", 3), "three"), policyFailure},
		{"lifecycle by a majority", also(s.writing("two", "k", 1, 3), "_lifecycle"), valid},
	} {
		r, err := s.judge(s.tx(c.d))
		if err != nil {
			t.Fatal(c.name, err)
		}
		if r.Codes[0] != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, r.Codes[0], r.Reasons[0], c.want)
		}
	}
}

// The policy in a key's metadata takes the place of the chaincode's for it.
func TestKeyLevelPolicies(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	set := s.writing("kv", "k", 1)
	set.set.Namespaces[0].Metadata = []rwset.MetadataWrite{{Key: "k", Entries: ownPolicy(t, "AND('Org2MSP.peer','Org3MSP.peer')")}}
	wantCodes(t, s.block(s.tx(set)), valid)

	both := s.writing("kv", "k", 2, 3)
	both.set.Namespaces[0].Writes = append(both.set.Namespaces[0].Writes, rwset.Write{Key: "l", Value: []byte("v")})
	mixed := both
	mixed.endorsers = append(mixed.endorsers, s.orgs[0].Peer())
	clearing := s.draft("kv", rwset.Namespace{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "k"}}}, 2, 3)
	for _, c := range []struct {
		name string
		d    draft
		want peer.TxValidationCode
	}{
		{"chaincode's policy is not enough", s.writing("kv", "k", 1), policyFailure},
		{"one of two", s.writing("kv", "k", 2), policyFailure},
		{"key's policy alone is enough", s.writing("kv", "k", 2, 3), valid},
		{"another key needs the chaincode's", both, policyFailure},
		{"two keys, both policies", mixed, valid},
		{"other key is not concerned", s.writing("kv", "l", 1), valid},
		{"metadata too is under the key's policy", s.draft("kv", rwset.Namespace{Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "k"}}}, 1), policyFailure},
		{"removing the policy", clearing, valid},
	} {
		r := s.block(s.tx(c.d))
		if r.Codes[0] != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, r.Codes[0], r.Reasons[0], c.want)
		}
	}
	wantCodes(t, s.block(s.tx(s.writing("kv", "k", 1))), valid)
}

// A change of a key's policy makes every later write to the key in the block
// invalid, though it takes effect only if it is valid itself.
func TestKeyPolicyChangedInBlock(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	change := func(endorser int, read *rwset.Version) []byte {
		return s.tx(s.draft("kv", rwset.Namespace{
			Name: "kv", Reads: []rwset.Read{{Key: "k", Version: read}}, Writes: []rwset.Write{{Key: "k", Value: []byte("v")}},
			Metadata: []rwset.MetadataWrite{{Key: "k", Entries: ownPolicy(t, "OR('Org2MSP.peer')")}},
		}, endorser))
	}
	stale := &rwset.Version{Block: 99}
	write := func() []byte { return s.tx(s.writing("kv", "k", 1)) }
	for _, c := range []struct {
		name  string
		block [][]byte
		want  []peer.TxValidationCode
	}{
		{"before", [][]byte{write(), change(1, stale)}, []peer.TxValidationCode{valid, readConflict}},
		{"after a change that conflicts", [][]byte{change(1, stale), write()}, []peer.TxValidationCode{readConflict, policyFailure}},
		{"after a change without endorsement", [][]byte{change(3, nil), write()}, []peer.TxValidationCode{policyFailure, valid}},
		{"after a change of another key", [][]byte{s.tx(s.draft("kv", rwset.Namespace{
			Name: "kv", Metadata: []rwset.MetadataWrite{{Key: "l", Entries: ownPolicy(t, "OR('Org2MSP.peer')")}},
		}, 1)), write()}, []peer.TxValidationCode{valid, valid}},
		{"after a change", [][]byte{change(1, nil), write(), change(2, nil)}, []peer.TxValidationCode{valid, policyFailure, policyFailure}},
	} {
		r, err := s.judge(c.block...)
		if err != nil {
			t.Fatal(c.name, err)
		}
		for i, want := range c.want {
			if r.Codes[i] != want {
				t.Errorf("%s: transaction %d: got %s (%v), want %s", c.name, i, r.Codes[i], r.Reasons[i], want)
			}
		}
	}
}

func private(collection string, writes ...rwset.HashedWrite) rwset.Namespace {
	return rwset.Namespace{Name: "kv", Collections: []rwset.Collection{{Name: collection, Writes: writes}}}
}

func TestCollectionPolicies(t *testing.T) {
	s := newScene(t)
	members := &peer.CollectionPolicyConfig{Payload: &peer.CollectionPolicyConfig_SignaturePolicy{SignaturePolicy: parsed(t, "OR('Org1MSP.member')")}}
	static := func(c *peer.StaticCollectionConfig) *peer.CollectionConfig {
		c.MemberOrgsPolicy = members
		return &peer.CollectionConfig{Payload: &peer.CollectionConfig_StaticCollectionConfig{StaticCollectionConfig: c}}
	}
	s.define(lifecycle.Definition{
		Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')"),
		Collections: &peer.CollectionConfigPackage{Config: []*peer.CollectionConfig{
			static(&peer.StaticCollectionConfig{Name: "plain"}),
			static(&peer.StaticCollectionConfig{Name: "own", EndorsementPolicy: &peer.ApplicationPolicy{
				Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: parsed(t, "OR('Org2MSP.peer')")},
			}}),
		}},
	})
	w := rwset.HashedWrite{KeyHash: sha("k"), ValueHash: sha("v")}
	reading := rwset.Namespace{Name: "kv", Collections: []rwset.Collection{{Name: "own", Reads: []rwset.HashedRead{{KeyHash: sha("k")}}}}}
	for _, c := range []struct {
		name string
		d    draft
		want peer.TxValidationCode
	}{
		{"collection without a policy has the chaincode's", s.draft("kv", private("plain", w), 1), valid},
		{"and no other", s.draft("kv", private("plain", w), 2), policyFailure},
		{"collection's policy replaces the chaincode's", s.draft("kv", private("own", w), 2), valid},
		{"chaincode's policy is not enough there", s.draft("kv", private("own", w), 1), policyFailure},
		{"reading alone is under the chaincode's", s.draft("kv", reading, 1), valid},
		{"implicit collection is the organisation's", s.draft("kv", private(rwset.ImplicitCollection("Org3MSP"), w), 3), valid},
		{"and nobody else's", s.draft("kv", private(rwset.ImplicitCollection("Org3MSP"), w), 1, 2), policyFailure},
		{"organisation outside the channel", s.draft("kv", private(rwset.ImplicitCollection("NopeMSP"), w), 1, 2, 3), policyFailure},
		{"no such collection", s.draft("kv", private("none", w), 1, 2, 3), policyFailure},
		{"approval for the own organisation", s.draft("_lifecycle", rwset.Namespace{
			Name: "_lifecycle", Collections: []rwset.Collection{{Name: rwset.ImplicitCollection("Org2MSP"), Writes: []rwset.HashedWrite{w}}},
		}, 2), valid},
		{"approval for another organisation", s.draft("_lifecycle", rwset.Namespace{
			Name: "_lifecycle", Collections: []rwset.Collection{{Name: rwset.ImplicitCollection("Org2MSP"), Writes: []rwset.HashedWrite{w}}},
		}, 1, 3), policyFailure},
		{"lifecycle has no other collections", s.draft("_lifecycle", rwset.Namespace{
			Name: "_lifecycle", Collections: []rwset.Collection{{Name: "plain", Writes: []rwset.HashedWrite{w}}},
		}, 1, 2, 3), policyFailure},
	} {
		r, err := s.judge(s.tx(c.d))
		if err != nil {
			t.Fatal(c.name, err)
		}
		if r.Codes[0] != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, r.Codes[0], r.Reasons[0], c.want)
		}
	}
}

func TestPrivateKeyPolicies(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	mine := rwset.ImplicitCollection("Org1MSP")
	first := private(mine, rwset.HashedWrite{KeyHash: sha("k"), ValueHash: sha("v")})
	first.Collections[0].Metadata = []rwset.HashedMetadataWrite{{KeyHash: sha("k"), Entries: ownPolicy(t, "OR('Org2MSP.peer')")}}
	wantCodes(t, s.block(s.tx(s.draft("kv", first, 1))), valid)

	again := private(mine, rwset.HashedWrite{KeyHash: sha("k"), ValueHash: sha("w")})
	wantCodes(t, s.block(s.tx(s.draft("kv", again, 1))), policyFailure)
	r := s.block(s.tx(s.draft("kv", again, 2)))
	wantCodes(t, r, valid)
	if got := s.ledger.hashed[[2]string{"kv", mine}][string(sha("k"))]; string(got.value) != string(sha("w")) || len(got.metadata) != 1 {
		t.Errorf("state after the write: got %x with %d metadata, want %x with 1", got.value, len(got.metadata), sha("w"))
	}
}

func TestDuplicates(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	one := s.tx(s.writing("kv", "k", 1))
	unendorsed := s.writing("kv", "k", 2)
	unendorsed.nonce = nonce(t)
	endorsed := unendorsed
	endorsed.endorsers = s.writing("kv", "k", 1).endorsers

	wantCodes(t, s.block(one, one), valid, duplicate)
	wantCodes(t, s.block(one), duplicate)
	// The first that is valid counts, not the first.
	wantCodes(t, s.block(s.tx(unendorsed), s.tx(endorsed), s.tx(endorsed)), policyFailure, valid, duplicate)
	// What stands in a block once is used up, whatever its verdict was, and being
	// a duplicate comes before being wrong in content.
	spent := s.writing("kv", "k", 2)
	spent.nonce = nonce(t)
	wantCodes(t, s.block(s.tx(spent)), policyFailure)
	spent.endorsers = endorsed.endorsers
	noVersion := spent
	noVersion.version = "-"
	wantCodes(t, s.block(s.tx(spent), s.tx(noVersion)), duplicate, duplicate)
}

func TestHalts(t *testing.T) {
	for _, c := range []struct {
		name  string
		stage func(*scene) draft
	}{
		{"foreign validation plugin", func(s *scene) draft {
			s.define(lifecycle.Definition{Name: "kv", ValidationPlugin: "custom"})
			return s.writing("kv", "k", 1, 2)
		}},
		{"definition that does not decode", func(s *scene) draft {
			s.define(lifecycle.Definition{Name: "kv"})
			s.ledger.put("_lifecycle", lifecycle.FieldKey("kv", "ValidationInfo"), item{value: []byte{0xff}})
			return s.writing("kv", "k", 1, 2)
		}},
		{"key policy that does not decode", func(s *scene) draft {
			s.define(lifecycle.Definition{Name: "kv"})
			s.ledger.put("kv", "k", item{value: []byte("v"), metadata: []rwset.Entry{{Name: "VALIDATION_PARAMETER", Value: []byte{0xff}}}})
			return s.writing("kv", "k", 1, 2)
		}},
		{"chaincode of Fabric 1", func(s *scene) draft {
			s.ledger.put("lscc", "kv", item{value: []byte("definition")})
			return s.writing("kv", "k", 1, 2)
		}},
	} {
		s := newScene(t)
		r, err := s.judge(s.tx(c.stage(s)))
		var halt *HaltError
		if !errors.As(err, &halt) || halt.Block != s.height || halt.Tx != 0 || halt.TxID == "" {
			t.Errorf("%s: got %v, %v, want a HaltError of block %d", c.name, r, err, s.height)
		}
	}
}

func TestIncompleteDefinition(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv"})
	for _, info := range []*struct {
		name  string
		value []byte
	}{
		{"no plugin", []byte{0x12, 3, 0x12, 1, 'p'}}, // StateData{bytes: ChaincodeValidationInfo{validation_parameter: "p"}}
		{"no policy", []byte{0x12, 6, 0x0a, 4, 'v', 's', 'c', 'c'}},
	} {
		s.ledger.put("_lifecycle", lifecycle.FieldKey("kv", "ValidationInfo"), item{value: info.value})
		r, err := s.judge(s.tx(s.writing("kv", "k", 1, 2)))
		if err != nil {
			t.Fatal(info.name, err)
		}
		wantCodes(t, r, noChaincode)
	}
}

// A channel without these policies has Fabric's older rules.
func TestPolicyFallbacks(t *testing.T) {
	s := newScene(t)
	s.reconfigure(func(c *common.ConfigGroup) {
		app := c.Groups["Application"]
		delete(app.Policies, "LifecycleEndorsement")
		delete(app.Groups["Org1"].Policies, "Endorsement")
	})
	w := rwset.HashedWrite{KeyHash: sha("k"), ValueHash: sha("v")}
	public := rwset.Namespace{Name: "_lifecycle", Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}}
	implicit := rwset.Namespace{Name: "_lifecycle", Collections: []rwset.Collection{{Name: rwset.ImplicitCollection("Org1MSP"), Writes: []rwset.HashedWrite{w}}}}
	byClients := s.draft("_lifecycle", public)
	byClients.endorsers = append(byClients.endorsers, s.orgs[0].Client(), s.orgs[2].Client())
	byClient := s.draft("_lifecycle", implicit)
	byClient.endorsers = append(byClient.endorsers, s.orgs[0].Client())
	r, err := s.judge(s.tx(byClients), s.tx(s.draft("_lifecycle", public, 2)), s.tx(byClient), s.tx(s.draft("_lifecycle", implicit, 2)))
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, r, valid, policyFailure, valid, policyFailure)
}
