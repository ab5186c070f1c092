// SPDX-License-Identifier: Apache-2.0

// Package seek is untrusted: it answers Fabric's Deliver calls, whose one
// meaning serves the orderer and the peers (fabric-surface.md, "Deliver,
// Broadcast"). Callers supply the chain and how a block is written.
package seek

import (
	"context"
	"time"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// DefaultWindow is how far a request's timestamp may be from the server's clock.
const DefaultWindow = 15 * time.Minute

// Channel is what a server must offer of one channel. ledger.Ledger and
// ledger.Chain have all methods but Readable.
type Channel interface {
	// Height is the number of blocks.
	Height() uint64
	// Block returns block n < Height.
	Block(n uint64) (*common.Block, error)
	// WaitHeight waits until the chain holds at least height blocks.
	WaitHeight(ctx context.Context, height uint64) error
	// Readable returns nil if the claim may read the channel now. It is asked
	// once per request and again after each change of configuration.
	Readable(claim policy.SignedData) error
}

// Server answers Deliver streams.
type Server struct {
	// Channel returns a channel by its name.
	Channel func(id string) (Channel, bool)
	// Now is the server's clock; nil: time.Now.
	Now func() time.Time
	// Window is how far a request's timestamp may be off; zero: DefaultWindow.
	Window time.Duration
}

// Stream is one Deliver call as the gRPC layer sees it.
type Stream interface {
	Context() context.Context
	// Recv returns io.EOF when the client is done.
	Recv() (*common.Envelope, error)
	// SendBlock sends one block of the named channel.
	SendBlock(channelID string, block *common.Block) error
	// SendStatus ends one request.
	SendStatus(common.Status) error
}

// Serve answers the requests of a stream, one after another, until the client
// closes it, its context ends or a status other than SUCCESS was sent.
func (s *Server) Serve(stream Stream) error { return nil }
