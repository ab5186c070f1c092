// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package attack

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
)

// ForgedBlocks is row 15: the host of a ledger enclave shows it other blocks than
// the channel has. Each is refused, the ledger enclave stays at its last good block,
// and goes on from there when the host is honest again.
func (w *World) ForgedBlocks(t *testing.T) {
	w.submit(t, "CreateAsset", "b1", "ann", "blue", "7")
	var last *common.Block // the newest that the peer delivered before an attack
	for _, attack := range []struct {
		name string
		show func(*common.Block) *common.Block
		want protocol.Code
	}{
		{"skipped", func(*common.Block) *common.Block { return nil }, block.CodeNotNext},
		{"repeated", func(*common.Block) *common.Block { return last }, block.CodeNotNext},
		{"links elsewhere", func(b *common.Block) *common.Block {
			b.Header.PreviousHash = flipped(b.Header.PreviousHash)
			return b
		}, block.CodeLink},
		{"tampered transaction", func(b *common.Block) *common.Block {
			b.Data.Data[0] = flipped(b.Data.Data[0])
			return b
		}, block.CodeDataHash},
		{"a transaction more, data hash made to fit", func(b *common.Block) *common.Block {
			b.Data.Data = append(b.Data.Data, b.Data.Data[0])
			b.Header.DataHash = block.DataHash(b.Data)
			return b
		}, block.CodeSignatures},
		{"signatures of another block", func(b *common.Block) *common.Block {
			b.Metadata = proto.CloneOf(last.Metadata)
			return b
		}, block.CodeSignatures},
		{"no signatures", func(b *common.Block) *common.Block {
			b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = nil
			return b
		}, block.CodeNoSignatures},
		{"forged, signed by a member who does not order", func(b *common.Block) *common.Block {
			return w.resigned(t, b)
		}, block.CodeSignatures},
	} {
		update := w.endorsed(t, w.Orgs[2].Client, "UpdateAsset", "b1", "blue", "8")
		before := w.height(t)
		good := w.Ledger.Await(w.ctx, before)
		last = w.block(t, before-1)
		w.Ledger.Lie(liar.LedgerLies{Block: func(b *common.Block) *common.Block {
			if b.GetHeader().GetNumber() != before {
				return b
			}
			return attack.show(b)
		}})
		w.order(t, w.Orgs[2].Client, update)
		if attack.name == "skipped" { // shows at the next one
			w.order(t, w.Orgs[0].Client, w.forged(t, rwset.Write{Key: "unrelated", Value: []byte("v")}))
		}
		if got := w.Ledger.AwaitRefusal(w.ctx); got != attack.want {
			t.Errorf("%s: refused with code %s, want %s", attack.name, got, attack.want)
		}
		if got := w.Ledger.Status(w.ctx); got.GetHead().GetHeight() != before || !bytes.Equal(got.GetHead().GetHash(), good.GetHash()) || got.GetStopped() != nil {
			t.Errorf("%s: got %v, want the ledger enclave at its last good block, %v", attack.name, got, good)
		}
		w.honest()
		w.level(t)
	}
	w.GoesOn(t, "b2")
}

// OtherGenesis is row 15, too: a host begins with a genesis block that is not the
// channel's. No block of the channel follows it.
func (w *World) OtherGenesis(t *testing.T) {
	genesis := w.block(t, 0)
	envelope := &common.Envelope{}
	check(t, proto.Unmarshal(genesis.Data.Data[0], envelope))
	envelope.Signature = []byte("of another channel")
	raw, err := proto.Marshal(envelope)
	check(t, err)
	genesis.Data.Data[0] = raw
	genesis.Header.DataHash = block.DataHash(genesis.Data)
	check(t, w.ledgers.Processes[2].Stop())
	l := liar.ServeLedger(w.ctx, t, w.Network, 2, genesis)
	if got := l.AwaitRefusal(w.ctx); got != block.CodeLink {
		t.Errorf("the channel's first block: refused with code %s, want %s", got, block.CodeLink)
	}
	if head := l.Status(w.ctx).GetHead(); head.GetHeight() != 1 || !bytes.Equal(head.GetHash(), block.Hash(genesis.Header)) {
		t.Errorf("got %v, want the ledger enclave at its genesis block", head)
	}
}

// block is one of the channel's, from the first organisation's peer.
func (w *World) block(t testing.TB, number uint64) *common.Block {
	t.Helper()
	b, err := w.Peer(0).Block(w.ctx, w.Channel, number, w.Orgs[0].Client, time.Now())
	check(t, err)
	return b
}

// resigned is a block with other transactions, signed by an organisation's
// administrator in the orderer's place.
func (w *World) resigned(t testing.TB, b *common.Block) *common.Block {
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	lastConfig, err := block.LastConfig(b)
	if err != nil {
		t.Error(err)
		return b
	}
	forged := block.New(b.Header.Number, b.Header.PreviousHash, slices.Clone(b.Data.Data))
	if err := block.Sign(forged, lastConfig, nil, nonce, w.Orgs[0].Admin); err != nil {
		t.Error(err)
	}
	return forged
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}
