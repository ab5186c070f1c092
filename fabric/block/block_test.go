// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func code(err error) string {
	var e *block.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "no block.Error: " + err.Error()
	}
	return ""
}

// TestHeaderBytes: the numbers' encoding is DER's, up to the largest.
func TestHeaderBytes(t *testing.T) {
	for _, c := range []struct {
		number uint64
		want   string // hex, for previous hash 0x01 and data hash 0x02
	}{
		{0, "3009" + "020100" + "040101" + "040102"},
		{127, "3009" + "02017f" + "040101" + "040102"},
		{128, "300a" + "02020080" + "040101" + "040102"},
		{math.MaxUint64, "3011" + "020900ffffffffffffffff" + "040101" + "040102"},
	} {
		got := block.HeaderBytes(&common.BlockHeader{Number: c.number, PreviousHash: []byte{1}, DataHash: []byte{2}})
		if hex.EncodeToString(got) != c.want {
			t.Errorf("%d: got %x, want %s", c.number, got, c.want)
		}
	}
	empty := block.HeaderBytes(&common.BlockHeader{})
	if want := "3007" + "020100" + "0400" + "0400"; hex.EncodeToString(empty) != want {
		t.Errorf("empty header: got %x, want %s", empty, want)
	}
	if sum := sha256.Sum256(empty); !bytes.Equal(block.Hash(&common.BlockHeader{}), sum[:]) {
		t.Error("the hash is not SHA-256 over the header bytes")
	}
}

// chain is two blocks by one orderer.
type chain struct {
	org        *fpctest.Org
	manager    *msp.Manager
	validation policy.Policy
	first      *common.Block
	second     *common.Block
}

func newChain(t testing.TB) *chain {
	t.Helper()
	c := &chain{org: fpctest.NewOrg(t, "OrdererMSP")}
	c.manager = fpctest.NewManager(t, c.org)
	c.validation = compile(t, "OR('OrdererMSP.orderer')", c.manager)
	c.first = block.New(6, []byte("hash of block 5"), [][]byte{transaction(t, c.org, "a"), transaction(t, c.org, "b")})
	c.second = block.New(7, block.Hash(c.first.GetHeader()), [][]byte{transaction(t, c.org, "c")})
	for _, b := range []*common.Block{c.first, c.second} {
		if err := block.Sign(b, 3, []byte("raft"), []byte("nonce"), c.org.Orderer()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func compile(t testing.TB, text string, ids msp.Resolver) policy.Policy {
	t.Helper()
	envelope, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Compile(envelope, ids)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func transaction(t testing.TB, o *fpctest.Org, data string) []byte {
	t.Helper()
	e, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_ENDORSER_TRANSACTION, ChannelID: "mychannel", Nonce: []byte("nonce"), Data: &peer.Response{Message: data},
	}, o.Client())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestCheck(t *testing.T) {
	c := newChain(t)
	if err := block.Check(c.first, nil); err != nil {
		t.Error(err)
	}
	if err := block.Check(c.second, c.first.GetHeader()); err != nil {
		t.Error(err)
	}
	rehash := func(b *common.Block) { b.Header.DataHash = block.DataHash(b.GetData()) }
	for _, k := range []struct {
		name string
		f    func(b *common.Block)
		want string
	}{
		{"no header", func(b *common.Block) { b.Header = nil }, block.CodeMalformed},
		{"no data", func(b *common.Block) { b.Data = nil }, block.CodeMalformed},
		{"data changed", func(b *common.Block) { b.Data.Data[0] = transaction(t, c.org, "x") }, block.CodeDataHash},
		{"transaction added", func(b *common.Block) { b.Data.Data = append(b.Data.Data, transaction(t, c.org, "x")) }, block.CodeDataHash},
		{"cut elsewhere", func(b *common.Block) {
			raw := b.Data.Data[0]
			b.Data.Data = [][]byte{raw[:len(raw)/2], raw[len(raw)/2:]}
		}, block.CodeMalformed},
		{"joined", func(b *common.Block) { // the two would decode as one envelope
			b.Data.Data = [][]byte{slices.Concat(b.Data.Data[0], transaction(t, c.org, "x"))}
			rehash(b)
		}, block.CodeMalformed},
		{"empty envelope", func(b *common.Block) { b.Data.Data = append(b.Data.Data, nil); rehash(b) }, block.CodeMalformed},
		{"unsigned", func(b *common.Block) {
			raw, err := proto.Marshal(&common.Envelope{Payload: []byte("x")})
			if err != nil {
				t.Fatal(err)
			}
			b.Data.Data = [][]byte{raw}
			rehash(b)
		}, block.CodeMalformed},
		{"garbage", func(b *common.Block) { b.Data.Data = [][]byte{{0xff}}; rehash(b) }, block.CodeMalformed},
		{"skipped", func(b *common.Block) { b.Header.Number++ }, block.CodeNotNext},
		{"repeated", func(b *common.Block) { b.Header.Number-- }, block.CodeNotNext},
		{"other previous", func(b *common.Block) { b.Header.PreviousHash = []byte("x") }, block.CodeLink},
	} {
		b := proto.Clone(c.second).(*common.Block)
		k.f(b)
		if err := block.Check(b, c.first.GetHeader()); code(err) != k.want {
			t.Errorf("%s: got %v, want code %q", k.name, err, k.want)
		}
	}
	last := &common.BlockHeader{Number: math.MaxUint64}
	wrapped := block.New(0, block.Hash(last), c.second.GetData().GetData())
	if err := block.Check(wrapped, last); code(err) != block.CodeNotNext {
		t.Errorf("after the largest number: got %v, want code %q", err, block.CodeNotNext)
	}
}
