// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Names inside a network's directory.
const (
	organizationsDir = "organizations"
	dataDir          = "data"
	host             = "127.0.0.1"
	ordererNode      = "orderer"
	peerNode         = "peer0"
)

// defaults of Config.
const (
	defaultOrgs         = 3
	defaultChannel      = "mychannel"
	defaultBatchTimeout = 200 * time.Millisecond
	defaultBatchCount   = 500
	// maxOrgs is what one machine reasonably carries.
	maxOrgs = 64
)

// ordererSpec is the organisation that orders.
func ordererSpec() ca.Spec {
	return ca.Spec{
		MSPID: "OrdererMSP", Domain: "example.com", Orderer: true,
		Nodes: []string{ordererNode}, Hosts: []string{"localhost", host},
	}
}

// orgSpec is the i-th organisation with a peer, from 1.
func orgSpec(i int) ca.Spec {
	return ca.Spec{
		MSPID: fmt.Sprintf("Org%dMSP", i), Domain: fmt.Sprintf("org%d.example.com", i),
		Nodes: []string{peerNode}, Users: []string{"User1"}, Hosts: []string{"localhost", host},
	}
}

// prepare makes the network's material, or reads what an earlier start made,
// and takes the ports: the first listener is the orderer's.
func (n *Network) prepare(cfg Config) ([]net.Listener, error) {
	desc, err := ReadDescription(cfg.Dir)
	switch {
	case errors.Is(err, ErrNoNetwork):
		return n.create(cfg)
	case err != nil:
		return nil, err
	default:
		return n.reopen(cfg, desc)
	}
}

// create makes a new network. The description is written last, so that a start
// that was killed before leaves nothing that counts.
func (n *Network) create(cfg Config) ([]net.Listener, error) {
	cfg = cfg.withDefaults()
	if cfg.Orgs < 1 || cfg.Orgs > maxOrgs {
		return nil, fmt.Errorf("devnet: %d organisations; between 1 and %d can be had", cfg.Orgs, maxOrgs)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, dataDir)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("devnet: %s holds ledgers but no %s: move the directory away", cfg.Dir, DescriptionFile)
	}
	root := filepath.Join(cfg.Dir, organizationsDir)
	if err := os.RemoveAll(root); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	now := time.Now()
	var err error
	if n.orderer, err = ca.Create(root, ordererSpec(), now); err != nil {
		return nil, err
	}
	for i := range cfg.Orgs {
		org, err := ca.Create(root, orgSpec(i+1), now)
		if err != nil {
			return nil, err
		}
		n.orgs = append(n.orgs, org)
	}
	listeners, err := n.listen(cfg.ports())
	if err != nil {
		return nil, err
	}
	if err := n.writeGenesis(cfg, listeners, now); err != nil {
		return nil, err
	}
	n.desc = n.describe(cfg, listeners)
	if err := n.writeTools(); err != nil {
		return nil, err
	}
	return listeners, n.desc.write()
}

// reopen reads a network that was made earlier.
func (n *Network) reopen(cfg Config, desc *Description) ([]net.Listener, error) {
	if err := cfg.matches(desc); err != nil {
		return nil, err
	}
	root := filepath.Join(cfg.Dir, organizationsDir)
	var err error
	if n.orderer, err = ca.Open(root, ordererSpec()); err != nil {
		return nil, err
	}
	addresses := []string{desc.Orderer.Address}
	for i, o := range desc.Organizations {
		org, err := ca.Open(root, orgSpec(i+1))
		if err != nil {
			return nil, err
		}
		n.orgs = append(n.orgs, org)
		addresses = append(addresses, o.PeerAddress)
	}
	raw, err := os.ReadFile(desc.GenesisBlock)
	if err != nil {
		return nil, err
	}
	n.genesis = new(common.Block)
	if err := proto.Unmarshal(raw, n.genesis); err != nil {
		return nil, fmt.Errorf("devnet: %s: %w", desc.GenesisBlock, err)
	}
	n.desc = desc
	return n.listen(addresses)
}

func (c Config) withDefaults() Config {
	if c.Orgs == 0 {
		c.Orgs = defaultOrgs
	}
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.BatchTimeout == 0 {
		c.BatchTimeout = defaultBatchTimeout
	}
	if c.BatchCount == 0 {
		c.BatchCount = defaultBatchCount
	}
	return c
}

