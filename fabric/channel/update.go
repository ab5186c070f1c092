// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Propose judges a CONFIG_UPDATE envelope as an orderer does: versions, and a
// signature set that satisfies the mod policy of every changed element; and the
// result must be a configuration that may follow this one. It returns what a
// config transaction will carry. The envelope's own signature is the
// Channel/Writers filter's matter. Errors are *Error.
func (b *Bundle) Propose(update *common.Envelope) (*common.ConfigEnvelope, error) {
	group, err := b.authorize(update)
	if err != nil {
		return nil, err
	}
	config := &common.Config{Sequence: b.config.Sequence + 1, ChannelGroup: group}
	if _, err := b.follow(config); err != nil {
		return nil, err
	}
	return &common.ConfigEnvelope{Config: config, LastUpdate: update}, nil
}

// Apply judges a config transaction as a validator does: the next sequence,
// and its last update, judged anew, gives exactly its configuration. It returns
// the new bundle. Errors are *Error.
func (b *Bundle) Apply(e *common.ConfigEnvelope) (*Bundle, error) {
	config := e.GetConfig()
	if config == nil {
		return nil, fail(CodeBadUpdate, "", nil, "config envelope has nil config")
	}
	if config.Sequence != b.config.Sequence+1 {
		return nil, fail(CodeWrongSequence, "", nil, "config currently at sequence %d, cannot validate config at sequence %d", b.config.Sequence, config.Sequence)
	}
	group, err := b.authorize(e.LastUpdate)
	if err != nil {
		return nil, err
	}
	if !proto.Equal(group, config.ChannelGroup) {
		return nil, fail(CodeUpdateMismatch, "", nil, "the last update does not give the supplied config")
	}
	return b.follow(config)
}

// follow compiles the next configuration and checks that it may follow.
func (b *Bundle) follow(config *common.Config) (*Bundle, error) {
	next, err := NewBundle(b.channelID, config)
	if err != nil {
		return nil, err
	}
	for _, g := range []string{ordererGroup, applicationGroup} {
		_, had := b.config.ChannelGroup.Groups[g]
		if _, has := config.ChannelGroup.Groups[g]; had && !has {
			return nil, fail(CodeBadTransition, "/Channel/"+g, nil, "current config has this section, but new config does not")
		}
	}
	for _, orgs := range [][2][]Org{{b.orderers, next.orderers}, {b.application, next.application}} {
		for _, was := range orgs[0] {
			for _, is := range orgs[1] {
				if was.Name == is.Name && was.MSPID != is.MSPID {
					return nil, fail(CodeBadTransition, was.Name, nil, "attempted to change MSP ID from %s to %s", was.MSPID, is.MSPID)
				}
			}
		}
	}
	return next, nil
}

// authorize judges an update and returns the channel group that it leads to.
func (b *Bundle) authorize(env *common.Envelope) (*common.ConfigGroup, error) {
	ue, err := openUpdate(env)
	if err != nil {
		return nil, err
	}
	update := &common.ConfigUpdate{}
	if err := proto.Unmarshal(ue.ConfigUpdate, update); err != nil {
		return nil, fail(CodeBadUpdate, "", err, "config update does not decode")
	}
	if update.ChannelId != b.channelID {
		return nil, fail(CodeBadUpdate, "", nil, "config update is for channel %q, this is %q", update.ChannelId, b.channelID)
	}
	read, err := elementsOf(update.ReadSet)
	if err != nil {
		return nil, err
	}
	if err := b.checkReads(read); err != nil {
		return nil, err
	}
	write, err := elementsOf(update.WriteSet)
	if err != nil {
		return nil, err
	}
	claims, err := updateClaims(ue)
	if err != nil {
		return nil, err
	}
	delta := deltaOf(read, write)
	if err := b.checkDelta(delta, claims); err != nil {
		return nil, err
	}
	result := make(elements, len(b.elements)+len(delta))
	for k, e := range b.elements {
		result[k] = e
	}
	for k, e := range delta {
		result[k] = e
	}
	for k := range write {
		if _, ok := result[k]; !ok {
			return nil, fail(CodeBadUpdate, k.path, nil, "write set names a %s that the proposed config lacks", k.kind)
		}
	}
	return result.assemble()
}

