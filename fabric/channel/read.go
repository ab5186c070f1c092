// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// values maps a group's value names to the messages they hold. Any other name
// is refused, as peers do.
type values map[string]proto.Message

func (v values) read(path string, group *common.ConfigGroup) error {
	for _, key := range slices.Sorted(maps.Keys(group.GetValues())) {
		m, ok := v[key]
		if !ok {
			return fail(CodeBadConfig, path+"/"+key, nil, "unexpected key %s", key)
		}
		if m == nil { // allowed, and of no meaning here
			continue
		}
		if err := proto.Unmarshal(group.Values[key].GetValue(), m); err != nil {
			return fail(CodeBadConfig, path+"/"+key, err, "value does not decode")
		}
	}
	return nil
}

// reader collects what the groups of a configuration say.
type reader struct {
	b    *Bundle
	msps map[string]*msp.MSP // by id
	raw  map[string][]byte   // the MSPs' configurations, by id
}

func (r *reader) channel(group *common.ConfigGroup) error {
	var hashing common.HashingAlgorithm
	var structure common.BlockDataHashingStructure
	var addresses common.OrdererAddresses
	var capabilities common.Capabilities
	if err := (values{
		keyHashing: &hashing, keyHashingStructure: &structure, keyOrdererAddresses: &addresses,
		keyCapabilities: &capabilities, keyConsortium: &common.Consortium{}, keyConsenters: &common.Orderers{},
	}).read("/Channel", group); err != nil {
		return err
	}
	if hashing.Name != "SHA256" && hashing.Name != "SHA3_256" {
		return fail(CodeBadConfig, "/Channel/"+keyHashing, nil, "unknown hashing algorithm type: %s", hashing.Name)
	}
	if structure.Width != math.MaxUint32 {
		return fail(CodeBadConfig, "/Channel/"+keyHashingStructure, nil, "width only supported at MaxUint32")
	}
	r.b.capabilities.Channel = capabilityNames(&capabilities)
	r.b.endpoints = addresses.Addresses
	if r.b.v3() && len(addresses.Addresses) > 0 {
		return fail(CodeBadConfig, "/Channel/"+keyOrdererAddresses, nil, "not allowed with the V3_0 capability, endpoints are the organisations'")
	}
	for _, name := range slices.Sorted(maps.Keys(group.GetGroups())) {
		var err error
		switch sub := group.Groups[name]; name {
		case ordererGroup:
			err = r.orderer(sub)
		case applicationGroup:
			err = r.application(sub)
		default:
			err = fail(CodeBadConfig, "/Channel/"+name, nil, "disallowed channel group")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) application(group *common.ConfigGroup) error {
	const path = "/Channel/Application"
	var acls peer.ACLs
	var capabilities common.Capabilities
	if err := (values{keyACLs: &acls, keyCapabilities: &capabilities}).read(path, group); err != nil {
		return err
	}
	r.b.capabilities.Application = capabilityNames(&capabilities)
	for resource, a := range acls.Acls {
		switch ref := a.GetPolicyRef(); {
		case ref == "": // falls back to the default
		case ref[0] == '/':
			r.b.acls[resource] = ref
		default:
			r.b.acls[resource] = path + "/" + ref
		}
	}
	for _, name := range slices.Sorted(maps.Keys(group.GetGroups())) {
		var anchors peer.AnchorPeers
		org, err := r.org(path, name, group.Groups[name], values{keyAnchorPeers: &anchors})
		if err != nil {
			return err
		}
		org.AnchorPeers = anchors.AnchorPeers
		r.b.application = append(r.b.application, *org)
	}
	return nil
}

func (r *reader) orderer(group *common.ConfigGroup) error {
	const path = "/Channel/Orderer"
	var kind orderer.ConsensusType
	var size orderer.BatchSize
	var timeout orderer.BatchTimeout
	var consenters common.Orderers
	var capabilities common.Capabilities
	if err := (values{
		keyConsensusType: &kind, keyBatchSize: &size, keyBatchTimeout: &timeout, keyConsenters: &consenters,
		keyCapabilities: &capabilities, keyRestrictions: &orderer.ChannelRestrictions{}, keyKafkaBrokers: nil,
	}).read(path, group); err != nil {
		return err
	}
	r.b.capabilities.Orderer = capabilityNames(&capabilities)
	batch, err := readBatch(&size, timeout.Timeout)
	if err != nil {
		return err
	}
	r.b.batch = batch
	r.b.consensus = readConsensus(&kind, &consenters)
	for _, name := range slices.Sorted(maps.Keys(group.GetGroups())) {
		var endpoints common.OrdererAddresses
		org, err := r.org(path, name, group.Groups[name], values{keyEndpoints: &endpoints})
		if err != nil {
			return err
		}
		org.Endpoints = endpoints.Addresses
		if r.b.v3() && len(org.Endpoints) == 0 {
			return fail(CodeBadConfig, path+"/"+name, nil, "an orderer organisation needs endpoints under the V3_0 capability")
		}
		r.b.endpoints = append(r.b.endpoints, org.Endpoints...)
		r.b.orderers = append(r.b.orderers, *org)
	}
	return nil
}

func readBatch(size *orderer.BatchSize, timeout string) (Batch, error) {
	const path = "/Channel/Orderer/"
	switch {
	case size.MaxMessageCount == 0:
		return Batch{}, fail(CodeBadConfig, path+keyBatchSize, nil, "max message count is 0")
	case size.AbsoluteMaxBytes == 0:
		return Batch{}, fail(CodeBadConfig, path+keyBatchSize, nil, "absolute max bytes is 0")
	case size.PreferredMaxBytes == 0:
		return Batch{}, fail(CodeBadConfig, path+keyBatchSize, nil, "preferred max bytes is 0")
	case size.PreferredMaxBytes > size.AbsoluteMaxBytes:
		return Batch{}, fail(CodeBadConfig, path+keyBatchSize, nil, "preferred max bytes %d is greater than absolute max bytes %d", size.PreferredMaxBytes, size.AbsoluteMaxBytes)
	}
	d, err := time.ParseDuration(timeout)
	if err != nil {
		return Batch{}, fail(CodeBadConfig, path+keyBatchTimeout, err, "not a duration")
	}
	if d <= 0 {
		return Batch{}, fail(CodeBadConfig, path+keyBatchTimeout, nil, "%s is not positive", d)
	}
	return Batch{
		MaxMessages: size.MaxMessageCount, AbsoluteMaxBytes: size.AbsoluteMaxBytes,
		PreferredMaxBytes: size.PreferredMaxBytes, Timeout: d,
	}, nil
}

// readConsensus does not judge the metadata: peers do not either, it is the
// orderers' own.
func readConsensus(kind *orderer.ConsensusType, consenters *common.Orderers) Consensus {
	c := Consensus{
		Type: kind.Type, Metadata: kind.Metadata,
		Maintenance: kind.State == orderer.ConsensusType_STATE_MAINTENANCE,
		Consenters:  consenters.ConsenterMapping,
	}
	if c.Type == typeRaft {
		raft := &orderer.RaftConfigMetadata{}
		if proto.Unmarshal(kind.Metadata, raft) == nil {
			c.Raft = raft
		}
	}
	return c
}

// org reads an organisation of the group at path; extra are the values that it
// may have beside its MSP.
func (r *reader) org(path, name string, group *common.ConfigGroup, extra values) (*Org, error) {
	path += "/" + name
	if len(group.GetGroups()) > 0 {
		return nil, fail(CodeBadConfig, path, nil, "an organisation has no sub-groups")
	}
	var config msppb.MSPConfig
	extra[keyMSP] = &config
	if err := extra.read(path, group); err != nil {
		return nil, err
	}
	raw := group.GetValues()[keyMSP].GetValue()
	m, err := msp.Parse(raw)
	if err != nil {
		return nil, fail(CodeBadConfig, path+"/"+keyMSP, err, "not a usable MSP")
	}
	if m.ID() == "" {
		return nil, fail(CodeBadConfig, path+"/"+keyMSP, nil, "empty MSP ID")
	}
	if have, ok := r.msps[m.ID()]; ok {
		if !sameMSP(r.raw[m.ID()], raw) {
			return nil, fail(CodeBadConfig, path+"/"+keyMSP, nil, "attempted to define two different versions of MSP: %s", m.ID())
		}
		m = have
	}
	r.msps[m.ID()], r.raw[m.ID()] = m, raw
	return &Org{Name: name, MSPID: m.ID(), MSP: m, MSPConfig: raw}, nil
}

func sameMSP(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var ma, mb msppb.MSPConfig
	return proto.Unmarshal(a, &ma) == nil && proto.Unmarshal(b, &mb) == nil && proto.Equal(&ma, &mb)
}
