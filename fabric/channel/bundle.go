// SPDX-License-Identifier: Apache-2.0

// Package channel is trusted: it reads a channel's configuration, which decides
// who may do what on it, makes the first one, and judges and applies updates.
package channel

import (
	"errors"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var errNotBuilt = errors.New("channel: not built")

// Bundle is one channel configuration, checked and compiled. It is immutable
// and safe for concurrent use; a config transaction makes a new one ([Bundle.Apply]).
type Bundle struct{}

// NewBundle checks a configuration as Fabric does and compiles it. The bundle
// keeps config and does not change it.
func NewBundle(channelID string, config *common.Config) (*Bundle, error) { return nil, errNotBuilt }

// FromBlock reads the configuration of a config block, the genesis block
// included. It does not judge whether the channel agreed to it.
func FromBlock(block *common.Block) (*Bundle, error) { return nil, errNotBuilt }

// ChannelID returns the channel's name.
func (b *Bundle) ChannelID() string { return "" }

// Sequence returns the configuration's sequence: 0 at genesis, one more with
// every config transaction.
func (b *Bundle) Sequence() uint64 { return 0 }

// Config returns the configuration itself. Callers must not change it.
func (b *Bundle) Config() *common.Config { return nil }

// MSPs returns the MSPs of all the channel's organisations.
func (b *Bundle) MSPs() *msp.Manager { return nil }

// Identities resolves identities of MSPs, with a cache for this configuration.
func (b *Bundle) Identities() msp.Resolver { return nil }

// Policy returns the policy at an absolute path such as
// "/Channel/Application/Writers". Where there is none it returns a policy that
// rejects everything, and false.
func (b *Bundle) Policy(path string) (policy.Policy, bool) { return nil, false }

// Org is an organisation of the channel. Name is its group's name in the
// configuration, which appears in policy paths; MSPID appears in identities.
type Org struct {
	Name, MSPID string
	MSP         *msp.MSP
	// MSPConfig is the serialised MSPConfig, as the configuration carries it.
	MSPConfig   []byte
	AnchorPeers []*peer.AnchorPeer // application organisations
	Endpoints   []string           // orderer organisations
}

// ApplicationOrgs returns the organisations with peers, sorted by name.
func (b *Bundle) ApplicationOrgs() []Org { return nil }

// OrdererOrgs returns the organisations with orderers, sorted by name.
func (b *Bundle) OrdererOrgs() []Org { return nil }

// ApplicationOrg returns the application organisation with this MSP id.
func (b *Bundle) ApplicationOrg(mspID string) (Org, bool) { return Org{}, false }

// OrdererEndpoints returns the addresses of the ordering service, host:port.
func (b *Bundle) OrdererEndpoints() []string { return nil }

// Batch says when an orderer cuts a block.
type Batch struct {
	MaxMessages       uint32
	AbsoluteMaxBytes  uint32 // a single larger message is refused
	PreferredMaxBytes uint32
	Timeout           time.Duration
}

// Batch returns the batch size and timeout.
func (b *Bundle) Batch() Batch { return Batch{} }

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
func (b *Bundle) Consensus() Consensus { return Consensus{} }

// Capabilities are the capability names of the channel's three groups, sorted.
type Capabilities struct {
	Channel, Orderer, Application []string
}

// Capabilities returns what the configuration requires; NewBundle accepted
// only known ones.
func (b *Bundle) Capabilities() Capabilities { return Capabilities{} }

// ACL returns the policy path that the configuration sets for a resource such
// as "peer/Propose"; without one, Fabric's default applies (DefaultACL).
func (b *Bundle) ACL(resource string) (path string, ok bool) { return "", false }

// VerifyBlock checks the orderers' signatures of a block of this channel that
// is judged under this configuration: the BlockValidation policy, or for a BFT
// channel a quorum of its consenters.
func (b *Bundle) VerifyBlock(block *common.Block) error { return errNotBuilt }
