// SPDX-License-Identifier: Apache-2.0

// Package channel is trusted: it reads a channel's configuration, which decides
// who may do what on it, makes the first one, and judges and applies updates.
package channel

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// cachedIdentities is how many identities a bundle remembers.
const cachedIdentities = 1024

const (
	typeRaft = "etcdraft"
	typeBFT  = "BFT"
)

// Bundle is one channel configuration, checked and compiled. It is immutable
// and safe for concurrent use; a config transaction makes a new one ([Bundle.Apply]).
type Bundle struct {
	channelID    string
	config       *common.Config
	elements     elements
	msps         *msp.Manager
	identities   *msp.Cache
	policies     *policy.Tree
	application  []Org
	orderers     []Org
	endpoints    []string
	batch        Batch
	consensus    Consensus
	capabilities Capabilities
	acls         map[string]string
}

// NewBundle checks a configuration as Fabric does and compiles it. The bundle
// keeps config and does not change it. Errors are *Error.
func NewBundle(channelID string, config *common.Config) (*Bundle, error) {
	if err := CheckChannelID(channelID); err != nil {
		return nil, err
	}
	group := config.GetChannelGroup()
	if group == nil {
		return nil, fail(CodeBadConfig, "", nil, "config must contain a channel group")
	}
	b := &Bundle{channelID: channelID, config: config, acls: make(map[string]string)}
	r := &reader{b: b, msps: make(map[string]*msp.MSP), raw: make(map[string][]byte)}
	if err := r.channel(group); err != nil {
		return nil, err
	}
	if err := b.capabilities.check(); err != nil {
		return nil, err
	}
	all := make([]*msp.MSP, 0, len(r.msps))
	for _, m := range r.msps {
		all = append(all, m)
	}
	var err error
	if b.msps, err = msp.NewManager(all...); err != nil {
		return nil, fail(CodeBadConfig, "", err, "MSPs do not go together")
	}
	b.identities = msp.NewCache(b.msps, cachedIdentities)
	if b.policies, err = policy.NewTree(rootGroup, group, b.identities); err != nil {
		return nil, fail(CodeBadConfig, "", err, "a policy does not compile")
	}
	if b.elements, err = elementsOf(group); err != nil {
		return nil, err
	}
	return b, nil
}

// FromBlock reads the configuration of a config block, the genesis block
// included. It does not judge whether the channel agreed to it. Errors are
// *Error.
func FromBlock(b *common.Block) (*Bundle, error) {
	if n := len(b.GetData().GetData()); n != 1 {
		return nil, fail(CodeNotConfig, "", nil, "a config block holds one transaction, this block %d", n)
	}
	env := &common.Envelope{}
	if err := proto.Unmarshal(b.Data.Data[0], env); err != nil {
		return nil, fail(CodeNotConfig, "", err, "envelope does not decode")
	}
	opened, err := envelope.OpenAny(env)
	if err != nil {
		return nil, fail(CodeNotConfig, "", err, "envelope does not open")
	}
	if t := common.HeaderType(opened.Channel.Type); t != common.HeaderType_CONFIG {
		return nil, fail(CodeNotConfig, "", nil, "its transaction is of type %s", t)
	}
	config := &common.ConfigEnvelope{}
	if err := proto.Unmarshal(opened.Payload.Data, config); err != nil {
		return nil, fail(CodeNotConfig, "", err, "config envelope does not decode")
	}
	return NewBundle(opened.Channel.ChannelId, config.Config)
}

// ChannelID returns the channel's name.
func (b *Bundle) ChannelID() string { return b.channelID }

// Sequence returns the configuration's sequence: 0 at genesis, one more with
// every config transaction.
func (b *Bundle) Sequence() uint64 { return b.config.Sequence }

// Config returns the configuration itself. Callers must not change it.
func (b *Bundle) Config() *common.Config { return b.config }

// MSPs returns the MSPs of all the channel's organisations.
func (b *Bundle) MSPs() *msp.Manager { return b.msps }

// Identities resolves identities of the channel's MSPs, with a cache that lives
// as long as this configuration.
func (b *Bundle) Identities() *msp.Cache { return b.identities }

// Policy returns the policy at an absolute path such as
// "/Channel/Application/Writers". Where there is none it returns a policy that
// rejects everything, and false.
func (b *Bundle) Policy(path string) (policy.Policy, bool) { return b.policies.Policy(path) }

// Org is an organisation of the channel. Name is its group's name in the
// configuration, which appears in policy paths; MSPID appears in identities.
type Org struct {
	Name, MSPID string
	MSP         *msp.MSP
	// MSPConfig is the serialised MSPConfig, as the configuration carries it.
	MSPConfig   []byte
	AnchorPeers []*peer.AnchorPeer // application organisations
	Endpoints   []string           // orderer organisations, host:port
}

// ApplicationOrgs returns the organisations with peers, sorted by name.
func (b *Bundle) ApplicationOrgs() []Org { return slices.Clone(b.application) }

// OrdererOrgs returns the organisations with orderers, sorted by name.
func (b *Bundle) OrdererOrgs() []Org { return slices.Clone(b.orderers) }

// ApplicationOrg returns the application organisation with this MSP id.
func (b *Bundle) ApplicationOrg(mspID string) (Org, bool) {
	for _, o := range b.application {
		if o.MSPID == mspID {
			return o, true
		}
	}
	return Org{}, false
}

// OrdererEndpoints returns the addresses of the ordering service, host:port.
func (b *Bundle) OrdererEndpoints() []string { return slices.Clone(b.endpoints) }

// Batch says when an orderer cuts a block.
type Batch struct {
	MaxMessages       uint32
	AbsoluteMaxBytes  uint32 // a single larger message is refused
	PreferredMaxBytes uint32
	Timeout           time.Duration
}

// Batch returns the batch size and timeout.
func (b *Bundle) Batch() Batch { return b.batch }

// Consensus says how blocks are agreed on. Raft is set for type "etcdraft",
// Consenters for "BFT".
type Consensus struct {
	Type        string
	Maintenance bool
	Metadata    []byte
	Raft        *orderer.RaftConfigMetadata
	Consenters  []*common.Consenter
}

// Consensus returns the channel's consensus type and its consenters.
func (b *Bundle) Consensus() Consensus { return b.consensus }

// Capabilities returns what the configuration requires; NewBundle accepted
// only known ones.
func (b *Bundle) Capabilities() Capabilities { return b.capabilities }

func (b *Bundle) v3() bool { return slices.Contains(b.capabilities.Channel, channelV3) }

// VerifyBlock checks the orderers' signatures of a block of this channel that
// is judged under this configuration: the BlockValidation policy, or for a BFT
// channel a quorum of its consenters.
func (b *Bundle) VerifyBlock(blk *common.Block) error {
	p, _ := b.Policy(policy.BlockValidation)
	if b.consensus.Type == typeBFT {
		return block.VerifyBFT(blk, b.consensus.Consenters, p, b.identities)
	}
	return block.Verify(blk, p)
}
