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

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/trace"
)

// Config says what network to start; only Dir and Bin are required.
type Config struct {
	Dir          string // of the network and of all programs
	Bin          string // folder of fpc-stub, fpc-ercc and fpc-ledger-host
	Orgs         int    // 0: 3
	BatchTimeout time.Duration
	BatchCount   uint32
	Trace        bool // record steps below Dir
	Log          *slog.Logger
	// Builders and Environment: see devnet.Config.
	Builders    []external.Builder
	Environment map[string]map[string]string
}

// Network is a running embedded network.
type Network struct {
	deploy.Network
	Devnet *devnet.Network // nil if it runs in another process
	Pins   *trust.Pins
	tracer *trace.File
	config devnet.Config
}

// Start starts a network in this process and connects to it.
func Start(ctx context.Context, config Config) (*Network, error) {
	n, err := prepare(config, filepath.Join(config.Dir, "trace"))
	if err != nil {
		return nil, err
	}
	n.config = devnet.Config{
		Dir: filepath.Join(config.Dir, "network"), Orgs: config.Orgs, Log: config.Log, Trace: n.Steps,
		BatchTimeout: config.BatchTimeout, BatchCount: config.BatchCount,
		Builders: config.Builders, Environment: config.Environment,
	}
	if n.Devnet, err = devnet.Start(ctx, n.config); err != nil {
		return nil, errors.Join(err, n.tracer.Close())
	}
	if err := n.describe(n.Devnet.Description()); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Attach connects to a network that another process serves, as fpc network up
// does. Steps are recorded where that process records its own.
func Attach(d *devnet.Description, config Config) (*Network, error) {
	n, err := prepare(config, filepath.Join(d.Dir, "trace"))
	if err != nil {
		return nil, err
	}
	if err := n.describe(d); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

func prepare(config Config, traceDir string) (*Network, error) {
	n := new(Network)
	n.Dir, n.Bin = filepath.Join(config.Dir, "chaincodes"), config.Bin
	if config.Trace {
		n.Trace = traceDir
	}
	var err error
	n.tracer, err = trace.OpenDir(n.Trace, "network")
	n.Steps = trace.Join(n.tracer)
	return n, err
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
	return n.describe(n.Devnet.Description())
}

// describe fills in what package deploy wants to know, and connects.
func (n *Network) describe(d *devnet.Description) error {
	n.Channel, n.Orgs = d.Channel, nil
	var err error
	n.Orderer = fabric.Endpoint{Address: d.Orderer.Address}
	if n.Orderer.RootCerts, err = os.ReadFile(d.Orderer.TLSRoot); err != nil {
		return err
	}
	for _, o := range d.Organizations {
		org := deploy.Org{MSPID: o.MSPID, Peer: fabric.Endpoint{Address: o.PeerAddress}, Reader: o.Users["User1"]}
		if org.Peer.RootCerts, err = os.ReadFile(o.TLSRoot); err != nil {
			return err
		}
		if org.Admin, err = fabric.LoadIdentity(o.MSPID, o.Users["Admin"]); err != nil {
			return err
		}
		if org.Client, err = fabric.LoadIdentity(o.MSPID, o.Users["User1"]); err != nil {
			return err
		}
		if org.CA, err = readCA(o); err != nil {
			return fmt.Errorf("CA of %s: %w", o.MSPID, err)
		}
		n.Orgs = append(n.Orgs, org)
	}
	if n.Pins, err = pin(d.GenesisBlock); err != nil {
		return fmt.Errorf("pin the channel: %w", err)
	}
	return n.Connect()
}

// readCA reads an organisation's CA, which certifies its enclaves.
func readCA(o devnet.OrgDescription) (admin.Authority, error) {
	cert, err := os.ReadFile(o.CACert())
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(o.CAKey())
	if err != nil {
		return nil, err
	}
	return admin.NewFileCA(cert, key)
}

// pin pins a channel by the file with its genesis block.
func pin(path string) (*trust.Pins, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	genesis := new(common.Block)
	if err := proto.Unmarshal(raw, genesis); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return trust.PinBlocks(genesis, nil)
}

// Stop ends the network, unless another process serves it; programs are ended by
// who started them.
func (n *Network) Stop() error {
	err := n.Close()
	if n.Devnet != nil {
		err = errors.Join(err, n.Devnet.Stop())
	}
	return errors.Join(err, n.tracer.Close())
}
