// SPDX-License-Identifier: Apache-2.0

package realfabric

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

const ordererDomain = "example.com"

// ordererNode is one orderer.
type ordererNode struct {
	*node
	host    string // its name in the organisation's material
	address string // where clients and peers reach it
	admin   string // where osnadmin does
}

// makeOrderers issues the orderers' certificates and writes into the profile who
// they are and how they agree.
func (n *Network) makeOrderers(crypto string, now time.Time, profile *channel.Profile) error {
	hosts := []string{"orderer"}
	if n.options.Byzantine || n.options.Migrates {
		hosts = []string{"orderer1", "orderer2", "orderer3", "orderer4"}
	}
	var err error
	n.ordererOrg, err = ca.Create(crypto, ca.Spec{
		MSPID: "OrdererMSP", Domain: ordererDomain, Orderer: true, Nodes: hosts, Hosts: []string{"localhost", "127.0.0.1"},
	}, now)
	if err != nil {
		return err
	}
	profile.Orderer = channel.OrdererOrg{Name: "OrdererOrg", MSP: n.ordererOrg.MSPConfig()}
	for _, host := range hosts {
		addresses, err := freeAddresses(2)
		if err != nil {
			return err
		}
		n.orderers = append(n.orderers, &ordererNode{host: host, address: addresses[0], admin: addresses[1]})
		profile.Orderer.Endpoints = append(profile.Orderer.Endpoints, addresses[0])
	}
	root, err := os.ReadFile(n.ordererOrg.TLSRoot())
	if err != nil {
		return err
	}
	n.Orderer = fabric.Endpoint{Address: n.orderers[0].address, RootCerts: root}
	if n.options.Byzantine {
		return n.agreeByBFT(profile)
	}
	if n.options.Migrates {
		profile.Capabilities.Channel = []string{"V3_0"}
		n.byzantine = *profile
		if err := n.agreeByBFT(&n.byzantine); err != nil {
			return err
		}
	}
	return n.agreeByRaft(profile)
}

func (n *Network) agreeByRaft(profile *channel.Profile) error {
	profile.Raft = &orderer.RaftConfigMetadata{
		Options: &orderer.RaftOptions{TickInterval: "50ms", ElectionTick: 10, HeartbeatTick: 1, MaxInflightBlocks: 5, SnapshotIntervalSize: 16 << 20},
	}
	for _, o := range n.orderers {
		host, port := splitPort(o.address)
		certificate, err := os.ReadFile(filepath.Join(n.ordererOrg.NodeDir(o.host), "tls", "server.crt"))
		if err != nil {
			return err
		}
		profile.Raft.Consenters = append(profile.Raft.Consenters, &orderer.RaftConsenter{Host: host, Port: uint32(port), ClientTlsCert: certificate, ServerTlsCert: certificate})
	}
	return nil
}

// byzantineOrderers is the orderers' part of the configuration once they agree by
// BFT, for a network that migrates.
func (n *Network) byzantineOrderers() (*common.ConfigGroup, error) {
	genesis, err := n.byzantine.Genesis()
	if err != nil {
		return nil, err
	}
	bundle, err := channel.FromBlock(genesis)
	if err != nil {
		return nil, err
	}
	return bundle.Config().GetChannelGroup().GetGroups()["Orderer"], nil
}

// agreeByBFT makes every orderer a consenter. What a client sends to another
// than the leader is forwarded soon.
func (n *Network) agreeByBFT(profile *channel.Profile) error {
	options := channel.DefaultBFTOptions()
	options.RequestBatchMaxCount, options.RequestBatchMaxBytes = uint64(profile.Batch.MaxMessages), uint64(profile.Batch.AbsoluteMaxBytes)
	options.RequestBatchMaxInterval = profile.Batch.Timeout.String()
	options.RequestForwardTimeout = "500ms"
	profile.BFT = &channel.BFT{Options: options}
	for i, o := range n.orderers {
		host, port := splitPort(o.address)
		c := &common.Consenter{Id: uint32(i + 1), Host: host, Port: uint32(port), MspId: n.ordererOrg.MSPID}
		dir := n.ordererOrg.NodeDir(o.host)
		tls, err := os.ReadFile(filepath.Join(dir, "tls", "server.crt"))
		if err != nil {
			return err
		}
		identity, err := filepath.Glob(filepath.Join(dir, "msp", "signcerts", "*"))
		if err != nil || len(identity) != 1 {
			return fmt.Errorf("certificate of %s: found %v, %w", o.host, identity, err)
		}
		if c.Identity, err = os.ReadFile(identity[0]); err != nil {
			return err
		}
		c.ClientTlsCert, c.ServerTlsCert = tls, tls
		profile.BFT.Consenters = append(profile.BFT.Consenters, c)
	}
	return nil
}

