// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

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
