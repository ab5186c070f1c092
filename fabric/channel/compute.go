// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

func checkModPolicy(name string) error {
	if name == "" {
		return fail(CodeBadUpdate, "", nil, "mod_policy not set")
	}
	for _, part := range strings.Split(strings.TrimPrefix(name, pathSeparator), pathSeparator) {
		if err := checkName(part); err != nil {
			return err
		}
	}
	return nil
}

// ComputeUpdate returns the smallest update that turns the configuration from
// into to: the read set names what must not have changed meanwhile, the write
// set what changes, with the next versions. Versions in to are ignored. Equal
// configurations are an error of code no_effect.
func ComputeUpdate(channelID string, from, to *common.Config) (*common.ConfigUpdate, error) {
	if from.GetChannelGroup() == nil || to.GetChannelGroup() == nil {
		return nil, fail(CodeBadConfig, "", nil, "config must contain a channel group")
	}
	read, write, changed := compareGroups(from.ChannelGroup, to.ChannelGroup)
	if !changed {
		return nil, fail(CodeNoEffect, "", nil, "no differences detected between original and updated config")
	}
	return &common.ConfigUpdate{ChannelId: channelID, ReadSet: read, WriteSet: write}, nil
}

// delta is how the members of one sort of a group differ.
type delta[T any] struct {
	same, write map[string]T
	members     bool // a member was added or removed
}

// compareMembers compares by equal; at stamps a copy of a member with a version,
// bare is what stands for an unchanged member.
func compareMembers[T any](from, to map[string]T, equal func(a, b T) bool, at func(v T, from *T) T, bare func(T) T) delta[T] {
	d := delta[T]{same: map[string]T{}, write: map[string]T{}}
	for name, was := range from {
		is, ok := to[name]
		switch {
		case !ok:
			d.members = true
		case equal(was, is):
			d.same[name] = bare(was)
		default:
			d.write[name] = at(is, &was)
		}
	}
	for name, is := range to {
		if _, ok := from[name]; !ok {
			d.members = true
			d.write[name] = at(is, nil)
		}
	}
	return d
}

func compareValues(from, to map[string]*common.ConfigValue) delta[*common.ConfigValue] {
	return compareMembers(from, to,
		func(a, b *common.ConfigValue) bool {
			return a.GetModPolicy() == b.GetModPolicy() && string(a.GetValue()) == string(b.GetValue())
		},
		func(v *common.ConfigValue, from **common.ConfigValue) *common.ConfigValue {
			next := &common.ConfigValue{Value: v.GetValue(), ModPolicy: v.GetModPolicy()}
			if from != nil {
				next.Version = (*from).GetVersion() + 1
			}
			return next
		},
		func(v *common.ConfigValue) *common.ConfigValue { return &common.ConfigValue{Version: v.GetVersion()} })
}

func comparePolicies(from, to map[string]*common.ConfigPolicy) delta[*common.ConfigPolicy] {
	return compareMembers(from, to,
		func(a, b *common.ConfigPolicy) bool {
			return a.GetModPolicy() == b.GetModPolicy() && proto.Equal(a.GetPolicy(), b.GetPolicy())
		},
		func(p *common.ConfigPolicy, from **common.ConfigPolicy) *common.ConfigPolicy {
			next := &common.ConfigPolicy{Policy: p.GetPolicy(), ModPolicy: p.GetModPolicy()}
			if from != nil {
				next.Version = (*from).GetVersion() + 1
			}
			return next
		},
		func(p *common.ConfigPolicy) *common.ConfigPolicy {
			return &common.ConfigPolicy{Version: p.GetVersion()}
		})
}

// compareGroups returns a group's parts of the read and the write set. A group's
// own version rises when members come or go or its mod policy changes; then
// both sets name every member that stays.
func compareGroups(from, to *common.ConfigGroup) (read, write *common.ConfigGroup, changed bool) {
	values, policies := compareValues(from.GetValues(), to.GetValues()), comparePolicies(from.GetPolicies(), to.GetPolicies())
	read, write = newGroup(from.GetVersion()), newGroup(from.GetVersion())
	write.Values, write.Policies = values.write, policies.write
	same, members := map[string]*common.ConfigGroup{}, false
	for name, was := range from.GetGroups() {
		is, ok := to.GetGroups()[name]
		if !ok {
			members = true
			continue
		}
		r, w, differs := compareGroups(was, is)
		if !differs {
			same[name] = r
			continue
		}
		read.Groups[name], write.Groups[name] = r, w
	}
	for name, is := range to.GetGroups() {
		if _, ok := from.GetGroups()[name]; !ok {
			members = true
			write.Groups[name] = atVersionZero(is)
		}
	}
	if !members && !values.members && !policies.members && from.GetModPolicy() == to.GetModPolicy() {
		return read, write, len(write.Values)+len(write.Policies)+len(write.Groups) > 0
	}
	write.Version, write.ModPolicy = from.GetVersion()+1, to.GetModPolicy()
	for name, v := range values.same {
		read.Values[name], write.Values[name] = v, v
	}
	for name, p := range policies.same {
		read.Policies[name], write.Policies[name] = p, p
	}
	for name, g := range same {
		read.Groups[name], write.Groups[name] = g, g
	}
	return read, write, true
}

func newGroup(version uint64) *common.ConfigGroup {
	return &common.ConfigGroup{
		Version: version, Groups: map[string]*common.ConfigGroup{},
		Values: map[string]*common.ConfigValue{}, Policies: map[string]*common.ConfigPolicy{},
	}
}

// atVersionZero is a new group as a write set carries it.
func atVersionZero(g *common.ConfigGroup) *common.ConfigGroup {
	n := newGroup(0)
	n.ModPolicy = g.GetModPolicy()
	for name, sub := range g.GetGroups() {
		n.Groups[name] = atVersionZero(sub)
	}
	n.Values = compareValues(nil, g.GetValues()).write
	n.Policies = comparePolicies(nil, g.GetPolicies()).write
	return n
}

// SignUpdate signs a serialised ConfigUpdate; nonce is random.
func SignUpdate(update, nonce []byte, signer msp.Signer) (*common.ConfigSignature, error) {
	header, err := proto.Marshal(&common.SignatureHeader{Creator: signer.Creator(), Nonce: nonce})
	if err != nil {
		return nil, fail(CodeBadUpdate, "", err, "signature header does not encode")
	}
	signature, err := signer.Sign(signedBytes(header, update))
	if err != nil {
		return nil, fail(CodeBadUpdate, "", err, "signing failed")
	}
	return &common.ConfigSignature{SignatureHeader: header, Signature: signature}, nil
}

// UpdateEnvelope wraps a signed update as the CONFIG_UPDATE that goes to the
// orderer. The signer submits it (Channel/Writers); nonce is random, at is its
// time.
func UpdateEnvelope(channelID string, update []byte, signatures []*common.ConfigSignature, nonce []byte, at time.Time, signer msp.Signer) (*common.Envelope, error) {
	return envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_CONFIG_UPDATE, ChannelID: channelID, Nonce: nonce, Timestamp: at,
		Data: &common.ConfigUpdateEnvelope{ConfigUpdate: update, Signatures: signatures},
	}, signer)
}
