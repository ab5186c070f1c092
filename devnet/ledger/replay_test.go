// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/vectors"
)

// ordered is a block as it left the orderer: without what the peer added.
func ordered(b *common.Block) *common.Block {
	o := proto.CloneOf(b)
	o.Metadata.Metadata = o.Metadata.Metadata[:common.BlockMetadataIndex_ORDERER]
	o.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER] = nil
	return o
}

// The ledger comes to the verdicts and, by the commit hash, to the state of the
// real peers that stored these chains, also when it is reopened on the way.
func TestReplayOfRealChains(t *testing.T) {
	chains, err := vectors.Chains()
	if err != nil || len(chains) == 0 {
		t.Fatalf("chains of vectors/: got %d, %v, want some", len(chains), err)
	}
	for _, c := range chains {
		t.Run(c.Name, func(t *testing.T) {
			blocks, store := c.Blocks, memory(t)
			p, err := Open(store, ownMS)
			if err != nil {
				t.Fatal(err)
			}
			l, err := p.Join(ordered(blocks[0]))
			if err != nil {
				t.Fatal(err)
			}
			for n, want := range blocks[1:] {
				if n == len(blocks)/2 {
					l = reopened(t, store, l.ChannelID())
				}
				if err := l.Commit(t.Context(), ordered(want)); err != nil {
					t.Fatalf("block %d: %v", want.Header.Number, err)
				}
				got, err := l.Block(want.Header.Number)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, got, want)
			}
		})
	}
}

func reopened(t *testing.T, store kv.Store, channelID string) *Ledger {
	t.Helper()
	p, err := Open(store, ownMS)
	if err != nil {
		t.Fatal(err)
	}
	l, ok := p.Channel(channelID)
	if !ok {
		t.Fatalf("channel %s is gone", channelID)
	}
	return l
}

func compare(t *testing.T, got, want *common.Block) {
	t.Helper()
	number := want.Header.Number
	wantCodes, err := block.Filter(want)
	if err != nil {
		t.Fatal(err)
	}
	gotCodes, err := block.Filter(got)
	if err != nil {
		t.Fatal(err)
	}
	for i := range wantCodes {
		if gotCodes[i] != wantCodes[i] {
			t.Errorf("block %d, transaction %d: got %v, want %v", number, i, gotCodes[i], wantCodes[i])
		}
	}
	wantHash, err := CommitHash(want)
	if err != nil || len(wantHash) == 0 {
		t.Fatalf("recorded commit hash of block %d: got %x, %v, want one", number, wantHash, err)
	}
	if gotHash, err := CommitHash(got); err != nil || !bytes.Equal(gotHash, wantHash) {
		t.Fatalf("commit hash of block %d: got %x, %v, want %x", number, gotHash, err, wantHash)
	}
}

func TestVersionBytes(t *testing.T) {
	for _, c := range []struct {
		v    Version
		want []byte
	}{
		{Version{}, []byte{0, 0}},
		{Version{Block: 1, Tx: 0}, []byte{1, 1, 0}},
		{Version{Block: 255, Tx: 256}, []byte{1, 255, 2, 1, 0}},
		{Version{Block: 1<<63 + 2}, []byte{8, 128, 0, 0, 0, 0, 0, 0, 2, 0}},
	} {
		if got := versionBytes(c.v); !bytes.Equal(got, c.want) {
			t.Errorf("%+v: got %x, want %x", c.v, got, c.want)
		}
	}
}
