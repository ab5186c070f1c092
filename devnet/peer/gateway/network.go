// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"google.golang.org/grpc"
)

// Endorser is another peer that the gateway may ask to endorse.
type Endorser struct {
	// Address is host:port, as error details name it.
	Address string
	// MSPID is the peer's organisation.
	MSPID string
	// Identity is the peer's serialized identity: plans are made by what it
	// would satisfy.
	Identity []byte
	// Conn reaches its protos.Endorser service.
	Conn grpc.ClientConnInterface
}

// Orderer is an ordering service node.
type Orderer struct {
	Address string
	MSPID   string
	// Conn reaches its orderer.AtomicBroadcast service.
	Conn grpc.ClientConnInterface
}

// Network knows the other nodes of a channel. It is asked at each call, so what
// it answers may change.
type Network interface {
	// Endorsers returns the channel's other peers, the ones of this peer's own
	// organisation first.
	Endorsers(channelID string) []Endorser
	// Orderers returns the channel's orderers.
	Orderers(channelID string) []Orderer
}
