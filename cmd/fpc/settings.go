// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/fabric/msp"
)

// settings are the flags and the environment that most commands share: those of
// Fabric's peer command.
type settings struct {
	channel          string
	orderer          string
	ordererTLS       bool
	ordererCAFile    string
	ordererName      string
	peerAddresses    []string
	tlsRootCertFiles []string
	timeout          time.Duration
}

func (s *settings) addConnectionFlags(f *pflag.FlagSet) {
	f.StringVarP(&s.channel, "channelID", "C", "", "channel")
	f.StringVarP(&s.orderer, "orderer", "o", "", "orderer's host:port (default: asked from the peer)")
	f.BoolVar(&s.ordererTLS, "tls", false, "use TLS to the orderer")
	f.StringVar(&s.ordererCAFile, "cafile", "", "PEM file with the orderer's TLS root certificate")
	f.StringVar(&s.ordererName, "ordererTLSHostnameOverride", "", "host name in the orderer's TLS certificate")
	f.StringArrayVar(&s.peerAddresses, "peerAddresses", nil, "peer to endorse, host:port (repeat; default: where several organisations must answer, an anchor peer of each)")
	f.StringArrayVar(&s.tlsRootCertFiles, "tlsRootCertFiles", nil, "PEM file with a peer's TLS root certificate, one per --peerAddresses")
	f.DurationVar(&s.timeout, "waitForEventTimeout", 30*time.Second, "how long to wait for each answer or commit")
}

// peerEnvironment is what CORE_PEER_… says.
type peerEnvironment struct {
	mspID, mspDir string
	own           fabric.Endpoint
	tls           bool
}

func environment() (peerEnvironment, error) {
	e := peerEnvironment{mspID: os.Getenv("CORE_PEER_LOCALMSPID"), mspDir: os.Getenv("CORE_PEER_MSPCONFIGPATH")}
	e.own.Address = os.Getenv("CORE_PEER_ADDRESS")
	e.own.ServerName = os.Getenv("CORE_PEER_TLS_SERVERHOSTOVERRIDE")
	if text := os.Getenv("CORE_PEER_TLS_ENABLED"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return e, usagef("CORE_PEER_TLS_ENABLED is %q; it must be true or false", text)
		}
		e.tls = on
	}
	if !e.tls {
		return e, nil
	}
	var err error
	if e.own.RootCerts, err = readRoots("CORE_PEER_TLS_ROOTCERT_FILE", os.Getenv("CORE_PEER_TLS_ROOTCERT_FILE")); err != nil {
		return e, err
	}
	if os.Getenv("CORE_PEER_TLS_CLIENTAUTHREQUIRED") == "true" {
		if e.own.ClientCert, err = readNamed("CORE_PEER_TLS_CLIENTCERT_FILE", os.Getenv("CORE_PEER_TLS_CLIENTCERT_FILE")); err != nil {
			return e, err
		}
		if e.own.ClientKey, err = readNamed("CORE_PEER_TLS_CLIENTKEY_FILE", os.Getenv("CORE_PEER_TLS_CLIENTKEY_FILE")); err != nil {
			return e, err
		}
	}
	return e, nil
}

// readNamed reads a file that a flag or variable names.
func readNamed(what, path string) ([]byte, error) {
	if path == "" {
		return nil, usagef("%s is not set; set it to a file's path", what)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("%s: %v", what, err)
	}
	if len(raw) == 0 {
		return nil, usagef("%s: %s is empty", what, path)
	}
	return raw, nil
}

