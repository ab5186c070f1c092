// SPDX-License-Identifier: Apache-2.0

// Package devnet is untrusted: it is a whole Fabric-compatible network in one
// process, for development: organisations with their CAs, one orderer, and a
// peer per organisation, over real gRPC with TLS on the loopback interface.
//
// Everything lives in one directory. A network that is stopped, or killed, goes
// on from there with the same identities, addresses and ledgers.
package devnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/trace"
)

// Config says what network to start. Only Dir is required. Orgs, Channel, Port
// and the batch limits are fixed when the network is made; a later start takes
// them from the directory and refuses others, zero values meaning "as it is".
type Config struct {
	// Dir holds everything that the network is; it is made if absent.
	Dir string
	// Orgs is how many organisations have a peer; 0 means 3.
	Orgs int
	// Channel is the channel's name; empty means "mychannel".
	Channel string
	// BatchTimeout is how long the orderer waits for more transactions before
	// it cuts a block; 0 means 200 ms.
	BatchTimeout time.Duration
	// BatchCount is how many transactions a block holds at most; 0 means 500.
	BatchCount uint32
	// Port is the orderer's TCP port; the peer of the i-th organisation, from
	// 1, listens on Port+i. 0 means free ports.
	Port int

	// Builders are the peers' external builders: they check packages at their
	// installation, and have peers launch chaincodes that are no service.
	Builders []external.Builder
	// Environment holds variables of single peers' environments, by MSP id, and
	// of all peers' under the empty one: builders' programs get those that their
	// builder propagates. All peers have this process' environment beside it.
	Environment map[string]map[string]string

	// Trace records the steps that orderer and peers receive; nil means none.
	Trace trace.Recorder
	// Meter measures orderer and peers; nil: nobody does.
	Meter Meter
	// Log may be nil.
	Log *slog.Logger
}

// Network is a running network.
type Network struct {
	desc    *Description
	genesis *common.Block
	orderer *ca.Org
	orgs    []*ca.Org
	ledgers map[string]*ledger.Peer // by MSP id
	checks  []func() error          // of the nodes' health
	closers []func() error          // last first
}

// ErrMismatch is returned by Start for a directory whose network is another
// than the configuration asks for.
var ErrMismatch = errors.New("devnet: the directory holds another network")

// Start makes the network of cfg.Dir, or reopens it, and returns when all its
// nodes serve. The context bounds the start only.
func Start(ctx context.Context, cfg Config) (*Network, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("devnet: %w", err)
	}
	cfg.Dir = dir
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Trace == nil {
		cfg.Trace = trace.Nop
	}
	if cfg.Meter == nil {
		cfg.Meter = noMeter{}
	}
	n := &Network{ledgers: map[string]*ledger.Peer{}}
	if err := n.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Stop ends the network and releases its directory and ports. Transactions that
// were not yet in a block are lost; blocks are not.
func (n *Network) Stop() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}

// onStop registers what Stop does, in reverse order.
func (n *Network) onStop(f func() error) { n.closers = append(n.closers, f) }

// Description returns addresses, folders and names of the network: what stands
// in its network.json.
func (n *Network) Description() *Description { return n.desc }

// Genesis returns the channel's block 0.
func (n *Network) Genesis() *common.Block { return n.genesis }

// Ledger returns the channel's ledger at an organisation's peer: whoever runs the
// network can look into it, as the operator of a real peer can.
func (n *Network) Ledger(mspID string) (*ledger.Ledger, bool) {
	ledgers, ok := n.ledgers[mspID]
	if !ok {
		return nil, false
	}
	return ledgers.Channel(n.desc.Channel)
}

// Org returns the organisation with the MSP id, the orderer's among them, with
// its authorities.
func (n *Network) Org(mspID string) (*ca.Org, bool) {
	for _, o := range append([]*ca.Org{n.orderer}, n.orgs...) {
		if o.MSPID == mspID {
			return o, true
		}
	}
	return nil, false
}

// User returns the signing identity of an organisation's user, for example
// "Admin" or "User1".
func (n *Network) User(mspID, name string) (msp.Signer, error) {
	o, ok := n.Org(mspID)
	if !ok {
		return nil, fmt.Errorf("devnet: no organisation %q in this network", mspID)
	}
	return o.User(name)
}
