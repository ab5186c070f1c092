// SPDX-License-Identifier: Apache-2.0

// Package peer is untrusted: it is the embedded network's peer. It endorses,
// runs chaincode, keeps packages and definitions, serves blocks and the
// gateway, under Fabric's method names and with Fabric's answers.
//
// The parts are its sub-packages; this one only joins them.
package peer

import (
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/gateway"
	"github.com/privatechaincode/fpc/fabric/msp"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
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
	// Trace records steps; nil means none.
	Trace trace.Recorder
	// Log may be nil.
	Log *slog.Logger
}

// Peer is one organisation's peer.
type Peer struct{}

// New opens a peer over its ledgers and its directory of packages.
func New(cfg Config) (*Peer, error) {
	return nil, errors.New("peer: not built")
}

// Register puts the peer's services on a gRPC server: Endorser, Gateway,
// Deliver and ChaincodeSupport.
func (p *Peer) Register(s grpc.ServiceRegistrar) {}

// Close ends the connections to chaincodes. It does not close the ledgers.
func (p *Peer) Close() error { return nil }