// readRoots reads a file of TLS root certificates that a flag or variable names.
func readRoots(what, path string) ([]byte, error) {
	raw, err := readNamed(what, path)
	if err != nil {
		return nil, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(raw) {
		return nil, usagef("%s: %s holds no certificate in PEM", what, path)
	}
	return raw, nil
}

const noNetwork = `no network named: set CORE_PEER_ADDRESS, CORE_PEER_LOCALMSPID and CORE_PEER_MSPCONFIGPATH, or start one with "fpc network up" and eval what it prints`

// session is one command's connections, in one identity's name.
type session struct {
	env     peerEnvironment
	signer  msp.Signer
	own     *fabric.Peer
	peers   []*fabric.Peer // --peerAddresses, or the own peer
	all     []*fabric.Peer // --peerAddresses, or all peers of FPC_NETWORK, or the own peer
	alone   bool           // all is the own peer, for want of names: see meet
	orderer *fabric.Orderer
	channel string
	closers []func() error
}

// connect reads identity and addresses. The orderer is connected by needOrderer.
func (s *settings) connect() (_ *session, err error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	if env.own.Address == "" || env.mspDir == "" || env.mspID == "" {
		return nil, usagef("%s", noNetwork)
	}
	c := &session{env: env, channel: s.channel}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.signer, err = fabric.LoadIdentity(env.mspID, env.mspDir); err != nil {
		return nil, usagef("CORE_PEER_MSPCONFIGPATH: %v", err)
	}
	if c.own, err = c.dialPeer(env.own); err != nil {
		return nil, err
	}
	if c.peers, err = s.dialEndorsers(c); err != nil {
		return nil, err
	}
	c.all, c.alone = c.peers, len(s.peerAddresses) == 0
	if dir := os.Getenv("FPC_NETWORK"); dir != "" && c.alone {
		c.alone = false
		if c.all, err = c.dialNetwork(dir); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// dialNetwork connects all peers of the embedded network in dir, the own first.
func (c *session) dialNetwork(dir string) ([]*fabric.Peer, error) {
	d, err := devnet.ReadDescription(dir)
	if err != nil {
		return nil, usagef("FPC_NETWORK: %v", err)
	}
	peers := []*fabric.Peer{c.own}
	for _, org := range d.Organizations {
		if org.PeerAddress == c.env.own.Address {
			continue
		}
		roots, err := readRoots("FPC_NETWORK", org.TLSRoot)
		if err != nil {
			return nil, err
		}
		p, err := c.dialPeer(fabric.Endpoint{Address: org.PeerAddress, RootCerts: roots})
		if err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// dialEndorsers connects the peers of --peerAddresses, or gives the own peer.
func (s *settings) dialEndorsers(c *session) ([]*fabric.Peer, error) {
	if len(s.peerAddresses) == 0 {
		if len(s.tlsRootCertFiles) > 0 {
			return nil, usagef("--tlsRootCertFiles without --peerAddresses; give one file per address")
		}
		return []*fabric.Peer{c.own}, nil
	}
	if c.env.tls && len(s.tlsRootCertFiles) != len(s.peerAddresses) {
		return nil, usagef("%d --peerAddresses but %d --tlsRootCertFiles; give one file per address", len(s.peerAddresses), len(s.tlsRootCertFiles))
	}
	var peers []*fabric.Peer
	for i, address := range s.peerAddresses {
		ep := fabric.Endpoint{Address: address, ClientCert: c.env.own.ClientCert, ClientKey: c.env.own.ClientKey}
		if c.env.tls {
			var err error
			if ep.RootCerts, err = readRoots("--tlsRootCertFiles", s.tlsRootCertFiles[i]); err != nil {
				return nil, err
			}
		}
		p, err := c.dialPeer(ep)
		if err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	return peers, nil
}

func (c *session) dialPeer(ep fabric.Endpoint) (*fabric.Peer, error) {
	p, err := fabric.DialPeer(ep)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, p.Close)
	return p, nil
}

func (c *session) close() {
	for _, f := range c.closers {
		_ = f()
	}
}

// needChannel refuses a command without -C.
func (c *session) needChannel() error {
	if c.channel == "" {
		return usagef("no channel named; name one with -C")
	}
	return nil
}

// network is where calls to the own organisation go: to the peers of
// --peerAddresses, or to the own peer.
func (c *session) network() *fabric.Network {
	return &fabric.Network{Channel: c.channel, Signer: c.signer, Endorsers: c.peers, Orderer: c.orderer, Watch: c.all}
}

// host is the own peer alone.
func (c *session) host() *fabric.Network {
	n := c.network()
	n.Endorsers = []*fabric.Peer{c.own}
	return n
}

// withTimeout bounds one command's calls.
func (s *settings) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %s (--waitForEventTimeout)", s.timeout))
}

// needOrderer connects the orderer that -o names, or the one that the channel's
// configuration names.
func (s *settings) needOrderer(ctx context.Context, c *session) error {
	if c.orderer != nil {
		return nil
	}
	ep, err := s.ordererEndpoint(ctx, c)
	if err != nil {
		return err
	}
	if c.orderer, err = fabric.DialOrderer(ep); err != nil {
		return err
	}
	c.closers = append(c.closers, c.orderer.Close)
	return nil
}

func (s *settings) ordererEndpoint(ctx context.Context, c *session) (fabric.Endpoint, error) {
	if s.orderer == "" {
		return fabric.OrdererOf(ctx, c.host())
	}
	ep := fabric.Endpoint{Address: s.orderer, ServerName: s.ordererName}
	if !s.ordererTLS && s.ordererCAFile == "" {
		return ep, nil
	}
	if s.ordererCAFile == "" {
		return ep, usagef("--tls without --cafile; name the orderer's TLS root certificate")
	}
	var err error
	ep.RootCerts, err = readRoots("--cafile", s.ordererCAFile)
	return ep, err
}
