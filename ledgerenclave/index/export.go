// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Export is a view being written down, part by part. Since views never change,
// blocks may come in meanwhile. It is not safe for concurrent use.
type Export struct {
	view   *View
	header *fpc.LedgerHeader // nil once it was written
	block  uint64            // the next one
	tx     uint32            // the next one
	next   func() (string, record, bool)
	stop   func()
	key    string // the next one
	record record
	more   bool

	nextGone func() (string, uint32, bool) // of the keys that others than enclaves removed
	stopGone func()
	gone     string // the next one
	by       uint32
	moreGone bool
}

// Export begins to write the view down. Close ends it.
func (v *View) Export() (*Export, error) {
	config, err := proto.Marshal(v.bundle.Config())
	if err != nil {
		return nil, fmt.Errorf("index: encode the configuration: %w", err)
	}
	header, err := proto.Marshal(v.header)
	if err != nil {
		return nil, fmt.Errorf("index: encode a block's header: %w", err)
	}
	e := &Export{view: v, header: &fpc.LedgerHeader{
		Config: config, BlockHeader: header, ChannelId: v.bundle.ChannelID(), Tainted: v.TaintedNamespaces(),
		Transactions: uint64(v.transactions), Keys: uint64(v.state.Len()),
	}}
	v.index.mu.RLock()
	for _, b := range v.index.names {
		e.header.Buckets = append(e.header.Buckets, &fpc.LedgerBucket{Namespace: b.namespace, Collection: b.collection})
	}
	v.index.mu.RUnlock()
	e.next, e.stop = iter.Pull2(v.state.From(""))
	e.key, e.record, e.more = e.next()
	e.nextGone, e.stopGone = iter.Pull2(v.removed.From(""))
	e.gone, e.by, e.moreGone = e.nextGone()
	return e, nil
}

// Close ends the export, also before its last part.
func (e *Export) Close() {
	e.stop()
	e.stopGone()
}

// Sizes that parts are measured by, in bytes.
const (
	blockSize       = 32 + 4
	transactionSize = 32 + 32 + 1
	keySize         = 64
)

// Part returns the next part, of about size bytes, and whether it is the last.
func (e *Export) Part(size int) (*fpc.LedgerPart, bool) {
	part := &fpc.LedgerPart{Header: e.header}
	size -= proto.Size(e.header)
	e.header = nil
	x := e.view.index
	x.mu.RLock()
	for ; size > 0 && e.block < e.view.height; e.block++ {
		part.BlockHashes = append(part.BlockHashes, x.hashes[e.block][:]...)
		part.BlockTransactions = append(part.BlockTransactions, x.txs.count(e.block))
		size -= blockSize
	}
	if e.block == e.view.height {
		size = e.transactions(part, size)
	}
	x.mu.RUnlock()
	for size > 0 && e.more && e.tx == e.view.transactions {
		size -= e.add(part)
	}
	for size > 0 && !e.more && e.tx == e.view.transactions && e.moreGone {
		part.Removed = append(part.Removed, &fpc.LedgerRemoved{Key: []byte(e.gone), By: e.by})
		size -= 8 + len(e.gone)
		e.gone, e.by, e.moreGone = e.nextGone()
	}
	last := e.block == e.view.height && e.tx == e.view.transactions && !e.more && !e.moreGone
	return part, last
}

func (e *Export) transactions(part *fpc.LedgerPart, size int) int {
	txs := e.view.index.txs
	for i := uint32(0); size > 0 && e.tx < e.view.transactions; i, e.tx = i+1, e.tx+1 {
		c, at := txs.chunks[e.tx/chunkSize], e.tx%chunkSize
		part.TransactionIds = append(part.TransactionIds, c.ids[at][:]...)
		part.TransactionPayloads = append(part.TransactionPayloads, c.payloads[at][:]...)
		part.TransactionCodes = append(part.TransactionCodes, c.codes[at])
		size -= transactionSize
		if odd, ok := txs.odd[e.tx]; ok {
			if part.OddIds == nil {
				part.OddIds = make(map[uint32]string)
			}
			part.OddIds[i] = odd
			size -= len(odd) + 8
		}
	}
	return size
}

// add adds the next key and returns its size.
func (e *Export) add(part *fpc.LedgerPart) int {
	value, _ := e.view.values.Get(e.key)
	r := e.record
	part.Keys = append(part.Keys, &fpc.LedgerKey{
		Key: []byte(e.key), Hash: r.hash[:], Metadata: []byte(e.view.packed(r)), Version: r.version, Writer: r.writer, Value: []byte(value),
	})
	size := keySize + len(e.key) + len(value)
	e.key, e.record, e.more = e.next()
	return size
}

// count returns how many transactions a block has.
func (t *transactions) count(block uint64) uint32 {
	end := t.size
	if block+1 < uint64(len(t.starts)) {
		end = t.starts[block+1]
	}
	return end - t.starts[block]
}

// sortedKeys tells whether a part's keys are in order, above an earlier one.
func sortedKeys(after string, keys []*fpc.LedgerKey) bool {
	return (len(keys) == 0 || string(keys[0].GetKey()) > after || after == "") && slices.IsSortedFunc(keys, func(a, b *fpc.LedgerKey) int {
		return slices.Compare(a.GetKey(), b.GetKey())
	})
}
