// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// every is how many rounds lie between two configuration updates.
const every = 2

// TestVerdicts follows a real peer, block by block, with the embedded network's
// ledger: over random transactions, malformed ones, and configuration updates and
// revocations between them both must come to the same verdicts and, by COMMIT_HASH,
// to the same state. So must a ledger enclave that the same chain is streamed
// through.
//
// FABRIC_ROUNDS and FABRIC_SEED make it longer and different: 1200 rounds are some
// 15,000 transactions. -record writes it into vectors/.
func TestVerdicts(t *testing.T) {
	ctx, n := startNetwork(t)
	two, err := deploy.PolicyParameter("OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []lifecycle.Definition{
		{Name: "kv", Version: "1.0", Sequence: 1, ValidationParameter: two}, {Name: "plain", Version: "1.0", Sequence: 1},
	} {
		if err := n.Define(ctx, d, make([]string, len(n.Orgs))); err != nil {
			t.Fatal(err)
		}
	}
	r := newRecording(ctx, t, n)
	f := r.follower
	g := &generator{f: f, forger: r.forger, random: rand.New(rand.NewPCG(number(t, "FABRIC_SEED", 1), 0))}
	for i := range int(number(t, "FABRIC_ROUNDS", 20)) {
		f.take(f.submit(g.round()...))
		if i%every == every-1 {
			g.reconfigure(i / every)
		}
	}
	spoiltOnes(f, g.forger)
	longRanges(f, g.forger)
	configUpdates(f)
	r.judgedByLedgerEnclave()
	r.write("random", "one raft orderer")
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// follower holds the embedded ledger beside a real peer's.
type follower struct {
	t      *testing.T
	ctx    context.Context
	n      *Network
	ledger *ledger.Ledger
	chain  []*common.Block // the peer's
	counts map[peer.TxValidationCode]int
}

// follow joins the channel and takes over what the first peer has.
func follow(ctx context.Context, t *testing.T, n *Network) *follower {
	t.Helper()
	store := kv.NewMemory()
	t.Cleanup(func() { store.Close() })
	ledgers, err := ledger.Open(store, n.Orgs[0].MSPID)
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{t: t, ctx: ctx, n: n, chain: []*common.Block{n.Genesis}, counts: make(map[peer.TxValidationCode]int)}
	if f.ledger, err = ledgers.Join(n.Genesis); err != nil {
		t.Fatal(err)
	}
	resp, err := n.As(n.Orgs[0].Client).Evaluate(ctx, fabric.Call{Chaincode: "qscc", Args: fabric.Args("GetChainInfo", n.Channel)})
	if err != nil {
		t.Fatal(err)
	}
	info := &common.BlockchainInfo{}
	if err := proto.Unmarshal(resp.Payload, info); err != nil {
		t.Fatal(err)
	}
	for f.ledger.Height() < info.Height {
		f.next()
	}
	return f
}

// next takes the peer's next block, waiting for it, and compares. It answers
// how many transactions it holds.
func (f *follower) next() int {
	f.t.Helper()
	height := f.ledger.Height()
	ctx, cancel := context.WithTimeout(f.ctx, 30*time.Second)
	defer cancel()
	theirs, err := f.n.Peers()[0].Block(ctx, f.n.Channel, height, f.n.Orgs[0].Client, time.Now())
	if err != nil {
		f.t.Fatalf("block %d: %v", height, err)
	}
	f.chain = append(f.chain, theirs)
	if err := f.ledger.Commit(ctx, theirs); err != nil {
		f.t.Fatalf("block %d: %v", height, err)
	}
	ours, err := f.ledger.Block(height)
	if err != nil {
		f.t.Fatal(err)
	}
	want, err := block.Filter(theirs)
	if err != nil {
		f.t.Fatal(err)
	}
	got, err := block.Filter(ours)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range want {
		f.counts[want[i]]++
		if got[i] != want[i] {
			f.t.Errorf("block %d, transaction %d: got %s, the peer says %s", height, i, got[i], want[i])
		}
	}
	const slot = common.BlockMetadataIndex_COMMIT_HASH
	if got, want := ours.Metadata.Metadata[slot], theirs.Metadata.Metadata[slot]; !bytes.Equal(got, want) {
		f.t.Fatalf("block %d changes the state differently: got COMMIT_HASH %x, the peer's is %x", height, got, want)
	}
	return len(theirs.Data.Data)
}

// take follows until n more transactions came.
func (f *follower) take(n int) {
	f.t.Helper()
	for n > 0 {
		n -= f.next()
	}
}

// submit sends envelopes to the orderer and answers how many it took.
func (f *follower) submit(envelopes ...*common.Envelope) int {
	f.t.Helper()
	taken := 0
	for _, e := range envelopes {
		if err := f.n.OrdererConn().Broadcast(f.ctx, e); err != nil {
			f.t.Logf("not ordered: %v", err)
			continue
		}
		taken++
	}
	return taken
}

// peerSigner is the identity of an organisation's peer: with it a test endorses
// what no chaincode ever computed.
func (n *Network) peerSigner(t *testing.T, org int) msp.Signer {
	t.Helper()
	signer, err := ca.ReadSigner(n.orgs[org].MSPID, filepath.Join(n.orgs[org].NodeDir("peer0"), "msp"))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