func openUpdate(env *common.Envelope) (*common.ConfigUpdateEnvelope, error) {
	if env == nil {
		return nil, fail(CodeBadUpdate, "", nil, "envelope is missing")
	}
	opened, err := envelope.OpenAny(env)
	if err != nil {
		return nil, fail(CodeBadUpdate, "", err, "envelope does not open")
	}
	if t := common.HeaderType(opened.Channel.Type); t != common.HeaderType_CONFIG_UPDATE {
		return nil, fail(CodeBadUpdate, "", nil, "envelope is of type %s, not CONFIG_UPDATE", t)
	}
	ue := &common.ConfigUpdateEnvelope{}
	if err := proto.Unmarshal(opened.Payload.Data, ue); err != nil {
		return nil, fail(CodeBadUpdate, "", err, "config update envelope does not decode")
	}
	return ue, nil
}

// updateClaims says who claims to have signed an update.
func updateClaims(ue *common.ConfigUpdateEnvelope) ([]policy.SignedData, error) {
	var claims []policy.SignedData
	for _, s := range ue.Signatures {
		header := &common.SignatureHeader{}
		if err := proto.Unmarshal(s.GetSignatureHeader(), header); err != nil {
			return nil, fail(CodeBadUpdate, "", err, "a signature header does not decode")
		}
		claims = append(claims, policy.SignedData{
			Data:     signedBytes(s.SignatureHeader, ue.ConfigUpdate),
			Identity: header.Creator, Signature: s.Signature,
		})
	}
	return claims, nil
}

func signedBytes(header, update []byte) []byte {
	data := make([]byte, 0, len(header)+len(update))
	return append(append(data, header...), update...)
}

// checkReads compares what the update saw with what there is.
func (b *Bundle) checkReads(read elements) error {
	for k, e := range read {
		have, ok := b.elements[k]
		if !ok {
			return fail(CodeWrongVersion, k.path, nil, "existing config does not contain this %s but it was in the read set", k.kind)
		}
		if have.version() != e.version() {
			return fail(CodeWrongVersion, k.path, nil, "update requires this %s to be at version %d, but it is at version %d", k.kind, e.version(), have.version())
		}
	}
	return nil
}

// deltaOf is what the write set says beyond the read set.
func deltaOf(read, write elements) elements {
	delta := make(elements)
	for k, e := range write {
		if seen, ok := read[k]; !ok || seen.version() != e.version() {
			delta[k] = e
		}
	}
	return delta
}

// checkDelta: a new element has version 0, a changed one the next version and
// the consent of those that the mod policy in force names.
func (b *Bundle) checkDelta(delta elements, claims []policy.SignedData) error {
	if len(delta) == 0 {
		return fail(CodeNoEffect, "", nil, "delta set was empty, the update would have no effect")
	}
	signers := policy.Identities(claims, b.identities)
	for k, e := range delta {
		if err := checkModPolicy(e.modPolicy()); err != nil {
			return fail(CodeBadUpdate, k.path, err, "invalid mod_policy")
		}
		have, ok := b.elements[k]
		if !ok {
			if e.version() != 0 {
				return fail(CodeWrongVersion, k.path, nil, "attempted to set %s to version %d, but it does not exist", k.kind, e.version())
			}
			continue
		}
		if e.version() != have.version()+1 {
			return fail(CodeWrongVersion, k.path, nil, "attempt to set %s to version %d, but it is at version %d", k.kind, e.version(), have.version())
		}
		p, ok := b.modPolicy(have)
		if !ok {
			return fail(CodeNotAuthorized, k.path, nil, "its mod policy %q does not exist", have.modPolicy())
		}
		if err := p.EvaluateIdentities(signers); err != nil {
			return fail(CodeNotAuthorized, k.path, err, "policy for %s not satisfied", k.kind)
		}
	}
	return nil
}

// modPolicy returns the policy that must consent to a change of e.
func (b *Bundle) modPolicy(e element) (policy.Policy, bool) {
	name := e.modPolicy()
	if name != "" && name[0] == '/' {
		return b.policies.Policy(name)
	}
	group, ok := b.policies.Group(e.above...)
	if !ok {
		return nil, false
	}
	return group.Policy(name)
}
