// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
)

const (
	perBlock = 500 // transactions
	// chainKeys is how many keys the chain's transactions read and write.
	chainKeys = 50_000
	// madeAtOnce is how many blocks are made before the ledger enclave gets them.
	madeAtOnce = 5
)

// ledgerChain makes a chain and feeds it to a ledger enclave.
type ledgerChain struct {
	*ledgertest.Chain
	enclave  *ledgerenclave.Enclave
	random   *rand.Rand
	versions map[int]rwset.Version // of each key that was written
	signers  []msp.Signer
}

// signature is one of a block's signatures, to be verified alone.
type signature struct {
	key       *ecdsa.PublicKey
	message   []byte
	signature []byte
}

// madeBlock is a block for the ledger enclave.
type madeBlock struct {
	raw        []byte
	signatures []signature
}

func newLedgerChain(t *bench) *ledgerChain {
	platform, err := guest.New(make([]byte, guest.LauncherRecordSize))
	t.check(err)
	enclave, err := ledgerenclave.New(ledgerenclave.Config{Platform: platform})
	t.check(err)
	c := &ledgerChain{Chain: ledgertest.New(t, 3), enclave: enclave, random: rand.New(rand.NewPCG(1, 2)), versions: make(map[int]rwset.Version)}
	c.signers = []msp.Signer{c.Peer(1), c.Peer(2)}
	_, err = enclave.Join(t.ctx, &fpc.JoinRequest{Genesis: c.Blocks[0], StateDatabase: ledgerenclave.LevelDB})
	t.check(err)
	rule := ledgertest.Rule(t, "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")
	t.check(c.feed(t.ctx, madeBlock{raw: c.Block(c.Define(lifecycle.Definition{Name: "kv", ValidationParameter: rule}))}, 1))
	return c
}

// feed hands the ledger enclave a block of so many transactions, all valid.
func (c *ledgerChain) feed(ctx context.Context, b madeBlock, transactions uint32) error {
	resp, err := c.enclave.NextBlock(ctx, &fpc.NextBlockRequest{Block: b.raw})
	if err == nil && resp.GetValid() != transactions {
		err = fmt.Errorf("block %d: %d of %d transactions are valid", resp.GetHead().GetHeight()-1, resp.GetValid(), transactions)
	}
	return err
}

// make makes the next blocks. Each transaction reads and writes a key, and has
// three signatures: its creator's and two peers'.
func (c *ledgerChain) make(blocks int) []madeBlock {
	made := make([]madeBlock, blocks)
	for i := range made {
		number := c.Height()
		txs := make([]ledgertest.Tx, perBlock)
		chosen := c.random.Perm(chainKeys)[:perBlock]
		for j, key := range chosen {
			txs[j] = c.transfer(key)
		}
		for j, key := range chosen {
			c.versions[key] = rwset.Version{Block: number, Tx: uint64(j)}
		}
		raw := make([][]byte, perBlock)
		parallel(perBlock, func(j int) { raw[j], _ = c.Tx(txs[j]) })
		made[i].raw = c.Block(raw...)
		c.Blocks[number] = nil // not kept twice
		made[i].signatures = c.signatures(raw)
	}
	return made
}

func (c *ledgerChain) transfer(key int) ledgertest.Tx {
	name := fmt.Sprintf("account/%08d", key)
	ns := rwset.Namespace{Name: "kv", Reads: []rwset.Read{{Key: name}}, Writes: []rwset.Write{{Key: name, Value: make([]byte, valueSize)}}}
	if v, ok := c.versions[key]; ok {
		ns.Reads[0].Version = &v
	}
	return ledgertest.Tx{Chaincode: "kv", Namespaces: []rwset.Namespace{ns}, Endorsers: c.signers}
}

// signatures takes the signatures out of envelopes.
func (c *ledgerChain) signatures(envelopes [][]byte) []signature {
	var all []signature
	for _, raw := range envelopes {
		env := &common.Envelope{}
		if err := proto.Unmarshal(raw, env); err != nil {
			c.T.Fatal(err)
		}
		opened, err := envelope.Open(env)
		if err != nil {
			c.T.Fatal(err)
		}
		tx, err := opened.Transaction()
		if err != nil {
			c.T.Fatal(err)
		}
		all = append(all, signature{&c.Client(1).Key.PublicKey, env.GetPayload(), env.GetSignature()})
		for i, claim := range tx.Claims() {
			all = append(all, signature{&c.Peer(i + 1).Key.PublicKey, claim.Data, claim.Signature})
		}
	}
	return all
}

// verify verifies signatures on all processors, and nothing else.
func verify(all []signature) error {
	var bad atomic.Bool
	parallel(len(all), func(i int) {
		sum := sha256.Sum256(all[i].message)
		if !ecdsa.VerifyASN1(all[i].key, sum[:], all[i].signature) {
			bad.Store(true)
		}
	})
	if bad.Load() {
		return errors.New("a signature does not verify")
	}
	return nil
}

// parallel calls f for 0 to n-1, on all processors.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
}

// taken is how long blocks took.
type taken struct {
	crypto, ledger []time.Duration
	ratios         []float64 // of the first to the second
}

