// SPDX-License-Identifier: Apache-2.0

package scc_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
)

func start(t *testing.T, options ...peertest.Option) *peertest.Network {
	t.Helper()
	n := peertest.Start(t, 1, options...)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	return n
}

func TestQuery(t *testing.T) {
	n := start(t)
	node, client := n.Nodes[0], n.Orgs[0].Client()
	p := peertest.Propose(t, client, peertest.Run("kv", "put a 1"))
	n.Order(p.Endorse(t, node))
	newest := node.Ledger.Height() - 1
	want, err := node.Ledger.Block(newest)
	if err != nil {
		t.Fatal(err)
	}

	var info common.BlockchainInfo
	node.Answer(t, client, peertest.Run("qscc", "GetChainInfo", n.ID), &info)
	if info.Height != newest+1 || !bytes.Equal(info.CurrentBlockHash, block.Hash(want.Header)) || !bytes.Equal(info.PreviousBlockHash, want.Header.PreviousHash) {
		t.Errorf("chain info: got %v", &info)
	}
	for _, c := range []struct {
		function string
		key      []byte
	}{
		{"GetBlockByNumber", fmt.Append(nil, newest)},
		{"GetBlockByHash", info.CurrentBlockHash},
		{"GetBlockByTxID", []byte(p.TxID)},
	} {
		var got common.Block
		node.Answer(t, client, peertest.Call{Chaincode: "qscc", Args: [][]byte{[]byte(c.function), []byte(n.ID), c.key}}, &got)
		if !proto.Equal(&got, want) {
			t.Errorf("%s: got block %d", c.function, got.GetHeader().GetNumber())
		}
	}
	var tx pb.ProcessedTransaction
	node.Answer(t, client, peertest.Run("qscc", "GetTransactionByID", n.ID, p.TxID), &tx)
	if tx.ValidationCode != int32(pb.TxValidationCode_VALID) || !proto.Equal(tx.TransactionEnvelope, envelopeOf(t, want)) {
		t.Errorf("transaction: got %v", &tx)
	}
}

func envelopeOf(t *testing.T, b *common.Block) *common.Envelope {
	t.Helper()
	var env common.Envelope
	if err := proto.Unmarshal(b.Data.Data[0], &env); err != nil {
		t.Fatal(err)
	}
	return &env
}

func TestConfig(t *testing.T) {
	n := start(t)
	node, client := n.Nodes[0], n.Orgs[0].Client()
	var got common.Block
	node.Answer(t, client, peertest.Run("cscc", "GetConfigBlock", n.ID), &got)
	if got.Header.Number != 0 || !bytes.Equal(got.Header.DataHash, n.Genesis.Header.DataHash) {
		t.Errorf("configuration block: got %v", got.Header)
	}
	var config common.Config
	node.Answer(t, client, peertest.Run("cscc", "GetChannelConfig", n.ID), &config)
	if !proto.Equal(&config, n.Bundle.Config()) {
		t.Errorf("configuration: got sequence %d, want the genesis block's", config.Sequence)
	}
	var channels pb.ChannelQueryResponse
	node.Answer(t, client, peertest.Run("cscc", "GetChannels").OnPeer(), &channels)
	if len(channels.Channels) != 1 || channels.Channels[0].ChannelId != n.ID {
		t.Errorf("channels: got %v", channels.Channels)
	}
}

func TestRefusals(t *testing.T) {
	n := start(t)
	client, admin := n.Orgs[0].Client(), n.Orgs[0].Admin()
	reader := n.Orgs[0].Peer("reader")
	for _, c := range []struct {
		name   string
		signer *fpctest.Member
		call   peertest.Call
		want   string
	}{
		{"no arguments", client, peertest.Run("qscc"), "500 Incorrect number of arguments, 0"},
		{"no channel", client, peertest.Run("qscc", "GetChainInfo"), "500 Incorrect number of arguments, 1"},
		{"unknown channel", client, peertest.Run("qscc", "GetChainInfo", "elsewhere"), "500 Invalid chain ID, elsewhere"},
		{"unknown function", client, peertest.Run("qscc", "Nope", n.ID), "500 Requested function Nope not found."},
		{"no block number", client, peertest.Run("qscc", "GetBlockByNumber", n.ID), "500 missing 3rd argument for GetBlockByNumber"},
		{"no number", client, peertest.Run("qscc", "GetBlockByNumber", n.ID, "x"), "500 GetBlockByNumber failed: "},
		{"beyond the end", client, peertest.Run("qscc", "GetBlockByNumber", n.ID, "99"), "500 GetBlockByNumber failed: block 99 of mychannel: ledger: not found"},
		{"unknown transaction", client, peertest.Run("qscc", "GetTransactionByID", n.ID, "x"), "500 GetTransactionByID failed: transaction x of mychannel: ledger: not found"},
		{"no function", client, peertest.Run("cscc"), "500 Incorrect number of arguments, 0"},
		{"unknown function of cscc", client, peertest.Run("cscc", "Nope"), "500 Requested function Nope not found."},
		{"no channel for cscc", client, peertest.Run("cscc", "GetConfigBlock"), "500 Incorrect number of arguments, 1"},
		{"unknown channel for cscc", client, peertest.Run("cscc", "GetConfigBlock", "elsewhere"), "500 access denied for [GetConfigBlock][elsewhere]: [failed to get policy manager for channel [elsewhere]]"},
		{"joining garbage", admin, peertest.Run("cscc", "JoinChain", "\xff").OnPeer(), "500 Failed to reconstruct the genesis block"},
		{"joining what is no configuration", admin, peertest.Call{Chaincode: "cscc", Args: [][]byte{[]byte("JoinChain"), devtest.Marshal(t, block.New(0, nil, nil))}}.OnPeer(), "500 \"JoinChain\" request failed because of validation of configuration block"},
		{"joining again", admin, peertest.Call{Chaincode: "cscc", Args: [][]byte{[]byte("JoinChain"), devtest.Marshal(t, n.Genesis)}}.OnPeer(), "500 cannot create ledger of channel mychannel from genesis block"},
		{"a peer may read", reader, peertest.Run("qscc", "GetChainInfo", n.ID), "200 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := n.Nodes[0].Call(t, c.signer, c.call)
			if got := fmt.Sprintf("%d %s", r.Response.Status, r.Response.Message); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
}

// Only an administrator makes the peer join a channel, and then it is there.
func TestJoin(t *testing.T) {
	var joined []string
	n := start(t, func(c *peer.Config) { c.Joined = func(l *ledger.Ledger) { joined = append(joined, l.ChannelID()) } })
	second := devtest.NewChannel(t, "second", 1, channel.DefaultBatch)
	call := peertest.Call{Chaincode: "cscc", Args: [][]byte{[]byte("JoinChain"), devtest.Marshal(t, second.Genesis)}}.OnPeer()
	if got := n.Nodes[0].Call(t, n.Orgs[0].Client(), call).Response.Message; !strings.HasPrefix(got, "access denied for [JoinChain]") {
		t.Errorf("a client: got %q", got)
	}
	n.Nodes[0].Answer(t, n.Orgs[0].Admin(), call, nil)
	var channels pb.ChannelQueryResponse
	n.Nodes[0].Answer(t, n.Orgs[0].Client(), peertest.Run("cscc", "GetChannels").OnPeer(), &channels)
	if got, want := fmt.Sprint(len(channels.Channels), joined), "2 [second]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// Its members, not this channel's, may use it.
	ask := peertest.Run("qscc", "GetChainInfo", "second")
	ask.Channel = "second"
	n.Nodes[0].Answer(t, second.Orgs[0].Client(), ask, nil)
}