// startOrderers starts all orderers, joins them to the channel and waits until
// they can order.
func (n *Network) startOrderers(ctx context.Context) error {
	for _, o := range n.orderers {
		if err := n.startOrderer(ctx, o); err != nil {
			return err
		}
	}
	return n.untilOrdering(ctx)
}

func (n *Network) startOrderer(ctx context.Context, o *ordererNode) (err error) {
	ops, err := freeAddresses(1)
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(o.address)
	dir := n.ordererOrg.NodeDir(o.host)
	tls := func(file string) string { return filepath.Join(dir, "tls", file) }
	store := filepath.Join(n.dir, "ledger."+o.host)
	o.node, err = n.startNode(o.host, "orderer", ops[0], []string{
		"FABRIC_CFG_PATH=" + n.Programs.Config,
		"ORDERER_GENERAL_LISTENADDRESS=" + host, "ORDERER_GENERAL_LISTENPORT=" + port,
		"ORDERER_GENERAL_LOCALMSPID=" + n.ordererOrg.MSPID, "ORDERER_GENERAL_LOCALMSPDIR=" + filepath.Join(dir, "msp"),
		"ORDERER_GENERAL_TLS_ENABLED=true", "ORDERER_GENERAL_TLS_PRIVATEKEY=" + tls("server.key"),
		"ORDERER_GENERAL_TLS_CERTIFICATE=" + tls("server.crt"), "ORDERER_GENERAL_TLS_ROOTCAS=[" + tls("ca.crt") + "]",
		"ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE=" + tls("server.crt"), "ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY=" + tls("server.key"),
		"ORDERER_GENERAL_CLUSTER_ROOTCAS=[" + tls("ca.crt") + "]", "ORDERER_GENERAL_BOOTSTRAPMETHOD=none",
		"ORDERER_CHANNELPARTICIPATION_ENABLED=true", "ORDERER_ADMIN_LISTENADDRESS=" + o.admin,
		"ORDERER_ADMIN_TLS_ENABLED=true", "ORDERER_ADMIN_TLS_CERTIFICATE=" + tls("server.crt"), "ORDERER_ADMIN_TLS_PRIVATEKEY=" + tls("server.key"),
		"ORDERER_ADMIN_TLS_ROOTCAS=[" + tls("ca.crt") + "]", "ORDERER_ADMIN_TLS_CLIENTROOTCAS=[" + tls("ca.crt") + "]",
		"ORDERER_OPERATIONS_LISTENADDRESS=" + ops[0], "ORDERER_METRICS_PROVIDER=prometheus",
		"ORDERER_FILELEDGER_LOCATION=" + store,
		"ORDERER_CONSENSUS_WALDIR=" + filepath.Join(store, "etcdraft", "wal"), "ORDERER_CONSENSUS_SNAPDIR=" + filepath.Join(store, "etcdraft", "snapshot"),
	})
	if err != nil {
		return err
	}
	o.serves = []string{net.JoinHostPort(host, port)}
	if err := o.until(ctx, "healthy", o.healthy); err != nil {
		return err
	}
	return o.until(ctx, "join the channel", func() error {
		out, err := exec.CommandContext(ctx, filepath.Join(n.Programs.Bin, "osnadmin"), "channel", "join", "--channelID", channelID, "--config-block", n.genesisFile(),
			"-o", o.admin, "--ca-file", tls("ca.crt"), "--client-cert", tls("server.crt"), "--client-key", tls("server.key")).CombinedOutput()
		if err == nil && strings.Contains(string(out), "Status: 201") {
			return nil
		}
		return fmt.Errorf("osnadmin channel join: %w: %s", err, out)
	})
}

// untilOrdering waits for the leader, without which orderers refuse what is
// broadcast.
func (n *Network) untilOrdering(ctx context.Context) error {
	if n.options.Byzantine {
		return n.untilLed(ctx, "consensus_BFT_is_leader")
	}
	return n.untilLed(ctx, "consensus_etcdraft_is_leader")
}

// untilLed waits until one orderer leads, as a metric tells.
func (n *Network) untilLed(ctx context.Context, metric string) error {
	leads := func(o *ordererNode) bool {
		metrics, err := o.get("/metrics")
		return err == nil && strings.Contains(metrics, metric+`{channel="`+channelID+`"} 1`)
	}
	return n.orderers[0].until(ctx, "leader", func() error {
		for _, o := range n.orderers {
			if leads(o) {
				return nil
			}
		}
		return errors.New("no leader yet")
	})
}
