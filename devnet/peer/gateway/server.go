// SPDX-License-Identifier: Apache-2.0

// Package gateway is untrusted: it serves gateway.Gateway to the client SDKs.
// It plans who must endorse, collects endorsements, hands transactions to the
// orderer and tells what became of them, with Fabric's status codes and
// details. Nothing it says is signed: a client that must not be lied to
// verifies endorsements itself (docs/security.md, "What the client checks").
package gateway

import (
	"log/slog"
	"time"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// Timeouts of calls to one peer or orderer, as Fabric's defaults.
const (
	endorsementTimeout = 30 * time.Second
	broadcastTimeout   = 30 * time.Second
)

// Server serves gateway.Gateway. Its fields are set before the first use.
type Server struct {
	// MSPID, Address and Identity are the peer's that the gateway is part of.
	MSPID    string
	Address  string
	Identity []byte
	// Local is that peer's own endorser, called in place.
	Local rpc.EndorserServer
	// Channel returns a channel that the peer joined.
	Channel func(id string) (*ledger.Ledger, bool)
	// Runner tells what the peer itself can run.
	Runner Runner
	// Simulate opens a view of a joined channel.
	Simulate func(channelID, txID string) (*simulator.Simulator, error)
	// Access tells whether the signer of a request may use a resource.
	Access  func(resource, channelID string, claim policy.SignedData) error
	Network Network
	Log     *slog.Logger
}

// Runner tells what a peer can run; chaincode.Support is one.
type Runner interface {
	IsSystem(name string) bool
	Definition(inv *chaincode.Invocation, name string) (*chaincode.Definition, error)
}

var _ rpc.GatewayServer = (*Server)(nil)

// unsigned wraps a transaction's payload, which the client signs.
func unsigned(payload []byte) *common.Envelope { return &common.Envelope{Payload: payload} }
