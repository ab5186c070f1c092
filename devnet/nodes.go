// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/devnet/orderer"
	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/trace"
)

// maxMessage is the largest gRPC message, as on Fabric's nodes.
const maxMessage = 100 << 20

// start brings up the orderer, then the peers.
func (n *Network) start(ctx context.Context, cfg Config) error {
	listeners, err := n.prepare(cfg)
	if err != nil {
		return err
	}
	if err := n.startOrderer(cfg, listeners[0]); err != nil {
		return fmt.Errorf("devnet: orderer: %w", err)
	}
	for i, o := range n.orgs {
		if err := n.startPeer(cfg, o, listeners[i+1]); err != nil {
			return fmt.Errorf("devnet: peer of %s: %w", o.MSPID, err)
		}
	}
	return ctx.Err()
}

func (n *Network) startOrderer(cfg Config, l net.Listener) error {
	signer, err := n.orderer.Node(ordererNode)
	if err != nil {
		return err
	}
	store, err := n.openStore(cfg, ordererNode+"."+n.orderer.Domain)
	if err != nil {
		return err
	}
	o := orderer.New(orderer.Config{
		Store:  store,
		Signer: signer,
		Trace:  trace.Named("orderer@"+n.orderer.MSPID, cfg.Trace),
		Log:    cfg.Log.With("node", "orderer"),
	})
	n.onStop(o.Close)
	n.checks = append(n.checks, o.Health)
	if err := o.Join(n.genesis); err != nil {
		return err
	}
	return n.serve(l, n.orderer.NodeDir(ordererNode), o.Register)
}

func (n *Network) startPeer(cfg Config, org *ca.Org, l net.Listener) error {
	signer, err := org.Node(peerNode)
	if err != nil {
		return err
	}
	rules, err := msp.New(org.MSPConfig())
	if err != nil {
		return err
	}
	name := peerNode + "." + org.Domain
	store, err := n.openStore(cfg, name)
	if err != nil {
		return err
	}
	ledgers, err := ledger.Open(store, org.MSPID)
	if err != nil {
		return err
	}
	if err := joinOnce(ledgers, n); err != nil {
		return err
	}
	n.ledgers[org.MSPID] = ledgers
	links, err := n.links(org)
	if err != nil {
		return err
	}
	tlsRoot, err := os.ReadFile(org.TLSRoot())
	if err != nil {
		return err
	}
	recorder := trace.Named("peer@"+org.MSPID, cfg.Trace)
	log := cfg.Log.With("node", name)
	fetch := newFetcher(name, links.orderer.Conn, signer, recorder, cfg.Meter, log)
	n.checks = append(n.checks, fetch.troubles.check)
	p, err := peer.New(peer.Config{
		MSPID: org.MSPID, Address: l.Addr().String(), Signer: signer, LocalMSP: rules, TLSRoot: tlsRoot,
		Ledgers: ledgers, Network: links, Joined: fetch.follow,
		Dir:      filepath.Join(cfg.Dir, dataDir, name, "packages"),
		BuildDir: filepath.Join(cfg.Dir, dataDir, name, "builds"),
		Builders: cfg.Builders, Environment: cfg.environment(org.MSPID),
		Answered: proposals(cfg.Meter, name), Trace: recorder, Log: log,
	})
	if err != nil {
		return err
	}
	n.onStop(p.Close)
	n.onStop(fetch.stop)
	for _, id := range ledgers.Channels() {
		if l, ok := ledgers.Channel(id); ok {
			fetch.follow(l)
		}
	}
	return n.serve(l, org.NodeDir(peerNode), p.Register)
}

// environment looks variables of a peer's environment up.
func (c Config) environment(mspID string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, of := range []string{mspID, ""} {
			if value, set := c.Environment[of][name]; set {
				return value, true
			}
		}
		return os.LookupEnv(name)
	}
}

// joinOnce brings the peer into the network's channel if it is not in it yet.
func joinOnce(ledgers *ledger.Peer, n *Network) error {
	if _, ok := ledgers.Channel(n.desc.Channel); ok {
		return nil
	}
	_, err := ledgers.Join(n.genesis)
	return err
}

// openStore opens a node's database; Stop closes it after the node.
func (n *Network) openStore(cfg Config, node string) (kv.Store, error) {
	store, err := kv.Open(filepath.Join(cfg.Dir, dataDir, node, "ledger"))
	if err != nil {
		return nil, err
	}
	n.onStop(store.Close)
	return kv.Cached(store), nil
}

// serve starts a node's gRPC server with the TLS certificate in its folder.
func (n *Network) serve(l net.Listener, nodeDir string, register func(grpc.ServiceRegistrar)) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(nodeDir, "tls", "server.crt"), filepath.Join(nodeDir, "tls", "server.key"))
	if err != nil {
		return err
	}
	s := grpc.NewServer(
		// A chaincode that a peer launched shows a certificate that the peer gave it.
		grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12})),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.WaitForHandlers(true), // the stores close next
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Minute, PermitWithoutStream: true}),
	)
	register(s)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	n.onStop(func() error {
		s.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			return err
		}
		return nil
	})
	return nil
}

// dial connects to a node of the organisation, lazily, trusting the
// organisation's TLS root alone. Stop closes the connection.
func (n *Network) dial(org *ca.Org, address string) (*grpc.ClientConn, error) {
	roots := x509.NewCertPool()
	roots.AddCert(org.TLSCA.Certificate())
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("devnet: %s: %w", address, err)
	}
	n.onStop(conn.Close)
	return conn, nil
}
