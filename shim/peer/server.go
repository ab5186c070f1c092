// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
)

// Serve offers cc as a service until ctx is done, to any number of peers. When
// ctx is done, new transactions are refused, running ones may end within
// Options.Grace, and Serve returns nil.
func Serve(ctx context.Context, c ServerConfig, cc shim.Chaincode) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("serve chaincode: %w", err)
	}
	c.Options = c.withDefaults()
	listener := c.Listener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", c.Address); err != nil {
			return fmt.Errorf("serve chaincode: %w", err)
		}
	}
	server := grpc.NewServer(serverOptions(c)...)
	rpc.RegisterChaincodeServer(server, service{ctx: ctx, ccid: c.CCID, cc: cc, options: c.Options})

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	c.Log.Info("chaincode is served", "address", listener.Addr().String(), "chaincode", c.CCID, "tls", c.TLS != nil)
	select {
	case err := <-served:
		return fmt.Errorf("serve chaincode: %w", err)
	case <-ctx.Done():
		stop(server, c.Grace)
		<-served
		c.Log.Info("chaincode is stopped", "chaincode", c.CCID)
		return nil
	}
}

// stop lets the sessions end, which drain by themselves since the context is
// done, and cuts off what outlasts twice the grace.
func stop(server *grpc.Server, grace time.Duration) {
	cut := time.AfterFunc(2*grace, server.Stop)
	defer cut.Stop()
	server.GracefulStop()
}

func serverOptions(c ServerConfig) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(c.MaxMessage),
		grpc.MaxSendMsgSize(c.MaxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		// Peers ping every minute; a stricter rule would end streams at a jitter.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 6, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(dialTimeout),
	}
	if c.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(c.TLS)))
	}
	return options
}

// service answers the peers that dial.
type service struct {
	ctx     context.Context
	ccid    string
	cc      shim.Chaincode
	options Options
}

// Connect speaks the chaincode protocol with one peer.
func (s service) Connect(stream rpc.ChaincodeStream) error {
	s.options.Log.Info("a peer connected")
	err := newSession(stream, s.ccid, s.cc, s.options).run(s.ctx)
	if err != nil {
		s.options.Log.Warn("a peer's stream ended", "error", err)
	}
	return err
}
