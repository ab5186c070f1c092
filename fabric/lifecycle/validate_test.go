// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"kv": true, "a": true, "9": true, "a-b_c-9": true,
		"": false, "-a": false, "a-": false, "_a": false, "a_": false, "a--b": false, "a-_b": false, "a b": false, "a.b": false, "ä": false,
		"qscc": false, "cscc": false, "lscc": false, "escc": false, "vscc": false, "_lifecycle": false,
	} {
		err := CheckName(name)
		if (err == nil) != want {
			t.Errorf("name %q: got %v, want allowed %t", name, err, want)
		}
		if err != nil {
			wantCode(t, name, err, CodeBadName)
		}
	}
	for version, want := range map[string]bool{"1.0": true, "fpc-0aF_+": true, ".": true, "": false, "1 0": false, "1/0": false, "ü": false} {
		err := CheckVersion(version)
		if (err == nil) != want {
			t.Errorf("version %q: got %v, want allowed %t", version, err, want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{CheckName("a b").Error(), "invalid chaincode name 'a b'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics"},
		{CheckName("qscc").Error(), "chaincode name 'qscc' is the name of a system chaincode"},
		{CheckVersion("").Error(), "invalid chaincode version ''. Versions can only consist of alphanumerics, '_', '-', '+', and '.'"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestCollections(t *testing.T) {
	org := fpctest.NewOrg(t, "Org1MSP")
	msps := fpctest.NewManager(t, org)
	members := func(p *common.SignaturePolicyEnvelope) *peer.CollectionPolicyConfig {
		return &peer.CollectionPolicyConfig{Payload: &peer.CollectionPolicyConfig_SignaturePolicy{SignaturePolicy: p}}
	}
	parse := func(text string) *common.SignaturePolicyEnvelope {
		p, err := policy.Parse(text)
		must(t, err)
		return p
	}
	of := func(principal *common.MSPPrincipal) *common.SignaturePolicyEnvelope {
		p := parse("OR('Org1MSP.member')")
		p.Identities[0] = principal
		return p
	}
	good := func() *peer.StaticCollectionConfig {
		return &peer.StaticCollectionConfig{Name: "coll", MemberOrgsPolicy: members(parse("OR('Org1MSP.member')")), MaximumPeerCount: 1}
	}
	change := func(f func(*peer.StaticCollectionConfig)) []*peer.StaticCollectionConfig {
		c := good()
		f(c)
		return []*peer.StaticCollectionConfig{c}
	}
	bad := CodeBadCollections
	for _, c := range []struct {
		name, code  string
		collections []*peer.StaticCollectionConfig
	}{
		{"none", "", nil},
		{"good", "", change(func(*peer.StaticCollectionConfig) {})},
		{"by OU", "", change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(msp.OUPrincipal("Org1MSP", "ou", nil)))
		})},
		{"by identity", "", change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(msp.IdentityPrincipal(org.Client().Creator())))
		})},
		{"name", bad, change(func(c *peer.StaticCollectionConfig) { c.Name = "_implicit_org_Org1MSP" })},
		{"empty name", bad, change(func(c *peer.StaticCollectionConfig) { c.Name = "" })},
		{"twice", bad, []*peer.StaticCollectionConfig{good(), good()}},
		{"maximum below required", bad, change(func(c *peer.StaticCollectionConfig) { c.RequiredPeerCount = 2 })},
		{"required negative", bad, change(func(c *peer.StaticCollectionConfig) { c.RequiredPeerCount = -1 })},
		{"no members", bad, change(func(c *peer.StaticCollectionConfig) { c.MemberOrgsPolicy = nil })},
		{"empty members", bad, change(func(c *peer.StaticCollectionConfig) { c.MemberOrgsPolicy = &peer.CollectionPolicyConfig{} })},
		{"members no OR", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(parse("AND('Org1MSP.member','Org1MSP.peer')"))
		})},
		{"members 0 of", bad, change(func(c *peer.StaticCollectionConfig) {
			p := parse("OR('Org1MSP.member')")
			p.Rule.GetNOutOf().N = 0
			c.MemberOrgsPolicy = members(p)
		})},
		{"policy does not compile", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(&common.SignaturePolicyEnvelope{Version: 7})
		})},
		{"unknown organisation", bad, change(func(c *peer.StaticCollectionConfig) { c.MemberOrgsPolicy = members(parse("OR('Org9MSP.member')")) })},
		{"OU of an unknown organisation", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(msp.OUPrincipal("Org9MSP", "ou", nil)))
		})},
		{"identity of nobody", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(msp.IdentityPrincipal([]byte("nobody"))))
		})},
		{"principal garbage", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(&common.MSPPrincipal{Principal: []byte{0xff}}))
		})},
		{"anonymous members", bad, change(func(c *peer.StaticCollectionConfig) {
			c.MemberOrgsPolicy = members(of(&common.MSPPrincipal{PrincipalClassification: common.MSPPrincipal_ANONYMITY}))
		})},
	} {
		d := kv
		d.Collections = packageOf(c.collections...)
		wantCode(t, c.name, d.Validate(msps, newState()), c.code)
	}
	d := kv
	d.Collections = &peer.CollectionConfigPackage{Config: []*peer.CollectionConfig{{}}}
	wantCode(t, "empty collection", d.Validate(msps, newState()), bad)
	d.Name = "a b"
	wantCode(t, "name first", d.Validate(msps, newState()), CodeBadName)
	d.Name, d.Version = "kv", ""
	wantCode(t, "then version", d.Validate(msps, newState()), CodeBadVersion)
}

func packageOf(collections ...*peer.StaticCollectionConfig) *peer.CollectionConfigPackage {
	p := &peer.CollectionConfigPackage{}
	for _, c := range collections {
		p.Config = append(p.Config, &peer.CollectionConfig{Payload: &peer.CollectionConfig_StaticCollectionConfig{StaticCollectionConfig: c}})
	}
	return p
}

// Collections once committed stay, with their lifetime.
func TestCollectionSuccessors(t *testing.T) {
	msps := fpctest.NewManager(t, fpctest.NewOrg(t, "Org1MSP"))
	coll := func(name string, lifetime uint64) *peer.StaticCollectionConfig {
		p, err := policy.Parse("OR('Org1MSP.member')")
		must(t, err)
		return &peer.StaticCollectionConfig{Name: name, BlockToLive: lifetime, MemberOrgsPolicy: &peer.CollectionPolicyConfig{
			Payload: &peer.CollectionPolicyConfig_SignaturePolicy{SignaturePolicy: p},
		}}
	}
	public := newState()
	first := kv
	first.Collections = packageOf(coll("a", 3))
	_, err := Commit(first, public, nil)
	must(t, err)
	for _, c := range []struct {
		name, text  string
		collections *peer.CollectionConfigPackage
	}{
		{"the same", "", packageOf(coll("a", 3))},
		{"one more", "", packageOf(coll("b", 0), coll("a", 3))},
		{"none", "the proposed collection config does not contain previously defined collections", nil},
		{"another", "existing collection [a] missing in the proposed collection configuration", packageOf(coll("b", 3))},
		{"another lifetime", "the BlockToLive in an existing collection [a] modified. Existing value [3]", packageOf(coll("a", 4))},
	} {
		d := kv
		d.Sequence, d.Collections = 2, c.collections
		switch err := d.Validate(msps, public); {
		case err == nil && c.text == "":
		case err == nil || err.Error() != c.text:
			t.Errorf("%s: got %v, want %q", c.name, err, c.text)
		}
	}
}
