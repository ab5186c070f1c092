// SPDX-License-Identifier: Apache-2.0

// Package index is trusted: it is what a ledger enclave remembers of a chain, in
// as little memory as possible. Of each key: the hash of its value, version,
// metadata and writer; of few namespaces the values too; of each transaction its
// place, verdict and payload hash; of each block its hash (docs/flows.md VAL-8).
//
// A [View] is the index at one head. It never changes, so that several hosts'
// enclaves can be answered alike at a head while blocks come in.
package index

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Index is the index of one channel. It is safe for concurrent use; blocks come
// one at a time.
type Index struct {
	keep      func(namespace string) bool
	keptHeads int

	mu      sync.RWMutex // guards the following, which only grow
	txs     *transactions
	hashes  [][32]byte // of all blocks' headers
	buckets map[bucket]uint32
	names   []bucket // by number
	views   []*View  // the newest ones, oldest first; the last is the head

	metadata *metadata // of whoever adds blocks; views have their own slices of it
}

// bucket is a namespace's public state, or the hashed state of a collection.
type bucket struct{ namespace, collection string }

// New returns an empty index that keeps the values of the namespaces for which
// keepValues is true, and so many heads.
func New(keepValues func(namespace string) bool, keptHeads int) *Index {
	return &Index{
		keep: keepValues, keptHeads: max(1, keptHeads), txs: newTransactions(), buckets: make(map[bucket]uint32),
		metadata: newMetadata(),
	}
}

// Judged is a block with what validation made of it.
type Judged struct {
	Header *common.BlockHeader
	Result *validate.Result
	// Payloads are the hashes of the transactions' payloads, zero where there
	// is none.
	Payloads [][sha256.Size]byte
	// Bundle is the configuration after the block.
	Bundle *channel.Bundle
	// ByEnclaves says whether a transaction's change of a key counts as endorsed
	// by enclaves. Nil: none does.
	ByEnclaves func(tx int, namespace, key string) bool
	// Foreign says whether a transaction removed a key of a namespace where
	// enclaves alone may, without their endorsement. Such keys are remembered:
	// whoever finds nothing there is told who removed it. So are, whatever it
	// says, keys that enclaves wrote and others took away. Nil: none did.
	Foreign func(tx int, namespace, key string) bool
	// Tainted are namespaces whose state is unknown from this block on.
	Tainted []string
}

// Add adds the next block. It changes nothing if it fails: if the block is not
// the next one, or there is no number left for its transactions.
func (x *Index) Add(j *Judged) (*View, error) {
	previous := x.Newest()
	height := uint64(0)
	if previous != nil {
		height = previous.height
	}
	if j.Header.GetNumber() != height {
		return nil, fmt.Errorf("index: block %d is not the next one, %d", j.Header.GetNumber(), height)
	}
	if len(j.Payloads) != len(j.Result.Txs) {
		return nil, fmt.Errorf("index: %d payload hashes for %d transactions", len(j.Payloads), len(j.Result.Txs))
	}
	u := &update{x: x, judged: j, first: x.transactionCount()}
	if uint64(u.first)+uint64(len(j.Result.Txs)) > maxTransactions {
		return nil, ErrFull
	}
	next := &View{index: x, height: height + 1, bundle: j.Bundle, header: j.Header, hash: [32]byte(block.Hash(j.Header))}
	if previous == nil {
		previous = &View{index: x}
	}
	x.metadata.tidy(previous.state)
	u.changes(previous)
	next.metadata = x.metadata.entries
	next.state, next.values = previous.state.Apply(u.state), previous.values.Apply(u.values)
	next.removed = previous.removed.Apply(u.removed)
	next.tainted = previous.tainted
	for _, namespace := range j.Tainted {
		if !next.tainted[namespace] {
			next.tainted = maps.Clone(next.tainted)
			if next.tainted == nil {
				next.tainted = make(map[string]bool)
			}
			next.tainted[namespace] = true
		}
	}
	x.publish(next, u.transactions())
	return next, nil
}

func (x *Index) publish(next *View, txs []Transaction) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.txs.addBlock(txs)
	x.hashes = append(x.hashes, next.hash)
	next.transactions = x.txs.size
	if len(x.views) >= x.keptHeads {
		x.views = slices.Delete(x.views, 0, len(x.views)-x.keptHeads+1)
	}
	x.views = append(x.views, next)
}

func (x *Index) transactionCount() uint32 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.txs.size
}

// Newest returns the view at the newest head, nil before the first block.
func (x *Index) Newest() *View {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if len(x.views) == 0 {
		return nil
	}
	return x.views[len(x.views)-1]
}

// At returns the view at a height; nil if there is none yet or it is no longer
// kept.
func (x *Index) At(height uint64) *View {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if len(x.views) == 0 || height < x.views[0].height || height > x.views[len(x.views)-1].height {
		return nil
	}
	return x.views[height-x.views[0].height]
}

// Oldest returns the lowest height that [Index.At] knows.
func (x *Index) Oldest() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if len(x.views) == 0 {
		return 0
	}
	return x.views[0].height
}

// HashAt returns the hash of the block below a height: of block height-1. It is
// known for every height from 1 to the newest.
func (x *Index) HashAt(height uint64) ([]byte, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if height == 0 || height > uint64(len(x.hashes)) {
		return nil, false
	}
	return x.hashes[height-1][:], true
}

// prefix returns what the keys of a bucket begin with in the trees; false if
// nothing was ever written there.
func (x *Index) prefix(in bucket) (string, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.buckets[in]
	return prefixOf(n), ok
}

func prefixOf(n uint32) string {
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// prefixFor is prefix for a bucket that something is written to.
func (x *Index) prefixFor(in bucket) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	n, ok := x.buckets[in]
	if !ok {
		n = uint32(len(x.names))
		x.buckets[in] = n
		x.names = append(x.names, in)
	}
	return prefixOf(n)
}

// head is how a view's place is told.
func head(height uint64, hash [32]byte) *fpc.Head { return &fpc.Head{Height: height, Hash: hash[:]} }
