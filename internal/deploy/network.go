// SPDX-License-Identifier: Apache-2.0

// Package deploy puts chaincodes onto a network from end to end: it packages,
// installs, approves and commits them, starts the programs behind them and
// registers their enclaves. The demo, the tests and the benchmarks use it, on
// the embedded network and on real ones alike; a user does the same with fpc's
// commands.
package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/trace"
)

// Org is an organisation with one peer.
type Org struct {
	MSPID  string
	Peer   fabric.Endpoint
	Admin  msp.Signer
	Client msp.Signer
	// Reader is the MSP folder of an identity that may read the channel's
	// blocks, for programs that follow them.
	Reader string
	// CA certifies the organisation's enclaves in Full mode; nil: none is at hand.
	CA admin.Authority
}

// Network is a running network of whose organisations we hold the
// administrators' identities.
type Network struct {
	Channel string
	Orgs    []Org
	Orderer fabric.Endpoint
	// Bin is the folder of fpc-stub and fpc-ercc.
	Bin string
	// Dir is where the programs keep state and logs, a folder each.
	Dir string
	// Env are variables that the programs get beside those that they need.
	Env []string
	// DialTimeout is how long peers try to reach the programs; empty: 10 s.
	DialTimeout string
	// Trace is the folder that the programs record steps into; empty: none.
	Trace string
	// Steps records what this process' administrators and clients receive; nil:
	// nothing.
	Steps trace.Recorder

	peers   []*fabric.Peer // one per organisation, in the same order
	orderer *fabric.Orderer
}

// Connect prepares the connections to all peers and the orderer.
func (n *Network) Connect() error {
	for _, org := range n.Orgs {
		p, err := fabric.DialPeer(org.Peer)
		if err != nil {
			return err
		}
		n.peers = append(n.peers, p)
	}
	var err error
	n.orderer, err = fabric.DialOrderer(n.Orderer)
	return err
}

// Close ends the connections.
func (n *Network) Close() error {
	var errs []error
	for _, p := range n.peers {
		errs = append(errs, p.Close())
	}
	if n.orderer != nil {
		errs = append(errs, n.orderer.Close())
	}
	n.peers, n.orderer = nil, nil
	return errors.Join(errs...)
}

// Peers are the connections, one per organisation in the order of Orgs.
func (n *Network) Peers() []*fabric.Peer { return n.peers }

// OrdererConn is the connection to the orderer.
func (n *Network) OrdererConn() *fabric.Orderer { return n.orderer }

// As is the network in one identity's name: it endorses at all peers.
func (n *Network) As(signer msp.Signer) *fabric.Network {
	return &fabric.Network{Channel: n.Channel, Signer: signer, Endorsers: n.peers, Orderer: n.orderer, Watch: n.peers}
}

// At is the network in one identity's name, endorsing at one organisation's peer
// only.
func (n *Network) At(org int, signer msp.Signer) *fabric.Network {
	at := n.As(signer)
	at.Endorsers = n.peers[org : org+1]
	return at
}

// Install installs a package on every peer. It answers the package ids, one per
// organisation.
func (n *Network) Install(ctx context.Context, pack func(org int) ([]byte, error)) ([]string, error) {
	ids := make([]string, len(n.Orgs))
	for i, org := range n.Orgs {
		raw, err := pack(i)
		if err != nil {
			return nil, fmt.Errorf("package for %s: %w", org.MSPID, err)
		}
		installed, err := admin.Lifecycle{Network: n.At(i, org.Admin)}.Install(ctx, raw)
		if err != nil {
			return nil, fmt.Errorf("install for %s: %w", org.MSPID, err)
		}
		ids[i] = installed.PackageId
	}
	return ids, nil
}

// Define has every organisation approve a definition and commits it. packages
// are the installed packages, one per organisation, empty where it runs none.
func (n *Network) Define(ctx context.Context, d lifecycle.Definition, packages []string) error {
	for i, org := range n.Orgs {
		if _, err := (admin.Lifecycle{Network: n.At(i, org.Admin)}).Approve(ctx, d, packages[i]); err != nil {
			return fmt.Errorf("approve %s for %s: %w", d.Name, org.MSPID, err)
		}
	}
	if _, err := (admin.Lifecycle{Network: n.As(n.Orgs[0].Admin)}).Commit(ctx, d); err != nil {
		return fmt.Errorf("commit %s: %w", d.Name, err)
	}
	return nil
}
