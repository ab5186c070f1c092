// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

type kind byte

const (
	kindGroup kind = iota
	kindValue
	kindPolicy
)

func (k kind) String() string { return [...]string{"group", "value", "policy"}[k] }

// elementKey names an element of a configuration: "/Channel/Orderer/BatchSize".
type elementKey struct {
	kind kind
	path string
}

func (k elementKey) String() string { return k.kind.String() + " " + k.path }

// element is one group, value or policy; the other two are nil.
type element struct {
	group  *common.ConfigGroup
	value  *common.ConfigValue
	policy *common.ConfigPolicy
	// above names the groups from below the root to the one whose policies a
	// relative mod policy refers to: the group itself, or the one it stands in.
	above []string
}

func (e element) version() uint64 {
	switch {
	case e.group != nil:
		return e.group.Version
	case e.value != nil:
		return e.value.Version
	default:
		return e.policy.GetVersion()
	}
}

func (e element) modPolicy() string {
	switch {
	case e.group != nil:
		return e.group.ModPolicy
	case e.value != nil:
		return e.value.ModPolicy
	default:
		return e.policy.GetModPolicy()
	}
}

// elements is a configuration, or a part of one, taken to pieces.
type elements map[elementKey]element

// elementsOf takes a configuration to pieces; a nil group has none.
func elementsOf(root *common.ConfigGroup) (elements, error) {
	es := make(elements)
	if root == nil {
		return es, nil
	}
	return es, es.add([]string{rootGroup}, root)
}

// maxDepth bounds nested groups: Fabric's configurations have four.
const maxDepth = 8

func (es elements) add(path []string, group *common.ConfigGroup) error {
	if len(path) > maxDepth {
		return fail(CodeBadConfig, "", nil, "groups are nested deeper than %d", maxDepth)
	}
	if group == nil {
		group = &common.ConfigGroup{}
	}
	name := pathSeparator + strings.Join(path, pathSeparator)
	if err := checkName(path[len(path)-1]); err != nil {
		return fail(CodeBadConfig, name, err, "illegal name")
	}
	above := path[1:]
	es[elementKey{kindGroup, name}] = element{group: group, above: above}
	for key, sub := range group.Groups {
		next := append(path[:len(path):len(path)], key)
		if err := es.add(next, sub); err != nil {
			return err
		}
	}
	for key, v := range group.Values {
		if err := checkName(key); err != nil {
			return fail(CodeBadConfig, name+pathSeparator+key, err, "illegal name")
		}
		if v == nil {
			v = &common.ConfigValue{}
		}
		es[elementKey{kindValue, name + pathSeparator + key}] = element{value: v, above: above}
	}
	for key, p := range group.Policies {
		if err := checkName(key); err != nil {
			return fail(CodeBadConfig, name+pathSeparator+key, err, "illegal name")
		}
		if p == nil {
			p = &common.ConfigPolicy{}
		}
		es[elementKey{kindPolicy, name + pathSeparator + key}] = element{policy: p, above: above}
	}
	return nil
}

// assemble puts the pieces together again: a group's members are those that the
// group itself names.
func (es elements) assemble() (*common.ConfigGroup, error) {
	return es.assembleGroup(pathSeparator + rootGroup)
}

func (es elements) assembleGroup(path string) (*common.ConfigGroup, error) {
	have, ok := es[elementKey{kindGroup, path}]
	if !ok {
		return nil, fail(CodeBadUpdate, path, nil, "missing group")
	}
	g := &common.ConfigGroup{
		Version: have.group.Version, ModPolicy: es.modPolicyOf(have.group.ModPolicy),
		Groups: map[string]*common.ConfigGroup{}, Values: map[string]*common.ConfigValue{},
		Policies: map[string]*common.ConfigPolicy{},
	}
	for key := range have.group.Groups {
		sub, err := es.assembleGroup(path + pathSeparator + key)
		if err != nil {
			return nil, err
		}
		g.Groups[key] = sub
	}
	for key := range have.group.Values {
		e, ok := es[elementKey{kindValue, path + pathSeparator + key}]
		if !ok {
			return nil, fail(CodeBadUpdate, path+pathSeparator+key, nil, "missing value")
		}
		v := proto.CloneOf(e.value)
		v.ModPolicy = es.modPolicyOf(v.ModPolicy)
		g.Values[key] = v
	}
	for key := range have.group.Policies {
		e, ok := es[elementKey{kindPolicy, path + pathSeparator + key}]
		if !ok {
			return nil, fail(CodeBadUpdate, path+pathSeparator+key, nil, "missing policy")
		}
		p := proto.CloneOf(e.policy)
		p.ModPolicy = es.modPolicyOf(p.ModPolicy)
		g.Policies[key] = p
	}
	return g, nil
}

// modPolicyOf mends an unset mod policy as Fabric does since capabilities exist:
// channels made by version 1.0 have some, and nothing could ever change them.
func (es elements) modPolicyOf(modPolicy string) string {
	if modPolicy != "" {
		return modPolicy
	}
	if _, ok := es[elementKey{kindValue, "/Channel/Orderer/Capabilities"}]; ok {
		return "Admins"
	}
	return ""
}
