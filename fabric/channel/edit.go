// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
)

// An Edit changes a configuration in place; [ComputeUpdate] makes an update of
// it. Edits judge form only: whether the channel agrees is decided by whoever
// signs, and by [Bundle.Propose].
type Edit func(*common.Config) error

// SetCRLs replaces an organisation's revocation lists (PEM). An empty list
// revokes nobody.
func SetCRLs(mspID string, crls ...[]byte) Edit {
	return func(config *common.Config) error {
		value, inner, err := findMSP(config, mspID)
		if err != nil {
			return err
		}
		inner.RevocationList = crls
		return setMSP(value, inner)
	}
}

// SetPolicy replaces the policy at an absolute path, or adds it to its group.
// rule is an implicit meta policy ("MAJORITY Admins") or a text in the policy
// language ("OR('Org1MSP.admin')").
func SetPolicy(path, rule string) Edit {
	return func(config *common.Config) error {
		names := strings.Split(strings.TrimPrefix(path, "/"), "/")
		group, last := config.GetChannelGroup(), len(names)-1
		if len(names) < 2 || names[0] != "Channel" || names[last] == "" {
			return fail(CodeBadConfig, path, nil, "a policy's path is of the form /Channel/…/NAME")
		}
		for _, name := range names[1:last] {
			if group = group.GetGroups()[name]; group == nil {
				return fail(CodeBadConfig, path, nil, "there is no group %s", name)
			}
		}
		g := newGrower()
		edited := g.group()
		if strings.ContainsRune(rule, '(') || strings.ContainsRune(rule, '\'') {
			g.signature(edited, names[last], rule)
		} else {
			g.meta(edited, names[last], rule)
		}
		if g.err != nil {
			return fail(CodeBadConfig, path, g.err, "rule %q", rule)
		}
		if group.Policies == nil {
			group.Policies = make(map[string]*common.ConfigPolicy)
		}
		if known := group.Policies[names[last]]; known != nil {
			edited.Policies[names[last]].ModPolicy = known.ModPolicy
		}
		group.Policies[names[last]] = edited.Policies[names[last]]
		return nil
	}
}

// AddOrg adds an organisation with peers, with the policies that a [Profile]
// gives its organisations.
func AddOrg(org ApplicationOrg) Edit {
	return func(config *common.Config) error {
		application := config.GetChannelGroup().GetGroups()[applicationGroup]
		if application == nil {
			return fail(CodeBadConfig, "/Channel", nil, "the channel has no group %s", applicationGroup)
		}
		if _, known := application.Groups[org.Name]; known {
			return fail(CodeBadConfig, "/Channel/Application/"+org.Name, nil, "there is an organisation of this name")
		}
		if _, _, err := findMSP(config, org.MSP.GetName()); err == nil {
			return fail(CodeBadConfig, "/Channel/Application/"+org.Name, nil, "there is an organisation with MSP id %s", org.MSP.GetName())
		}
		g := newGrower()
		group := org.group(g)
		if g.err != nil {
			return fail(CodeBadConfig, "/Channel/Application/"+org.Name, g.err, "organisation")
		}
		application.Groups[org.Name] = group
		return nil
	}
}

// findMSP finds an organisation's MSP among those with peers and those with
// orderers.
func findMSP(config *common.Config, mspID string) (*common.ConfigValue, *msp.FabricMSPConfig, error) {
	for _, name := range []string{applicationGroup, ordererGroup} {
		for _, org := range config.GetChannelGroup().GetGroups()[name].GetGroups() {
			value := org.GetValues()[keyMSP]
			outer, inner := &msp.MSPConfig{}, &msp.FabricMSPConfig{}
			if proto.Unmarshal(value.GetValue(), outer) != nil || proto.Unmarshal(outer.GetConfig(), inner) != nil {
				continue
			}
			if inner.GetName() == mspID {
				return value, inner, nil
			}
		}
	}
	return nil, nil, fail(CodeBadConfig, "/Channel", nil, "no organisation has MSP id %q", mspID)
}

func setMSP(value *common.ConfigValue, inner *msp.FabricMSPConfig) error {
	g := newGrower()
	raw := g.marshal(g.mspConfig(inner))
	if g.err != nil {
		return fail(CodeBadConfig, "", g.err, "MSP %s", inner.GetName())
	}
	value.Value = raw
	return nil
}
