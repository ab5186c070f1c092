// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Paths of the policies that Fabric's own components evaluate.
const (
	ChannelReaders       = "/Channel/Readers"
	ChannelWriters       = "/Channel/Writers"
	ApplicationReaders   = "/Channel/Application/Readers"
	ApplicationWriters   = "/Channel/Application/Writers"
	ApplicationAdmins    = "/Channel/Application/Admins"
	Endorsement          = "/Channel/Application/Endorsement"
	LifecycleEndorsement = "/Channel/Application/LifecycleEndorsement"
	BlockValidation      = "/Channel/Orderer/BlockValidation"
)

// Tree holds the compiled policies of a configuration group and of the groups
// below it. It is immutable and safe for concurrent use.
type Tree struct {
	path     string          // "Channel", "Channel/Application", …
	policies map[string]node // by path relative to this group, those of the groups below included
	groups   map[string]*Tree
}

// node is a policy of a tree: it also answers without giving reasons, which
// costs less.
type node interface {
	Policy
	holds(ids []*msp.Presented) bool
}

// NewTree compiles every policy of the group; root is its name ("Channel").
// Implicit meta policies refer to the policies of the direct sub-groups. One
// policy that does not compile fails the whole tree.
func NewTree(root string, group *common.ConfigGroup, ids msp.Resolver) (*Tree, error) {
	t := &Tree{path: root, policies: make(map[string]node), groups: make(map[string]*Tree)}
	for _, name := range slices.Sorted(maps.Keys(group.GetGroups())) {
		sub, err := NewTree(root+"/"+name, group.GetGroups()[name], ids)
		if err != nil {
			return nil, err
		}
		t.groups[name] = sub
	}
	for _, name := range slices.Sorted(maps.Keys(group.GetPolicies())) {
		p, err := t.compile("/"+root+"/"+name, group.GetPolicies()[name].GetPolicy(), ids)
		if err != nil {
			return nil, err
		}
		t.policies[name] = p
	}
	for name, sub := range t.groups {
		for relative, p := range sub.policies {
			t.policies[name+"/"+relative] = p
		}
	}
	return t, nil
}

func (t *Tree) compile(path string, p *common.Policy, ids msp.Resolver) (node, error) {
	malformed := func(err error, format string, args ...any) error {
		return &Error{Code: CodeMalformed, Path: path, Reason: fmt.Sprintf(format, args...), Err: err}
	}
	if p == nil {
		return nil, malformed(nil, "it is empty")
	}
	switch kind := common.Policy_PolicyType(p.GetType()); kind {
	case common.Policy_SIGNATURE:
		envelope := &common.SignaturePolicyEnvelope{}
		if err := proto.Unmarshal(p.GetValue(), envelope); err != nil {
			return nil, malformed(err, "not a signature policy")
		}
		if envelope.GetVersion() != 0 {
			return nil, malformed(nil, "version %d is unknown, only 0 is", envelope.GetVersion())
		}
		compiled, err := newSignature(path, envelope, ids)
		if err != nil {
			return nil, malformed(err, "it does not compile")
		}
		return compiled, nil
	case common.Policy_IMPLICIT_META:
		meta := &common.ImplicitMetaPolicy{}
		if err := proto.Unmarshal(p.GetValue(), meta); err != nil {
			return nil, malformed(err, "not an implicit meta policy")
		}
		return newImplicit(path, meta, t.groups, ids), nil
	default:
		return nil, malformed(nil, "unknown policy type %d", p.GetType())
	}
}

// Policy returns the policy at an absolute ("/Channel/Application/Writers") or
// relative ("Application/Writers") path. Where there is none it returns a policy
// that rejects everything, and false.
func (t *Tree) Policy(path string) (Policy, bool) { return t.find(path) }

func (t *Tree) find(path string) (node, bool) {
	relative := path
	if strings.HasPrefix(path, "/") {
		rest, ok := strings.CutPrefix(path, "/"+t.path)
		if !ok || rest == "" {
			return rejecting{path}, false
		}
		// As Fabric does, whatever the separator is: a reference that peers can
		// resolve must resolve here.
		relative = rest[1:]
	}
	if p, ok := t.policies[relative]; ok {
		return p, true
	}
	return rejecting{path}, false
}

// Group returns the tree of a group below this one.
func (t *Tree) Group(names ...string) (*Tree, bool) {
	for _, name := range names {
		sub, ok := t.groups[name]
		if !ok {
			return nil, false
		}
		t = sub
	}
	return t, true
}
