// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// ConfigBlock reads the channel's current configuration block from the first
// endorser, which may lie.
func (n *Network) ConfigBlock(ctx context.Context) (*common.Block, error) {
	block := new(common.Block)
	return block, n.query(ctx, block, "cscc", "GetConfigBlock", n.Channel)
}

// GenesisBlock reads the channel's first block from the first endorser, which
// may lie: compare its hash with one that you trust.
func (n *Network) GenesisBlock(ctx context.Context) (*common.Block, error) {
	block := new(common.Block)
	return block, n.query(ctx, block, "qscc", "GetBlockByNumber", n.Channel, "0")
}

// ChannelConfig reads and compiles the channel's current configuration.
func (n *Network) ChannelConfig(ctx context.Context) (*channel.Bundle, error) {
	config := new(common.Config)
	if err := n.query(ctx, config, "cscc", "GetChannelConfig", n.Channel); err != nil {
		return nil, err
	}
	return channel.NewBundle(n.Channel, config)
}

// Info reads height and hashes of the channel at the first endorser.
func (n *Network) Info(ctx context.Context) (*common.BlockchainInfo, error) {
	info := new(common.BlockchainInfo)
	return info, n.query(ctx, info, "qscc", "GetChainInfo", n.Channel)
}

// query asks a system chaincode and decodes its answer.
func (n *Network) query(ctx context.Context, into proto.Message, chaincode string, args ...string) error {
	resp, err := n.Evaluate(ctx, Call{Chaincode: chaincode, Args: Args(args...)})
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(resp.Payload, into); err != nil {
		return fmt.Errorf("%s %s: the peer's answer cannot be decoded: %w", chaincode, args[0], err)
	}
	return nil
}

// OrdererOf finds an orderer in the channel's configuration, with the TLS root
// certificates that its organisations' MSPs carry.
func OrdererOf(ctx context.Context, n *Network) (Endpoint, error) {
	bundle, err := n.ChannelConfig(ctx)
	if err != nil {
		return Endpoint{}, fmt.Errorf("ask the peer for the channel's orderer (or name it with -o): %w", err)
	}
	endpoints := bundle.OrdererEndpoints()
	if len(endpoints) == 0 {
		return Endpoint{}, fmt.Errorf("the configuration of channel %s names no orderer; name one with -o", n.Channel)
	}
	var roots [][]byte
	for _, org := range bundle.OrdererOrgs() {
		of, err := tlsRoots(org.MSPConfig)
		if err != nil {
			return Endpoint{}, fmt.Errorf("MSP of %s: %w", org.Name, err)
		}
		roots = append(roots, of...)
	}
	return Endpoint{Address: endpoints[0], RootCerts: bytes.Join(roots, []byte("\n"))}, nil
}

// AnchorPeers finds a peer of each application organisation but one in the
// channel's configuration: its first anchor peer, with the TLS root certificates
// that its MSP carries. Organisations without anchor peers are left out. The first
// endorser tells the configuration, and may lie: it says whom to ask, never whom
// to believe.
func AnchorPeers(ctx context.Context, n *Network, except string) ([]Endpoint, error) {
	bundle, err := n.ChannelConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the peer for the other organisations' peers (or name them with --peerAddresses): %w", err)
	}
	return anchors(bundle, except)
}

func anchors(bundle *channel.Bundle, except string) ([]Endpoint, error) {
	var found []Endpoint
	for _, org := range bundle.ApplicationOrgs() {
		if org.MSPID == except || len(org.AnchorPeers) == 0 {
			continue
		}
		roots, err := tlsRoots(org.MSPConfig)
		if err != nil {
			return nil, fmt.Errorf("MSP of %s: %w", org.Name, err)
		}
		at := org.AnchorPeers[0]
		found = append(found, Endpoint{
			Address:   net.JoinHostPort(at.GetHost(), strconv.Itoa(int(at.GetPort()))),
			RootCerts: bytes.Join(roots, []byte("\n")),
		})
	}
	return found, nil
}

// tlsRoots reads the TLS root certificates out of a serialised MSPConfig.
func tlsRoots(config []byte) ([][]byte, error) {
	var outer msppb.MSPConfig
	if err := proto.Unmarshal(config, &outer); err != nil {
		return nil, err
	}
	var inner msppb.FabricMSPConfig
	if err := proto.Unmarshal(outer.Config, &inner); err != nil {
		return nil, err
	}
	return inner.TlsRootCerts, nil
}
