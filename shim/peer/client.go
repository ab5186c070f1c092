// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
)

// Register connects cc to the peer that launched it and serves transactions
// until ctx is done; then new ones are refused, running ones may end within
// Options.Grace, and Register returns nil. When the peer ends the stream the
// error is ErrPeerClosed: a launched chaincode ends with its peer.
func Register(ctx context.Context, c ClientConfig, cc shim.Chaincode) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("register chaincode: %w", err)
	}
	c.Options = c.withDefaults()
	conn, err := grpc.NewClient("passthrough:///"+c.PeerAddress, dialOptions(c)...)
	if err != nil {
		return fmt.Errorf("register chaincode at %s: %w", c.PeerAddress, err)
	}
	defer conn.Close()

	// The stream outlives ctx so that running transactions can end.
	streamCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stream, err := rpc.RegisterChaincode(streamCtx, conn)
	if err != nil {
		return fmt.Errorf("register chaincode at %s: %w", c.PeerAddress, err)
	}
	if err := newSession(stream, c.CCID, cc, c.Options).run(ctx); err != nil {
		return fmt.Errorf("chaincode at %s: %w", c.PeerAddress, err)
	}
	return stream.CloseSend()
}

func dialOptions(c ClientConfig) []grpc.DialOption {
	transport := insecure.NewCredentials()
	if c.TLS != nil {
		transport = credentials.NewTLS(c.TLS)
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithNoProxy(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.MaxMessage), grpc.MaxCallSendMsgSize(c.MaxMessage)),
	}
}
