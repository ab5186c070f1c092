// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/msp"
)

// OverGRPC makes a real peer usable by this package.
func OverGRPC(p *fabric.Peer) Peer { return grpcPeer{p} }

type grpcPeer struct{ *fabric.Peer }

// Watch implements [Peer].
func (p grpcPeer) Watch(ctx context.Context, channel, txID string, signer msp.Signer, now time.Time) (Watcher, error) {
	w, err := p.Peer.Watch(ctx, channel, txID, signer, now)
	if err != nil {
		return nil, err // not w: a nil *fabric.Watcher is not a nil Watcher
	}
	return w, nil
}

// DialPinned returns a Config.Dial that reaches peers over TLS under their
// organisation's pinned TLS roots. Connections live as long as the program.
func DialPinned(pins *trust.Pins) func(address, mspID string) (Peer, error) {
	return func(address, mspID string) (Peer, error) {
		m, ok := pins.MSPs().MSP(mspID)
		if !ok {
			return nil, fmt.Errorf("peer %s: organisation %q is not pinned", address, mspID)
		}
		var roots []byte
		for _, cert := range m.TLSRoots() {
			roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
		}
		if len(roots) == 0 {
			return nil, fmt.Errorf("peer %s: no TLS roots of %s are pinned", address, mspID)
		}
		p, err := fabric.DialPeer(fabric.Endpoint{Address: address, RootCerts: roots})
		if err != nil {
			return nil, err
		}
		return OverGRPC(p), nil
	}
}

// ConnectThrough is [Connect] by the own organisation's peer alone: it asks that
// peer for the channel's configuration, fills in config.Peers with it and an anchor
// peer of each other organisation, config.Orderer with the channel's first one, and
// config.Dial with [DialPinned]. The peer says whom to ask, never whom to believe.
// Connections live as long as the program.
func ConnectThrough(ctx context.Context, own fabric.Endpoint, config Config) (*Network, error) {
	if config.Signer == nil || config.Pins == nil {
		return Connect(config)
	}
	first, err := fabric.DialPeer(own)
	if err != nil {
		return nil, err
	}
	mspID, _, err := msp.ParseSerialized(config.Signer.Creator())
	if err != nil {
		return nil, fmt.Errorf("the signer's identity: %w", err)
	}
	asked := &fabric.Network{Channel: config.Pins.ChannelID(), Signer: config.Signer, Endorsers: []*fabric.Peer{first}}
	others, err := fabric.AnchorPeers(ctx, asked, mspID)
	if err != nil {
		return nil, err
	}
	config.Peers = []Peer{OverGRPC(first)}
	for _, at := range others {
		if at, err = at.Like(own); err != nil {
			return nil, err
		}
		p, err := fabric.DialPeer(at)
		if err != nil {
			return nil, err
		}
		config.Peers = append(config.Peers, OverGRPC(p))
	}
	orderer, err := fabric.OrdererOf(ctx, asked)
	if err != nil {
		return nil, err
	}
	if config.Orderer, err = fabric.DialOrderer(orderer); err != nil {
		return nil, err
	}
	config.Dial = DialPinned(config.Pins)
	return Connect(config)
}
