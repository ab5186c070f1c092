// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// maxMessage bounds an answer in bytes: Fabric's own limit.
const maxMessage = 100 << 20

// Endpoint says how to reach a server.
type Endpoint struct {
	Address    string // host:port
	RootCerts  []byte // PEM; empty: no TLS
	ServerName string // the name in the server's certificate, if it is not the address
	ClientCert []byte // PEM; with ClientKey for mutual TLS
	ClientKey  []byte
}

// Like is a peer that the channel's configuration tells, reached as the own one is:
// over TLS and with that one's client certificate, or without TLS. It is never
// reached without where the own one is reached with it: that is an error.
func (ep Endpoint) Like(own Endpoint) (Endpoint, error) {
	if len(own.RootCerts) == 0 {
		return Endpoint{Address: ep.Address}, nil
	}
	if len(ep.RootCerts) == 0 {
		return Endpoint{}, fmt.Errorf("the channel's configuration has no TLS root certificate for the peer at %s; name it with --peerAddresses and --tlsRootCertFiles", ep.Address)
	}
	ep.ClientCert, ep.ClientKey = own.ClientCert, own.ClientKey
	return ep, nil
}

type conn struct {
	name string // for errors
	cc   *grpc.ClientConn
	// certHash is SHA-256 of the TLS client certificate: Deliver requests carry it.
	certHash []byte
}

func dial(kind string, ep Endpoint) (conn, error) {
	name := kind + " " + ep.Address
	creds := insecure.NewCredentials()
	var certHash []byte
	if len(ep.RootCerts) > 0 {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ep.RootCerts) {
			return conn{}, fmt.Errorf("%s: the TLS root certificate holds no PEM certificate", name)
		}
		config := &tls.Config{RootCAs: roots, ServerName: ep.ServerName, MinVersion: tls.VersionTLS12}
		if len(ep.ClientCert) > 0 {
			pair, err := tls.X509KeyPair(ep.ClientCert, ep.ClientKey)
			if err != nil {
				return conn{}, fmt.Errorf("%s: TLS client certificate and key: %w", name, err)
			}
			config.Certificates = []tls.Certificate{pair}
			sum := sha256.Sum256(pair.Certificate[0])
			certHash = sum[:]
		}
		creds = credentials.NewTLS(config)
	}
	cc, err := grpc.NewClient("passthrough:///"+ep.Address,
		grpc.WithTransportCredentials(creds),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 5 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return conn{}, &UnreachableError{Server: name, Err: err}
	}
	return conn{name: name, cc: cc, certHash: certHash}, nil
}

// Close ends the connection.
func (c conn) Close() error { return c.cc.Close() }

// Name says which server this is, for people.
func (c conn) Name() string { return c.name }

// Peer is one peer.
type Peer struct {
	conn
	endpoint Endpoint
	endorser rpc.EndorserClient
	deliver  rpc.DeliverClient

	followers followers
}

// DialPeer prepares a connection; it is made at the first call.
func DialPeer(ep Endpoint) (*Peer, error) {
	c, err := dial("peer", ep)
	if err != nil {
		return nil, err
	}
	return &Peer{
		conn: c, endpoint: ep, endorser: rpc.NewEndorserClient(c.cc), deliver: rpc.NewDeliverClient(c.cc),
		followers: followers{open: make(map[followed]*follower), pace: usualPace},
	}, nil
}

// Close ends the connection and all watches.
func (p *Peer) Close() error {
	p.followers.close()
	return p.conn.Close()
}

// Address is the host:port that was dialled.
func (p *Peer) Address() string { return p.endpoint.Address }

// Conn is the connection, for services that this package does not wrap.
func (p *Peer) Conn() grpc.ClientConnInterface { return p.cc }

// ProcessProposal sends a signed proposal and returns the answer as it came: a
// refusal by peer or chaincode is in its status. Errors are [UnreachableError]
// and [RejectedError].
func (p *Peer) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	resp, err := p.endorser.ProcessProposal(ctx, signed)
	if err != nil {
		return nil, callError(ctx, p.name, err)
	}
	if resp.GetResponse() == nil {
		return nil, &RejectedError{Server: p.name, Message: "the answer holds no response"}
	}
	return resp, nil
}

// Orderer is one ordering node.
type Orderer struct {
	conn
	client rpc.AtomicBroadcastClient
}

// DialOrderer prepares a connection; it is made at the first call.
func DialOrderer(ep Endpoint) (*Orderer, error) {
	c, err := dial("orderer", ep)
	if err != nil {
		return nil, err
	}
	return &Orderer{conn: c, client: rpc.NewAtomicBroadcastClient(c.cc)}, nil
}

// Broadcast hands an envelope to the orderer; success means that it will be
// ordered, not that it is valid.
func (o *Orderer) Broadcast(ctx context.Context, envelope *common.Envelope) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := o.client.Broadcast(ctx)
	if err != nil {
		return callError(ctx, o.name, err)
	}
	// A failed Send has its reason in Recv.
	_ = stream.Send(envelope)
	resp, err := stream.Recv()
	if err != nil {
		return callError(ctx, o.name, err)
	}
	if resp.Status != common.Status_SUCCESS {
		return broadcastError(o.name, resp)
	}
	return nil
}

func broadcastError(server string, resp *orderer.BroadcastResponse) error {
	if resp.Status == common.Status_SERVICE_UNAVAILABLE {
		return &UnreachableError{Server: server, Err: errors.New(resp.Status.String() + " " + resp.Info)}
	}
	message := resp.Info
	if message == "" {
		message = resp.Status.String()
	}
	return &RejectedError{Server: server, Status: int32(resp.Status), Message: message}
}
