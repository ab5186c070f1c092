// SPDX-License-Identifier: Apache-2.0

// Package peer is untrusted: it is the embedded network's peer. It endorses,
// runs chaincode, keeps packages and definitions, serves blocks and the
// gateway, under Fabric's method names and with Fabric's answers.
//
// The parts are its sub-packages; this one only joins them.
package peer

import (
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/acl"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/endorser"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/devnet/peer/gateway"
	"github.com/privatechaincode/fpc/devnet/peer/lifecycle"
	"github.com/privatechaincode/fpc/devnet/peer/scc"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/trace"
)

// Config says who a peer is and what it stands on.
type Config struct {
	// MSPID is the peer's organisation.
	MSPID string
	// Address is the peer's host:port, as error details name it.
	Address string
	// Signer endorses in the peer's name.
	Signer msp.Signer
	// LocalMSP is the organisation's MSP: it decides who administers the peer.
	LocalMSP *msp.MSP
	// Ledgers holds the channels; the caller closes it after the peer.
	Ledgers *ledger.Peer
	// Dir keeps the installed packages; it is made if absent.
	Dir string
	// Builders check packages when they are installed, and launch those that are
	// no service.
	Builders []external.Builder
	// BuildDir keeps what Builders made; it is made if absent. Empty: no
	// builders.
	BuildDir string
	// Environment looks up what Builders' programs get of the peer's
	// environment; nil means os.LookupEnv.
	Environment func(name string) (string, bool)
	// TLSRoot verifies the peer's own TLS certificate, in PEM, for launched
	// chaincodes; nil means no TLS.
	TLSRoot []byte
	// Network reaches the other peers and the orderers.
	Network gateway.Network
	// Joined is called when cscc JoinChain made a channel's ledger, so that the
	// caller can begin to fetch its blocks. May be nil.
	Joined func(*ledger.Ledger)

	// Now is the peer's wall clock; nil means time.Now.
	Now func() time.Time
	// ExecuteTimeout bounds one chaincode execution; 0 means 30 seconds.
	ExecuteTimeout time.Duration
	// StartTimeout bounds a chaincode's start and registration; 0 means 30 seconds.
	StartTimeout time.Duration
	// Params is what READY offers to chaincodes; nil means write batches and
	// multiple gets of 1000, as peers of Fabric 3 offer; an empty message means
	// neither, as in 2.5.
	Params *pb.ChaincodeAdditionalParams
	// Answered is told of every answer to a proposal; may be nil.
	Answered func(*pb.ProposalResponse, error)
	// Trace records steps; nil means none.
	Trace trace.Recorder
	// Log may be nil.
	Log *slog.Logger
}

// Peer is one organisation's peer.
type Peer struct {
	cfg      Config
	support  *chaincode.Support
	endorser *endorser.Endorser
	gateway  *gateway.Server
	deliver  *deliver.Server
	access   *acl.Checker
}

// New opens a peer over its ledgers and its directory of packages.
func New(cfg Config) (*Peer, error) {
	cfg = cfg.withDefaults()
	packages, err := lifecycle.OpenPackages(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("peer %s: %w", cfg.Address, err)
	}
	builders, err := cfg.builders()
	if err != nil {
		return nil, fmt.Errorf("peer %s: %w", cfg.Address, err)
	}
	p := &Peer{cfg: cfg}
	p.access = &acl.Checker{Local: cfg.LocalMSP, Bundle: p.bundle}
	definitions := lifecycle.New(lifecycle.Config{
		MSPID: cfg.MSPID, Packages: packages, External: builders,
		Access: func(resource string, inv *chaincode.Invocation) error { return p.mayUse(resource, inv, inv.ChannelID) },
		Bundle: p.bundle, Channels: cfg.Ledgers.Channels, Simulate: p.simulate,
	})
	p.support = chaincode.New(chaincode.Config{
		Definitions: definitions,
		Packages:    packages,
		System: []chaincode.System{
			definitions,
			&scc.Query{Ledgers: cfg.Ledgers, Access: p.access.Check},
			&scc.Config{Ledgers: cfg.Ledgers, Access: p.access.Check, Joined: cfg.Joined},
		},
		MayCall: func(inv *chaincode.Invocation, channelID string) error {
			return p.mayUse(acl.ChaincodeToChaincode, inv, channelID)
		},
		Simulate: p.simulate, History: history{cfg.Ledgers}, External: builders,
		ExecuteTimeout: cfg.ExecuteTimeout, StartTimeout: cfg.StartTimeout, Params: cfg.Params, Log: cfg.Log,
	})
	p.endorser = &endorser.Endorser{
		Channel: cfg.Ledgers.Channel, Local: cfg.LocalMSP, MayPropose: p.access.MayPropose, Runner: p.support,
		Signer: cfg.Signer, Now: cfg.Now, Answered: cfg.Answered, Trace: cfg.Trace, Log: cfg.Log,
	}
	p.gateway = &gateway.Server{
		MSPID: cfg.MSPID, Address: cfg.Address, Identity: cfg.Signer.Creator(), Local: p.endorser,
		Channel: cfg.Ledgers.Channel, Runner: p.support, Simulate: p.simulate, Access: p.access.Check,
		Network: cfg.Network, Log: cfg.Log,
	}
	p.deliver = &deliver.Server{Chain: p.chain, Now: cfg.Now}
	return p, nil
}

