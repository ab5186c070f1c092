// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

func deliver(t *testing.T, node *peertest.Node, signer msp.Signer, filtered bool, from uint64) rpc.DeliverClientStream {
	t.Helper()
	client := rpc.NewDeliverClient(node.Conn)
	call := client.Deliver
	if filtered {
		call = client.DeliverFiltered
	}
	stream, err := call(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := func(n uint64) *orderer.SeekPosition {
		return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: n}}}
	}
	if err := stream.Send(devtest.Signed(t, common.HeaderType_DELIVER_SEEK_INFO, peertest.ChannelID, &orderer.SeekInfo{Start: at(from), Stop: at(from)}, signer)); err != nil {
		t.Fatal(err)
	}
	return stream
}

// Blocks come as they are committed, with the verdicts in them.
func TestDelivery(t *testing.T) {
	n := peertest.Start(t, 2)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	node, reader := n.Nodes[1], n.Orgs[0].Client()
	number := node.Ledger.Height()
	blocks, filtered := deliver(t, node, reader, false, number), deliver(t, node, reader, true, number)
	p := peertest.Propose(t, reader, peertest.Run("kv", "put a 1", "event sold now"))
	n.Order(p.Endorse(t, n.Nodes[0])) // too few: invalid

	got, err := blocks.Recv()
	if err != nil {
		t.Fatal(err)
	}
	want, err := node.Ledger.Block(number)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got.GetBlock(), want) {
		t.Errorf("block: got %v", got)
	}
	short, err := filtered.Recv()
	if err != nil {
		t.Fatal(err)
	}
	txs := short.GetFilteredBlock().GetFilteredTransactions()
	if len(txs) != 1 || txs[0].Txid != p.TxID || txs[0].TxValidationCode != pb.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("filtered block: got %v", short)
	}
}

// The peer's clock decides about requests for blocks too.
func TestDeliveryByThePeersClock(t *testing.T) {
	n := peertest.Start(t, 1, func(c *peer.Config) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } })
	r, err := deliver(t, n.Nodes[0], n.Orgs[0].Client(), false, 0).Recv()
	if err != nil || r.GetStatus() != common.Status_BAD_REQUEST {
		t.Errorf("got %v, %v, want BAD_REQUEST", r, err)
	}
}

// A peer over a directory of packages knows them after a restart.
func TestRestartKeepsPackages(t *testing.T) {
	n := peertest.Start(t, 1)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	node := n.Nodes[0]
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	n.Restart(node)
	if got, want := string(node.Answer(t, n.Orgs[0].Client(), peertest.Run("kv", "get a"), nil)), "<>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewNeedsItsDirectory(t *testing.T) {
	if _, err := peer.New(peer.Config{Dir: "/dev/null/packages"}); err == nil {
		t.Error("got a peer without a directory for its packages")
	}
}
