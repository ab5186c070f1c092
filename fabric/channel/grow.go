// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
)

// grower fills configuration groups and keeps the first error.
type grower struct{ err error }

// modAdmins: every element of a new channel is changed by the Admins policy of
// the group it stands in.
const modAdmins = "Admins"

func newGrower() *grower { return &grower{} }

func (g *grower) keep(err error) {
	if g.err == nil {
		g.err = err
	}
}

func (g *grower) group() *common.ConfigGroup {
	group := newGroup(0)
	group.ModPolicy = modAdmins
	return group
}

func (g *grower) marshal(m proto.Message) []byte {
	raw, err := encoding.Marshal(m)
	g.keep(err)
	return raw
}

func (g *grower) value(group *common.ConfigGroup, key string, m proto.Message) {
	group.Values[key] = &common.ConfigValue{Value: g.marshal(m), ModPolicy: modAdmins}
}

func (g *grower) policy(group *common.ConfigGroup, name string, kind common.Policy_PolicyType, m proto.Message) {
	group.Policies[name] = &common.ConfigPolicy{
		Policy: &common.Policy{Type: int32(kind), Value: g.marshal(m)}, ModPolicy: modAdmins,
	}
}

// signature adds a policy in the policy language.
func (g *grower) signature(group *common.ConfigGroup, name, rule string) {
	p, err := policy.Parse(rule)
	if err != nil {
		g.keep(err)
		return
	}
	g.policy(group, name, common.Policy_SIGNATURE, p)
}

// meta adds a policy over the groups below, such as "ANY Readers".
func (g *grower) meta(group *common.ConfigGroup, name, rule string) {
	p, err := policy.ImplicitMeta(rule)
	if err != nil {
		g.keep(err)
		return
	}
	g.policy(group, name, common.Policy_IMPLICIT_META, p)
}

func (g *grower) standardPolicies(group *common.ConfigGroup) {
	g.meta(group, "Readers", "ANY Readers")
	g.meta(group, "Writers", "ANY Writers")
	g.meta(group, "Admins", "MAJORITY Admins")
}

// mspConfig wraps an MSP as a configuration carries it, without what is an
// organisation's own.
func (g *grower) mspConfig(m *msp.FabricMSPConfig) *msp.MSPConfig {
	public := proto.CloneOf(m)
	if public != nil {
		public.SigningIdentity = nil
	}
	return &msp.MSPConfig{Config: g.marshal(public)}
}

func capabilitiesMessage(names []string) *common.Capabilities {
	c := &common.Capabilities{Capabilities: map[string]*common.Capability{}}
	for _, name := range names {
		c.Capabilities[name] = &common.Capability{}
	}
	return c
}
