// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// questions asks about random policies over three organisations, from a fixed
// seed, and about texts.
func questions(t *testing.T) []fpctest.Question {
	orgs := []*fpctest.Org{fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP"), fpctest.NewOrg(t, "Org3MSP", fpctest.WithoutNodeOUs())}
	base := fpctest.Question{}
	for _, o := range orgs {
		config := o.Config()
		config.TlsRootCerts = nil
		base.Configs = append(base.Configs, marshal(t, config))
		for _, m := range []*fpctest.Member{o.Peer(), o.Peer("peer1"), o.Admin(), o.Client()} {
			base.Identities = append(base.Identities, claim(t, m))
		}
	}
	bad := base.Identities[0] // a peer's wrong signature
	bad.Name, bad.Message = "wrong signature", []byte("other")
	base.Identities = append(base.Identities, bad)

	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		set := r.Perm(len(base.Identities))[:r.IntN(7)]
		if len(set) > 2 && r.IntN(3) == 0 {
			set = append(set, set[0]) // somebody signs twice
		}
		base.Sets = append(base.Sets, set)
	}
	signatures, trees := base, base
	signatures.Name, trees.Name = "signature policies", "policy trees"
	for range 150 {
		signatures.Policies = append(signatures.Policies, marshal(t, randomEnvelope(r, orgs)))
	}
	all := []fpctest.Question{signatures, {Name: "texts", Texts: texts}}
	for i := range 12 {
		q := trees
		q.Name = fmt.Sprintf("tree %d", i)
		q.Sets = base.Sets[:16]
		q.Group, q.Paths = marshal(t, randomChannel(t, r, orgs, i)), paths
		all = append(all, q)
	}
	return all
}

func claim(t *testing.T, m *fpctest.Member) fpctest.Claim {
	t.Helper()
	message := []byte(m.Cert.Subject.CommonName)
	signature, err := m.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return fpctest.Claim{Serialized: m.Creator(), Message: message, Signature: signature}
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// randomEnvelope is a policy over principals of all organisations, sometimes one
// that does not compile.
func randomEnvelope(r *rand.Rand, orgs []*fpctest.Org) *common.SignaturePolicyEnvelope {
	envelope := &common.SignaturePolicyEnvelope{}
	for range 1 + r.IntN(5) {
		o := orgs[r.IntN(len(orgs))]
		p := o.Principal(common.MSPRole_MSPRoleType(r.IntN(5)))
		if r.IntN(4) == 0 {
			p = msp.IdentityPrincipal(o.Peer().Creator())
		}
		envelope.Identities = append(envelope.Identities, p)
	}
	envelope.Rule = randomRule(r, len(envelope.Identities), 3)
	return envelope
}

func randomRule(r *rand.Rand, principals, depth int) *common.SignaturePolicy {
	switch {
	case r.IntN(60) == 0:
		return &common.SignaturePolicy{} // empty
	case r.IntN(60) == 0:
		return signedBy(principals) // one too far
	case depth == 0 || r.IntN(3) == 0:
		return signedBy(r.IntN(principals))
	}
	rules := make([]*common.SignaturePolicy, r.IntN(4))
	for i := range rules {
		rules[i] = randomRule(r, principals, depth-1)
	}
	return outOf(r.IntN(len(rules)+2)-r.IntN(2), rules...)
}

func signedBy(i int) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(i)}}
}

func outOf(n int, rules ...*common.SignaturePolicy) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{N: int32(n), Rules: rules}}}
}

// paths are what every tree is asked for; some never exist.
var paths = []string{
	"/Channel/Readers", "Readers", "/Channel/Application/Writers", "Application/Writers", "Application/Org1/Writers",
	"/Channel/Application/Org2/Admins", "/Channel/Application/Meta", "/Channel/Nothing", "Application/Nothing", "", "/", "/Channel/",
	"/Other/Readers", "/ChannelXReaders", "Readers/", "Application",
}