// builders are the external builders, nil if there is no place for their output.
func (c Config) builders() (*external.Builders, error) {
	if c.BuildDir == "" {
		return nil, nil
	}
	return external.New(external.Config{
		Builders: c.Builders, Dir: c.BuildDir, MSPID: c.MSPID, PeerAddress: c.Address, RootCert: c.TLSRoot,
		Environment: c.Environment, Now: c.Now, Log: c.Log,
	})
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Params == nil {
		c.Params = &pb.ChaincodeAdditionalParams{
			UseWriteBatch: true, MaxSizeWriteBatch: batchSize,
			UseGetMultipleKeys: true, MaxSizeGetMultipleKeys: batchSize,
		}
	}
	if c.Trace == nil {
		c.Trace = trace.Nop
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// batchSize is how much Fabric's peers let a chaincode write or read at once.
const batchSize = 1000

// Register puts the peer's services on a gRPC server: Endorser, Gateway,
// Deliver and ChaincodeSupport.
func (p *Peer) Register(s grpc.ServiceRegistrar) {
	rpc.RegisterEndorserServer(s, p.endorser)
	rpc.RegisterGatewayServer(s, p.gateway)
	rpc.RegisterDeliverServer(s, p.deliver)
	rpc.RegisterChaincodeSupportServer(s, p.support)
}

// Close ends the connections to chaincodes, and those that it launched. It does
// not close the ledgers.
func (p *Peer) Close() error { return p.support.Close() }

func (p *Peer) bundle(channelID string) (*channel.Bundle, bool) {
	l, ok := p.cfg.Ledgers.Channel(channelID)
	if !ok {
		return nil, false
	}
	return l.Bundle(), true
}

func (p *Peer) simulate(channelID, txID string) (*simulator.Simulator, error) {
	l, ok := p.cfg.Ledgers.Channel(channelID)
	if !ok {
		return nil, fmt.Errorf("channel '%s' not found", channelID)
	}
	snap, err := l.Snapshot()
	if err != nil {
		return nil, err
	}
	return simulator.New(txID, snap), nil
}

// mayUse tells whether an invocation's proposer may use a resource. What was
// verified when the proposal came is not verified again at each call of a
// chaincode, but on its own channel only: others have other members.
func (p *Peer) mayUse(resource string, inv *chaincode.Invocation, channelID string) error {
	claim := inv.Proposal.SignedData()
	if inv.Proposer == nil || channelID != inv.ChannelID {
		return p.access.Check(resource, channelID, claim)
	}
	return p.access.CheckVerified(resource, channelID, claim, inv.Proposer)
}

// readable is a channel as its readers see it.
type readable struct {
	*ledger.Ledger
	access *acl.Checker
}

func (r readable) Authorize(resource string, claim policy.SignedData) error {
	return r.access.Check(resource, r.ChannelID(), claim)
}

func (p *Peer) chain(channelID string) (deliver.Chain, bool) {
	l, ok := p.cfg.Ledgers.Channel(channelID)
	if !ok {
		return nil, false
	}
	return readable{l, p.access}, true
}
