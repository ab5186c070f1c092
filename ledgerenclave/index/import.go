// SPDX-License-Identifier: Apache-2.0

package index

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Import is an index being read from the parts of an export. Parts come from
// where nobody could alter them; what does not fit together is an error all the
// same. It is not safe for concurrent use.
type Import struct {
	index    *Index
	header   *fpc.LedgerHeader
	view     *View
	counts   []uint32      // transactions of each block
	txs      []Transaction // of the block under way
	last     string        // key
	lastGone string        // removed key
}

// errImport is the cause of all errors of an import.
var errImport = errors.New("index: the parts do not fit together")

func misfit(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errImport}, args...)...)
}

// NewImport makes an index of an export's parts; the arguments are those of New.
func NewImport(keepValues func(namespace string) bool, keptHeads int) *Import {
	return &Import{index: New(keepValues, keptHeads)}
}

// Add takes the next part.
func (m *Import) Add(part *fpc.LedgerPart) error {
	if (part.GetHeader() != nil) != (m.header == nil) {
		return misfit("the header comes first, and once")
	}
	if part.GetHeader() != nil {
		if err := m.begin(part.GetHeader()); err != nil {
			return err
		}
	}
	if err := m.blocks(part); err != nil {
		return err
	}
	if err := m.transactions(part); err != nil {
		return err
	}
	if err := m.keys(part.GetKeys()); err != nil {
		return err
	}
	return m.removed(part.GetRemoved())
}

func (m *Import) begin(h *fpc.LedgerHeader) error {
	config, header := &common.Config{}, &common.BlockHeader{}
	if err := errors.Join(proto.Unmarshal(h.GetConfig(), config), proto.Unmarshal(h.GetBlockHeader(), header)); err != nil {
		return misfit("%w", err)
	}
	bundle, err := channel.NewBundle(h.GetChannelId(), config)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	m.header = h
	m.view = &View{index: m.index, height: header.GetNumber() + 1, hash: [32]byte(block.Hash(header)), header: header, bundle: bundle}
	for i, b := range h.GetBuckets() {
		in := bucket{b.GetNamespace(), b.GetCollection()}
		if m.index.prefixFor(in) != prefixOf(uint32(i)) {
			return misfit("bucket %d stands there twice", i)
		}
	}
	if len(h.GetTainted()) > 0 {
		m.view.tainted = make(map[string]bool)
		for _, namespace := range h.GetTainted() {
			m.view.tainted[namespace] = true
		}
	}
	return nil
}

func (m *Import) blocks(part *fpc.LedgerPart) error {
	hashes := part.GetBlockHashes()
	if len(hashes) != 32*len(part.GetBlockTransactions()) {
		return misfit("%d bytes of hashes for %d blocks", len(hashes), len(part.GetBlockTransactions()))
	}
	for i, n := range part.GetBlockTransactions() {
		m.index.hashes = append(m.index.hashes, [32]byte(hashes[32*i:]))
		m.counts = append(m.counts, n)
	}
	return nil
}

func (m *Import) transactions(part *fpc.LedgerPart) error {
	codes, ids, payloads := part.GetTransactionCodes(), part.GetTransactionIds(), part.GetTransactionPayloads()
	if len(ids) != 32*len(codes) || len(payloads) != 32*len(codes) {
		return misfit("%d ids and %d payload hashes in bytes for %d transactions", len(ids), len(payloads), len(codes))
	}
	for i, code := range codes {
		m.flush()
		if len(m.counts) == 0 {
			return misfit("more transactions than the blocks have")
		}
		id := name{id: [32]byte(ids[32*i:])}.String()
		if odd, ok := part.GetOddIds()[uint32(i)]; ok {
			id = odd
		}
		m.txs = append(m.txs, Transaction{TxID: id, Code: code, Payload: [32]byte(payloads[32*i:])})
		m.flush()
	}
	return nil
}

// flush enters the block under way if all its transactions are there.
func (m *Import) flush() {
	for len(m.counts) > 0 && int(m.counts[0]) == len(m.txs) {
		m.index.txs.addBlock(m.txs)
		m.counts, m.txs = m.counts[1:], m.txs[:0]
	}
}

func (m *Import) keys(keys []*fpc.LedgerKey) error {
	if !sortedKeys(m.last, keys) {
		return misfit("the keys are not in order")
	}
	state := make([]Change[record], 0, len(keys))
	var values []Change[string]
	for _, k := range keys {
		key := string(k.GetKey())
		if len(key) < 4 || int(binary.BigEndian.Uint32(k.GetKey())) >= len(m.index.names) || key == m.last {
			return misfit("a key of no bucket, or twice the same")
		}
		if len(k.GetHash()) != 32 {
			return misfit("a hash of %d bytes", len(k.GetHash()))
		}
		m.last = key
		r := record{hash: [32]byte(k.GetHash()), version: k.GetVersion(), writer: k.GetWriter()}
		r.metadata = m.index.metadata.intern(string(k.GetMetadata()))
		state = append(state, Change[record]{Key: key, Value: r})
		in := m.index.names[binary.BigEndian.Uint32(k.GetKey())]
		if in.collection == "" && m.index.keep(in.namespace) {
			values = append(values, Change[string]{Key: key, Value: string(k.GetValue())})
		}
		if r.version >= m.index.txs.size || r.writer&^byEnclaves >= m.index.txs.size {
			return misfit("a key was written by no transaction")
		}
	}
	m.view.state, m.view.values = m.view.state.Apply(state), m.view.values.Apply(values)
	return nil
}

func (m *Import) removed(removed []*fpc.LedgerRemoved) error {
	changes := make([]Change[uint32], 0, len(removed))
	for _, r := range removed {
		key := string(r.GetKey())
		if len(key) < 4 || int(binary.BigEndian.Uint32(r.GetKey())) >= len(m.index.names) || key <= m.lastGone {
			return misfit("a removed key of no bucket, or out of order")
		}
		if r.GetBy() >= m.index.txs.size {
			return misfit("a key was removed by no transaction")
		}
		m.lastGone = key
		changes = append(changes, Change[uint32]{Key: key, Value: r.GetBy()})
	}
	m.view.removed = m.view.removed.Apply(changes)
	return nil
}

// Finish returns the index after the last part. It knows one head only, that of
// the export.
func (m *Import) Finish() (*Index, error) {
	if m.header == nil {
		return nil, misfit("there is no header")
	}
	m.flush()
	x, v := m.index, m.view
	switch {
	case len(m.counts) > 0 || len(m.txs) > 0 || uint64(x.txs.size) != m.header.GetTransactions():
		return nil, misfit("%d transactions, want %d", x.txs.size, m.header.GetTransactions())
	case uint64(v.state.Len()) != m.header.GetKeys():
		return nil, misfit("%d keys, want %d", v.state.Len(), m.header.GetKeys())
	case uint64(len(x.hashes)) != v.height || x.hashes[v.height-1] != v.hash:
		return nil, misfit("%d blocks, want %d", len(x.hashes), v.height)
	}
	v.transactions, v.metadata = x.txs.size, x.metadata.entries
	x.views = []*View{v}
	return x, nil
}