// randomChannel is a channel group with an application group of three
// organisations, each with some policies of the names that the groups above ask
// for. The number picks what is wrong with it, if anything.
func randomChannel(t *testing.T, r *rand.Rand, orgs []*fpctest.Org, number int) *common.ConfigGroup {
	names := []string{"Readers", "Writers", "Admins"}
	application := &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{}, Policies: map[string]*common.ConfigPolicy{}}
	for i, o := range orgs {
		group := &common.ConfigGroup{Policies: map[string]*common.ConfigPolicy{}}
		for _, name := range names {
			if r.IntN(5) > 0 {
				envelope := randomEnvelope(r, []*fpctest.Org{o})
				envelope.Rule = outOf(r.IntN(3), signedBy(0), signedBy(len(envelope.Identities)-1))
				group.Policies[name] = signaturePolicy(t, envelope)
			}
		}
		application.Groups[fmt.Sprintf("Org%d", i+1)] = group
	}
	for _, name := range names {
		application.Policies[name] = metaPolicy(t, name, common.ImplicitMetaPolicy_Rule(r.IntN(3)))
	}
	channel := &common.ConfigGroup{
		Groups: map[string]*common.ConfigGroup{"Application": application, "Orderer": {Policies: map[string]*common.ConfigPolicy{
			"Readers": signaturePolicy(t, &common.SignaturePolicyEnvelope{Rule: outOf(r.IntN(2))}),
		}}},
		Policies: map[string]*common.ConfigPolicy{"Readers": metaPolicy(t, "Readers", common.ImplicitMetaPolicy_Rule(r.IntN(3)))},
	}
	switch number {
	case 1:
		application.Policies["Meta"] = metaPolicy(t, "Writers", 7) // a rule that nobody knows
	case 2:
		application.Policies["Meta"] = metaPolicy(t, "/Channel/Application/Org1/Writers", common.ImplicitMetaPolicy_ANY)
	case 3:
		application.Policies["Meta"] = metaPolicy(t, "", common.ImplicitMetaPolicy_ANY)
	case 4:
		channel.Policies["Nothing"] = metaPolicy(t, "Org2/Admins", common.ImplicitMetaPolicy_ANY)
	case 5:
		application.Groups = nil
	case 6:
		application.Policies["Meta"] = &common.ConfigPolicy{}
	case 7:
		application.Policies["Meta"] = &common.ConfigPolicy{Policy: &common.Policy{Type: int32(common.Policy_MSP)}}
	case 8:
		application.Policies["Meta"] = &common.ConfigPolicy{Policy: &common.Policy{Type: int32(common.Policy_SIGNATURE), Value: []byte{0xff}}}
	case 9:
		application.Policies["Meta"] = signaturePolicy(t, &common.SignaturePolicyEnvelope{Version: 1, Rule: outOf(0)})
	}
	return channel
}

func signaturePolicy(t *testing.T, envelope *common.SignaturePolicyEnvelope) *common.ConfigPolicy {
	t.Helper()
	return &common.ConfigPolicy{Policy: &common.Policy{Type: int32(common.Policy_SIGNATURE), Value: marshal(t, envelope)}}
}

func metaPolicy(t *testing.T, name string, rule common.ImplicitMetaPolicy_Rule) *common.ConfigPolicy {
	t.Helper()
	return &common.ConfigPolicy{Policy: &common.Policy{
		Type: int32(common.Policy_IMPLICIT_META), Value: marshal(t, &common.ImplicitMetaPolicy{SubPolicy: name, Rule: rule}),
	}}
}

// texts are policies in the language, good and bad.
var texts = []string{
	"OR('Org1MSP.member')", "AND('Org1MSP.peer', 'Org2MSP.peer')", "And('Org1MSP.peer','Org2MSP.peer')", "and('A.admin', or('B.client', 'C.orderer'))",
	"OutOf(2, 'A.peer', 'B.peer', 'C.peer')", "OUTOF(1,'A.peer','B.peer')", "outof(0, 'A.peer')", "OutOf(3, 'A.peer', 'B.peer')",
	"OutOf(1, AND('A.peer', 'B.peer'), OutOf(2, 'C.peer', 'D.peer', 'E.peer'))", "  OR ( 'A.peer' ,\t'A.peer' )\n", "OR(\"A.peer\", 'B.peer')",
	"OR('my-org.example.com.peer')", "OR('A.B.peer')", "AND('A.peer')",
	"", "   ", "AND()", "OR()", "'A.peer'", "A.peer", "OR(A.peer)", "OR('A')", "OR('A.boss')", "OR('.peer')", "OR('A.peer'", "OR 'A.peer')",
	"OR('A.peer'))", "OR('A.peer') OR('B.peer')", "OR('A.peer',)", "XOR('A.peer', 'B.peer')", "oR('A.peer')", "OutOf('A.peer', 'B.peer')", "OutOf(1)",
	"OutOf(-1, 'A.peer')", "OutOf(4, 'A.peer', 'B.peer')", "OR('A_B.peer')", "OR('A peer')", "OR('A.peer' 'B.peer')", "OR(1, 'A.peer')",
	"OR('A.enclave')", "OR('Ä.peer')", "OR(AND('A.peer', OR('B.peer')))",
}
