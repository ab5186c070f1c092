// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Names inside a network's directory.
const (
	organizationsDir = "organizations"
	dataDir          = "data"
	envDir           = "env"
	coreFile         = "core.yaml"
	host             = "127.0.0.1"
	ordererNode      = "orderer"
	peerNode         = "peer0"
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
	if err := cfg.inRange(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
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
