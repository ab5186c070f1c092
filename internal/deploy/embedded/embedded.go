// SPDX-License-Identifier: Apache-2.0

// Package embedded is the embedded network as package deploy sees a network.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/trace"
)

// Config says what network to start; only Dir and Bin are required.
type Config struct {
	Dir          string // of the network and of all programs
	Bin          string // folder of fpc-stub and fpc-ercc
	Orgs         int    // 0: 3
	BatchTimeout time.Duration
	BatchCount   uint32
	Trace        bool // record steps below Dir
	Log          *slog.Logger
}

// Network is a running embedded network.
type Network struct {
	deploy.Network
	Devnet *devnet.Network
	Pins   *trust.Pins
	tracer *trace.File
	config devnet.Config
}

// Start starts a network and connects to it.
func Start(ctx context.Context, config Config) (_ *Network, err error) {
	n := new(Network)
	n.Dir, n.Bin = filepath.Join(config.Dir, "chaincodes"), config.Bin
	if config.Trace {
		n.Trace = filepath.Join(config.Dir, "trace")
	}
	if n.tracer, err = trace.OpenDir(n.Trace, "network"); err != nil {
		return nil, err
	}
	n.Steps = n.tracer
	n.config = devnet.Config{
		Dir: filepath.Join(config.Dir, "network"), Orgs: config.Orgs, Log: config.Log, Trace: n.tracer,
		BatchTimeout: config.BatchTimeout, BatchCount: config.BatchCount,
	}
	if n.Devnet, err = devnet.Start(ctx, n.config); err != nil {
		return nil, err
	}
	if err := n.describe(); err != nil {
		return nil, errors.Join(err, n.Devnet.Stop())
	}
	return n, nil
}

// Restart stops orderer and peers and starts them again from their folders. The
// programs go on; connections and contracts made before are void.
func (n *Network) Restart(ctx context.Context) (err error) {
	if err := errors.Join(n.Close(), n.Devnet.Stop()); err != nil {
		return err
	}
	if n.Devnet, err = devnet.Start(ctx, n.config); err != nil {
		return err
	}
	n.Orgs = nil
	return n.describe()
}

// describe fills in what package deploy wants to know.
func (n *Network) describe() error {
	d := n.Devnet.Description()
	n.Channel = d.Channel
	root, err := os.ReadFile(d.Orderer.TLSRoot)
	if err != nil {
		return err
	}
	n.Orderer = fabric.Endpoint{Address: d.Orderer.Address, RootCerts: root}
	for _, o := range d.Organizations {
		org := deploy.Org{MSPID: o.MSPID, Peer: fabric.Endpoint{Address: o.PeerAddress}}
		if org.Peer.RootCerts, err = os.ReadFile(o.TLSRoot); err != nil {
			return err
		}
		if org.Admin, err = n.Devnet.User(o.MSPID, "Admin"); err != nil {
			return err
		}
		if org.Client, err = n.Devnet.User(o.MSPID, "User1"); err != nil {
			return err
		}
		n.Orgs = append(n.Orgs, org)
	}
	if n.Pins, err = trust.PinBlocks(n.Devnet.Genesis(), nil); err != nil {
		return fmt.Errorf("pin the channel: %w", err)
	}
	return n.Connect()
}

// Stop ends the network; programs are ended by who started them.
func (n *Network) Stop() error {
	return errors.Join(n.Close(), n.Devnet.Stop(), n.tracer.Close())
}