// compare feeds blocks, on so many processors, and verifies their signatures
// alone beside it.
func (c *ledgerChain) compare(ctx context.Context, blocks, processors int) (taken, error) {
	var t taken
	for made := range c.batches(blocks) {
		err := func() error {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			for _, b := range made {
				begun := time.Now()
				if err := verify(b.signatures); err != nil {
					return err
				}
				crypto := time.Since(begun)
				begun = time.Now()
				if err := c.feed(ctx, b, perBlock); err != nil {
					return err
				}
				ledger := time.Since(begun)
				t.crypto, t.ledger = append(t.crypto, crypto), append(t.ledger, ledger)
				t.ratios = append(t.ratios, float64(crypto)/float64(ledger))
			}
			return nil
		}()
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// batches makes so many blocks, some at a time.
func (c *ledgerChain) batches(blocks int) func(yield func([]madeBlock) bool) {
	return func(yield func([]madeBlock) bool) {
		for blocks > 0 {
			n := min(blocks, madeAtOnce)
			if !yield(c.make(n)) {
				return
			}
			blocks -= n
		}
	}
}

// chainMemory is how much memory a ledger enclave has in use while it follows a
// chain.
type chainMemory struct {
	chain        *ledgerChain
	before, most int64 // bytes
}

func (c *ledgerChain) memory() *chainMemory {
	used := heap()
	return &chainMemory{c, used, used}
}

// look looks how much is in use, before what is garbage is collected.
func (m *chainMemory) look() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	m.most = max(m.most, int64(now.HeapAlloc))
}

// since tells what so many transactions have added.
func (m *chainMemory) since(transactions int) string {
	added := heap() - m.before
	runtime.KeepAlive(m.chain)
	return fmt.Sprintf("heap: %.1f MiB before, %.1f MiB more after it (%.0f bytes a transaction, %d keys), at most %.1f MiB with garbage and the blocks being made",
		float64(m.before)/mebibyte, float64(added)/mebibyte, float64(added)/float64(transactions), chainKeys, float64(m.most)/mebibyte)
}

// ledger measures how fast a ledger enclave follows a chain: beside the signature
// checks alone, on one processor and on all, and over a long chain.
func ledger(ctx context.Context, c Config, _ string) (figures []Figure, err error) {
	t := newBench(ctx)
	defer t.close(&err)
	chain := newLedgerChain(t)
	compared, processors := pick(c, 5, 30), runtime.NumCPU()
	if _, err := chain.compare(ctx, 2, processors); err != nil { // warm up
		return nil, err
	}
	one, err := chain.compare(ctx, compared, 1)
	if err != nil {
		return nil, err
	}
	all, err := chain.compare(ctx, compared, processors)
	if err != nil {
		return nil, err
	}
	caughtUp, err := chain.catchUp(ctx, c)
	if err != nil {
		return nil, err
	}
	rate := func(d time.Duration) string { return fmt.Sprintf("%.0f transactions/s", perBlock/d.Seconds()) }
	var scaling []float64
	for i := range all.ledger {
		scaling = append(scaling, float64(one.ledger[i])/float64(all.ledger[i])/float64(processors))
	}
	return []Figure{
		figure(LedgerOverCrypto, "", "rate at which a ledger enclave judges blocks over the rate at which their signatures alone verify, on one core; at least 0.8 is asked for", one.ratios,
			fmt.Sprintf("one core: %s judged, %s verified", rate(median(one.ledger)), rate(median(one.crypto))),
			fmt.Sprintf("%d cores: %s judged, %s verified", processors, rate(median(all.ledger)), rate(median(all.crypto)))),
		figure(LedgerScaling, "", fmt.Sprintf("rate on %d cores over that many times the rate on one", processors), scaling),
		caughtUp,
	}, nil
}

// catchUp measures how long a ledger enclave takes over a long chain.
func (c *ledgerChain) catchUp(ctx context.Context, config Config) (Figure, error) {
	memory := c.memory()
	fed := 0
	var spent time.Duration
	var runs []float64 // of each batch, for the whole chain
	blocks := pick(config, 10, 200)
	for made := range c.batches(blocks) {
		start := time.Now()
		for _, b := range made {
			if err := c.feed(ctx, b, perBlock); err != nil {
				return Figure{}, err
			}
		}
		took := time.Since(start)
		memory.look()
		spent += took
		fed += len(made)
		runs = append(runs, took.Seconds()*float64(blocks)/float64(len(made)))
		if fed%50 == 0 {
			config.say("%s: %d of %d blocks", LedgerCatchUp, fed, blocks)
		}
	}
	name := LedgerCatchUp
	if config.Quick {
		name = LedgerCatchUpQuick
	}
	return Figure{
		Name: name, Value: spent.Seconds(), Runs: runs, Unit: " s",
		Meaning: fmt.Sprintf("a ledger enclave follows a chain of %d transactions, each with three signatures", blocks*perBlock),
		Details: []string{
			fmt.Sprintf("%.0f transactions/s on %d cores", float64(blocks*perBlock)/spent.Seconds(), runtime.NumCPU()),
			memory.since(blocks * perBlock),
		},
	}, nil
}
