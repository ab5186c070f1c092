// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/vectors"
)

var record = flag.Bool("record", false, "write the chains of real networks into vectors/")

// recording follows a real network's first peer and keeps what was sent, so that
// it can become a chain of vectors/.
type recording struct {
	*follower
	forger  *forger
	version string
	about   []vectors.Transaction
}

func newRecording(ctx context.Context, t *testing.T, n *Network) *recording {
	t.Helper()
	version, err := n.Programs.Version()
	if err != nil {
		t.Fatal(err)
	}
	return &recording{follower: follow(ctx, t, n), forger: newForger(t, n), version: strings.TrimPrefix(version, "v")}
}

// story is a transaction, and the verdict that it must get.
type story struct {
	name string
	want peer.TxValidationCode
	tx   *common.Envelope
}

// tell has the orderer order transactions, in this order, and checks the peer's
// verdicts. They may come in several blocks.
func (r *recording) tell(stories ...story) {
	r.t.Helper()
	for _, s := range stories {
		if err := r.n.OrdererConn().Broadcast(r.ctx, s.tx); err != nil {
			r.t.Fatalf("%s: the orderer refuses it: %v", s.name, err)
		}
	}
	for len(stories) > 0 {
		n := r.next()
		r.check(stories[:n])
		stories = stories[n:]
	}
}

// show has a forging orderer show transactions to the peers, in one block.
func (r *recording) show(o *forgingOrderer, stories ...story) {
	r.t.Helper()
	var all [][]byte
	for _, s := range stories {
		all = append(all, encode(r.t, s.tx))
	}
	o.order(all...)
	r.next()
	r.check(stories)
}

// check compares the verdicts of the newest block with the expected ones.
func (r *recording) check(stories []story) {
	r.t.Helper()
	newest := r.chain[len(r.chain)-1]
	codes := newest.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	for i, s := range stories {
		got := peer.TxValidationCode(codes[i])
		if got != s.want {
			r.t.Errorf("%s: the peer says %s, want %s", s.name, got, s.want)
		}
		r.about = append(r.about, vectors.Transaction{Name: s.name, Block: newest.Header.Number, Tx: i, Expect: got.String()})
	}
}

// define has all organisations approve a chaincode definition and commits it.
func (r *recording) define(name, rule string, sequence int64) {
	r.t.Helper()
	parameter, err := deploy.PolicyParameter(rule)
	if err != nil {
		r.t.Fatal(err)
	}
	d := lifecycle.Definition{Name: name, Version: "1.0", Sequence: sequence, ValidationParameter: parameter}
	if err := r.n.Define(r.ctx, d, make([]string, len(r.n.Orgs))); err != nil {
		r.t.Fatal(err)
	}
	for i := range r.n.Orgs {
		r.came(fmt.Sprintf("approval of %s, sequence %d, by organisation %d", name, sequence, i+1))
	}
	r.came(fmt.Sprintf("commit of %s, sequence %d", name, sequence))
}

// came takes the peer's next block, which holds one valid transaction.
func (r *recording) came(name string) {
	r.t.Helper()
	if n := r.next(); n != 1 {
		r.t.Fatalf("%s: got a block of %d transactions, want 1", name, n)
	}
	r.check([]story{{name: name}})
}

// configure changes the channel's configuration.
func (r *recording) configure(name string, change func(*common.ConfigGroup), signers ...msp.Signer) {
	r.t.Helper()
	if err := r.n.OrdererConn().Broadcast(r.ctx, r.configUpdate(change, signers)); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	r.came(name)
}

// write writes the chain into vectors/, if the tests were told to.
func (r *recording) write(kind, orderers string) {
	r.t.Helper()
	r.t.Logf("%d blocks, verdicts %v", len(r.chain), r.counts)
	if !*record || r.t.Failed() {
		return
	}
	c := vectors.Chain{
		Name: "fabric-" + r.version + "-" + kind, Fabric: r.version, Orderers: orderers,
		Recorded:     "FABRIC_BIN=… FABRIC_CFG=… go test ./e2e/realfabric -run '^" + r.t.Name() + "$' -record",
		Transactions: r.about, Blocks: r.chain,
	}
	for i, b := range c.Blocks {
		c.Blocks[i] = proto.CloneOf(b)
	}
	files, err := c.Files("../../vectors")
	if err != nil {
		r.t.Fatal(err)
	}
	for name, raw := range files {
		if err := os.WriteFile(name, raw, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}