// ports are the addresses to listen on, the orderer's first.
func (c Config) ports() []string {
	addresses := make([]string, c.Orgs+1)
	for i := range addresses {
		port := 0
		if c.Port != 0 {
			port = c.Port + i
		}
		addresses[i] = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return addresses
}

// matches tells whether the configuration asks for the network described.
func (c Config) matches(d *Description) error {
	differ := func(what string, have, want any) error {
		return fmt.Errorf("%s: %s is %v, not %v: %w", c.Dir, what, have, want, ErrMismatch)
	}
	switch {
	case d.Dir != c.Dir:
		return differ("its place", d.Dir, c.Dir)
	case c.Orgs != 0 && c.Orgs != len(d.Organizations):
		return differ("number of organisations", len(d.Organizations), c.Orgs)
	case c.Channel != "" && c.Channel != d.Channel:
		return differ("channel", d.Channel, c.Channel)
	case c.BatchTimeout != 0 && c.BatchTimeout.String() != d.Batch.Timeout:
		return differ("batch timeout", d.Batch.Timeout, c.BatchTimeout)
	case c.BatchCount != 0 && c.BatchCount != d.Batch.Count:
		return differ("batch count", d.Batch.Count, c.BatchCount)
	case c.Port != 0 && d.Orderer.Address != c.ports()[0]:
		return differ("orderer's address", d.Orderer.Address, c.ports()[0])
	}
	return nil
}

// listen takes the addresses; Stop gives them back.
func (n *Network) listen(addresses []string) ([]net.Listener, error) {
	listeners := make([]net.Listener, 0, len(addresses))
	for _, a := range addresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return nil, fmt.Errorf("devnet: %w; is the network running already?", err)
		}
		n.onStop(func() error { l.Close(); return nil }) // its server closed it before
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// writeGenesis builds the channel's block 0 and writes it to its file.
func (n *Network) writeGenesis(cfg Config, listeners []net.Listener, now time.Time) error {
	tlsCert, err := os.ReadFile(filepath.Join(n.orderer.NodeDir(ordererNode), "tls", "server.crt"))
	if err != nil {
		return err
	}
	address := listeners[0].Addr().(*net.TCPAddr)
	profile := channel.Profile{
		ChannelID: cfg.Channel,
		Orderer: channel.OrdererOrg{
			Name: "OrdererOrg", MSP: n.orderer.MSPConfig(), Endpoints: []string{address.String()},
		},
		Raft: &orderer.RaftConfigMetadata{
			Consenters: []*orderer.RaftConsenter{{
				Host: host, Port: uint32(address.Port), ClientTlsCert: tlsCert, ServerTlsCert: tlsCert,
			}},
			Options: &orderer.RaftOptions{
				TickInterval: "500ms", ElectionTick: 10, HeartbeatTick: 1,
				MaxInflightBlocks: 5, SnapshotIntervalSize: 16 << 20,
			},
		},
		Batch: channel.Batch{
			MaxMessages: cfg.BatchCount, AbsoluteMaxBytes: 98 << 20, PreferredMaxBytes: 2 << 20, Timeout: cfg.BatchTimeout,
		},
		Timestamp: now,
		Nonce:     make([]byte, envelope.NonceSize),
	}
	if _, err := rand.Read(profile.Nonce); err != nil {
		return fmt.Errorf("devnet: nonce: %w", err)
	}
	for i, o := range n.orgs {
		at := listeners[i+1].Addr().(*net.TCPAddr)
		profile.Application = append(profile.Application, channel.ApplicationOrg{
			Name: o.MSPID, MSP: o.MSPConfig(),
			AnchorPeers: []*peer.AnchorPeer{{Host: host, Port: int32(at.Port)}},
		})
	}
	if n.genesis, err = profile.Genesis(); err != nil {
		return fmt.Errorf("devnet: genesis block: %w", err)
	}
	raw, err := proto.Marshal(n.genesis)
	if err != nil {
		return fmt.Errorf("devnet: genesis block: %w", err)
	}
	return replaceFile(genesisFile(cfg), raw)
}

func genesisFile(cfg Config) string { return filepath.Join(cfg.Dir, cfg.Channel+".block") }

// describe says where everything is.
func (n *Network) describe(cfg Config, listeners []net.Listener) *Description {
	d := &Description{
		Dir:           cfg.Dir,
		Channel:       cfg.Channel,
		ChannelHash:   fmt.Sprintf("%x", block.Hash(n.genesis.Header)),
		GenesisBlock:  genesisFile(cfg),
		FabricCfgPath: cfg.Dir,
		Orderer: OrdererDescription{
			MSPID:    n.orderer.MSPID,
			Domain:   n.orderer.Domain,
			Address:  listeners[0].Addr().String(),
			Hostname: ordererNode + "." + n.orderer.Domain,
			TLSRoot:  n.orderer.TLSRoot(),
			MSPDir:   filepath.Join(n.orderer.Dir, "msp"),
			AdminMSP: filepath.Join(n.orderer.UserDir("Admin"), "msp"),
		},
		Batch: BatchDescription{Timeout: cfg.BatchTimeout.String(), Count: cfg.BatchCount},
	}
	for i, o := range n.orgs {
		users := map[string]string{}
		for _, u := range append([]string{"Admin"}, o.Users...) {
			users[u] = filepath.Join(o.UserDir(u), "msp")
		}
		name := fmt.Sprintf("Org%d", i+1)
		d.Organizations = append(d.Organizations, OrgDescription{
			Name:        name,
			MSPID:       o.MSPID,
			Domain:      o.Domain,
			PeerAddress: listeners[i+1].Addr().String(),
			Hostname:    peerNode + "." + o.Domain,
			TLSRoot:     o.TLSRoot(),
			MSPDir:      filepath.Join(o.Dir, "msp"),
			Users:       users,
			Env:         filepath.Join(cfg.Dir, "env", name+".sh"),
		})
	}
	return d
}
