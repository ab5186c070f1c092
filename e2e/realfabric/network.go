// SPDX-License-Identifier: Apache-2.0

// Package realfabric runs unmodified Hyperledger Fabric programs on 127.0.0.1: a
// raft orderer, or four of Fabric 3's Byzantine ones, and a peer per
// organisation, over a channel that this project's own code configured. The tests in it show that what works on the
// embedded network works on Fabric.
package realfabric

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const channelID = "mychannel"

// Programs are where Fabric's released programs and their configuration are.
type Programs struct {
	Bin    string // peer, orderer, osnadmin
	Config string // core.yaml, orderer.yaml
}

// FromEnvironment reads FABRIC_BIN and FABRIC_CFG; its error says what is missing.
func FromEnvironment() (Programs, error) {
	p := Programs{Bin: os.Getenv("FABRIC_BIN"), Config: os.Getenv("FABRIC_CFG")}
	if p.Bin == "" || p.Config == "" {
		return p, errors.New("FABRIC_BIN and FABRIC_CFG do not name Fabric's released programs and their sampleconfig")
	}
	for _, program := range []string{"peer", "orderer", "osnadmin"} {
		if _, err := os.Stat(filepath.Join(p.Bin, program)); err != nil {
			return p, fmt.Errorf("FABRIC_BIN: %w", err)
		}
	}
	for _, file := range []string{"core.yaml", "orderer.yaml"} {
		if _, err := os.Stat(filepath.Join(p.Config, file)); err != nil {
			return p, fmt.Errorf("FABRIC_CFG: %w", err)
		}
	}
	return p, nil
}

// Version is what the programs say of themselves.
func (p Programs) Version() (string, error) {
	cmd := exec.Command(filepath.Join(p.Bin, "peer"), "version")
	cmd.Env = append(os.Environ(), "FABRIC_CFG_PATH="+p.Config)
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "Version: "); ok {
			return version, nil
		}
	}
	return strings.TrimSpace(string(out)), nil
}

// Network is a running Fabric network.
type Network struct {
	deploy.Network
	Programs Programs
	Genesis  *common.Block

	dir        string
	options    Options
	byzantine  channel.Profile // what the channel goes over to, where it migrates
	orderers   []*ordererNode
	ordererOrg *ca.Org
	peers      []*node
	orgs       []*ca.Org
}

// Options are what networks differ in.
type Options struct {
	Orgs    int // with a peer each
	Builder Builder
	// Byzantine is for four BFT orderers in place of one raft orderer; Fabric 3
	// only.
	Byzantine bool
	// Migrates is for four raft orderers whose channel can go over to BFT
	// ([Network.byzantineOrderers]); Fabric 3 only.
	Migrates bool
	// ForeignPlugin is a second name that peers have for their own validation; who
	// does not know it cannot judge what it validates. Empty: there is none.
	ForeignPlugin string
}

// Builder is an external builder that the peers have beside the one for services.
type Builder struct {
	// CoreYAML is its entry of core.yaml's chaincode.externalBuilders; empty:
	// there is none.
	CoreYAML string
	// Environment holds variables of a peer's environment, by MSP id.
	Environment map[string][]string
}

// Start starts a network of n organisations below dir and waits until it serves.
func Start(ctx context.Context, programs Programs, dir string, n int) (*Network, error) {
	return StartWith(ctx, programs, dir, Options{Orgs: n})
}

// StartWith is Start with options.
func StartWith(ctx context.Context, programs Programs, dir string, o Options) (_ *Network, err error) {
	net := &Network{Programs: programs, dir: dir, options: o}
	net.Channel, net.Dir = channelID, filepath.Join(dir, "chaincodes")
	defer func() {
		if err != nil {
			net.Stop()
		}
	}()
	if err := net.makeOrganisations(); err != nil {
		return nil, err
	}
	if err := net.startOrderers(ctx); err != nil {
		return nil, err
	}
	for i := range net.orgs {
		if err := net.startPeer(ctx, i); err != nil {
			return nil, err
		}
	}
	return net, net.Connect()
}

// Stop ends all programs and waits for their end.
func (n *Network) Stop() {
	_ = n.Close()
	for _, node := range n.peers {
		node.stop()
	}
	for _, o := range n.orderers {
		o.stop()
	}
}

// makeOrganisations issues everybody's certificates and makes the genesis block.
func (n *Network) makeOrganisations() error {
	now := time.Now()
	crypto := filepath.Join(n.dir, "crypto")
	profile := channel.Profile{ChannelID: channelID, Timestamp: now, Batch: channel.Batch{
		MaxMessages: 500, AbsoluteMaxBytes: 98 << 20, PreferredMaxBytes: 2 << 20, Timeout: 200 * time.Millisecond,
	}}
	for i := 1; i <= n.options.Orgs; i++ {
		org, err := ca.Create(crypto, ca.Spec{
			MSPID: fmt.Sprintf("Org%dMSP", i), Domain: fmt.Sprintf("org%d.example.com", i),
			Nodes: []string{"peer0"}, Users: []string{"User1"}, Hosts: []string{"localhost", "127.0.0.1"},
		}, now)
		if err != nil {
			return err
		}
		n.orgs = append(n.orgs, org)
		address, err := deploy.FreeAddress()
		if err != nil {
			return err
		}
		if err := n.addOrg(org, address); err != nil {
			return err
		}
		host, port := splitPort(address)
		profile.Application = append(profile.Application, channel.ApplicationOrg{
			Name: fmt.Sprintf("Org%d", i), MSP: org.MSPConfig(), AnchorPeers: []*peer.AnchorPeer{{Host: host, Port: int32(port)}},
		})
	}
	if err := n.makeOrderers(crypto, now, &profile); err != nil {
		return err
	}
	return n.makeGenesis(profile)
}

func (n *Network) addOrg(org *ca.Org, address string) error {
	root, err := os.ReadFile(org.TLSRoot())
	if err != nil {
		return err
	}
	admin, err := org.User("Admin")
	if err != nil {
		return err
	}
	user, err := org.User("User1")
	if err != nil {
		return err
	}
	authority, err := authorityOf(org)
	if err != nil {
		return err
	}
	n.Orgs = append(n.Orgs, deploy.Org{CA: authority, MSPID: org.MSPID, Peer: fabric.Endpoint{Address: address, RootCerts: root}, Admin: admin, Client: user, Reader: filepath.Join(org.UserDir("User1"), "msp")})
	return nil
}

// authorityOf reads an organisation's CA, which certifies its enclaves.
func authorityOf(org *ca.Org) (*admin.FileCA, error) {
	cert, err := os.ReadFile(filepath.Join(org.Dir, "ca", "ca."+org.Domain+"-cert.pem"))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(org.Dir, "ca", "priv_sk"))
	if err != nil {
		return nil, err
	}
	return admin.NewFileCA(cert, key)
}

func (n *Network) makeGenesis(profile channel.Profile) (err error) {
	if n.Genesis, err = profile.Genesis(); err != nil {
		return err
	}
	raw, err := proto.Marshal(n.Genesis)
	if err != nil {
		return err
	}
	return os.WriteFile(n.genesisFile(), raw, 0o644)
}

func (n *Network) genesisFile() string { return filepath.Join(n.dir, "genesis.block") }
