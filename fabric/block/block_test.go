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

func TestVerify(t *testing.T) {
	c := newChain(t)
	if err := block.Verify(c.second, c.validation); err != nil {
		t.Fatal(err)
	}
	if last, err := block.LastConfig(c.second); err != nil || last != 3 {
		t.Errorf("got last configuration block %d, %v, want 3", last, err)
	}
	slot := func(b *common.Block) *common.Metadata {
		m := &common.Metadata{}
		if err := proto.Unmarshal(block.Slot(b, common.BlockMetadataIndex_SIGNATURES), m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	put := func(b *common.Block, m *common.Metadata) {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = raw
	}
	for _, k := range []struct {
		name string
		f    func(b *common.Block)
		want string
	}{
		{"no metadata", func(b *common.Block) { b.Metadata = nil }, block.CodeNoSignatures},
		{"empty slot", func(b *common.Block) { b.Metadata.Metadata[0] = nil }, block.CodeNoSignatures},
		{"garbage slot", func(b *common.Block) { b.Metadata.Metadata[0] = []byte{0xff} }, block.CodeMalformed},
		{"no signature", func(b *common.Block) { m := slot(b); m.Signatures = nil; put(b, m) }, block.CodeSignatures},
		{"other number", func(b *common.Block) { b.Header.Number++ }, block.CodeSignatures},
		{"other data hash", func(b *common.Block) { b.Header.DataHash[0] ^= 1 }, block.CodeSignatures},
		{"other last configuration", func(b *common.Block) { m := slot(b); m.Value[3] ^= 1; put(b, m) }, block.CodeSignatures},
		{"other nonce", func(b *common.Block) {
			m := slot(b)
			m.Signatures[0].SignatureHeader[len(m.Signatures[0].SignatureHeader)-1] ^= 1
			put(b, m)
		}, block.CodeSignatures},
		{"garbage signature header", func(b *common.Block) {
			m := slot(b)
			m.Signatures[0].SignatureHeader = []byte{0xff}
			put(b, m)
		}, block.CodeMalformed},
		{"signed by a client", func(b *common.Block) {
			if err := block.Sign(b, 3, nil, []byte("nonce"), c.org.Client()); err != nil {
				t.Fatal(err)
			}
		}, block.CodeSignatures},
	} {
		b := proto.Clone(c.second).(*common.Block)
		k.f(b)
		if err := block.Verify(b, c.validation); code(err) != k.want {
			t.Errorf("%s: got %v, want code %q", k.name, err, k.want)
		}
	}
}

// consenterSet is four consenters, each with a signer.
func consenterSet(t *testing.T, o *fpctest.Org) (set []*common.Consenter, signers []*fpctest.Member) {
	t.Helper()
	for i, name := range []string{"one", "two", "three", "four"} {
		m := o.Orderer(name)
		set = append(set, &common.Consenter{Id: uint32(i + 1), MspId: o.MSPID, Identity: m.CertPEM})
		signers = append(signers, m)
	}
	return set, signers
}

// signBFT puts the consenters' signatures in, as BFT orderers do: with an
// identifier header each.
func signBFT(t *testing.T, b *common.Block, ids []uint32, signers []*fpctest.Member) {
	t.Helper()
	value, err := proto.Marshal(&common.OrdererBlockMetadata{LastConfig: &common.LastConfig{Index: 3}})
	if err != nil {
		t.Fatal(err)
	}
	m := &common.Metadata{Value: value}
	for i, id := range ids {
		header, err := proto.Marshal(&common.IdentifierHeader{Identifier: id, Nonce: []byte("nonce")})
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signers[i].Sign(slices.Concat(value, header, block.HeaderBytes(b.GetHeader())))
		if err != nil {
			t.Fatal(err)
		}
		m.Signatures = append(m.Signatures, &common.MetadataSignature{IdentifierHeader: header, Signature: signature})
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = raw
}

func TestVerifyBFT(t *testing.T) {
	c := newChain(t)
	set, s := consenterSet(t, c.org)
	anybody := compile(t, "OutOf(0, 'OrdererMSP.member')", c.manager)
	for _, k := range []struct {
		name    string
		ids     []uint32
		signers []*fpctest.Member
		policy  policy.Policy
		want    string
	}{
		{"three of four", []uint32{1, 2, 3}, s[:3], c.validation, ""},
		{"two of four", []uint32{1, 2}, s[:2], c.validation, block.CodeSignatures},
		{"two of four, under a lax policy", []uint32{1, 2}, s[:2], anybody, block.CodeSignatures},
		{"all, under a strict policy", []uint32{1, 2, 3, 4}, s, compile(t, "OR('OrdererMSP.admin')", c.manager), block.CodeSignatures},
		{"one signs for three", []uint32{1, 2, 3}, []*fpctest.Member{s[0], s[0], s[0]}, anybody, block.CodeSignatures},
		{"one signs three times", []uint32{1, 1, 1}, []*fpctest.Member{s[0], s[0], s[0]}, anybody, block.CodeSignatures},
		{"unknown consenter", []uint32{1, 2, 9}, []*fpctest.Member{s[0], s[1], c.org.Orderer()}, anybody, block.CodeSignatures},
		{"an unknown one beside a quorum", []uint32{9, 1, 2, 4}, []*fpctest.Member{c.org.Orderer(), s[0], s[1], s[3]}, c.validation, ""},
		{"nobody", nil, nil, anybody, block.CodeSignatures},
	} {
		b := proto.Clone(c.second).(*common.Block)
		signBFT(t, b, k.ids, k.signers)
		if err := block.VerifyBFT(b, set, k.policy, c.manager); code(err) != k.want {
			t.Errorf("%s: got %v, want code %q", k.name, err, k.want)
		}
	}
	if err := block.VerifyBFT(c.second, set, c.validation, c.manager); code(err) != block.CodeSignatures {
		t.Errorf("signed by an orderer that is no consenter: got %v, want code %q", err, block.CodeSignatures)
	}
	if err := block.VerifyBFT(c.second, nil, c.validation, c.manager); code(err) != block.CodeSignatures {
		t.Errorf("no consenters: got %v, want code %q", err, block.CodeSignatures)
	}
}

func TestFilter(t *testing.T) {
	c := newChain(t)
	if _, err := block.Filter(c.first); code(err) != block.CodeFilter {
		t.Errorf("no filter yet: got %v, want code %q", err, block.CodeFilter)
	}
	codes := []peer.TxValidationCode{peer.TxValidationCode_VALID, peer.TxValidationCode_INVALID_OTHER_REASON}
	if err := block.SetFilter(c.first, codes); err != nil {
		t.Fatal(err)
	}
	if got, err := block.Filter(c.first); err != nil || !slices.Equal(got, codes) {
		t.Errorf("got %v, %v, want %v", got, err, codes)
	}
	if err := block.SetFilter(c.first, codes[:1]); code(err) != block.CodeFilter {
		t.Errorf("one code for two transactions: got %v, want code %q", err, block.CodeFilter)
	}
	if err := block.SetFilter(c.first, []peer.TxValidationCode{0, 256}); code(err) != block.CodeFilter {
		t.Errorf("code 256: got %v, want code %q", err, block.CodeFilter)
	}
	if err := block.Verify(c.first, c.validation); err != nil {
		t.Errorf("the filter is not part of what is signed: %v", err)
	}
}

func TestChannelAndConfig(t *testing.T) {
	c := newChain(t)
	if id, err := block.ChannelID(c.first); err != nil || id != "mychannel" {
		t.Errorf("got channel %q, %v", id, err)
	}
	if _, err := block.ChannelID(&common.Block{}); code(err) != block.CodeMalformed {
		t.Errorf("empty block: got %v", err)
	}
	config, err := envelope.NewSigned(envelope.Message{Type: common.HeaderType_CONFIG, ChannelID: "mychannel", Data: &common.ConfigEnvelope{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	genesis := block.New(0, nil, [][]byte{raw})
	if !block.IsConfig(genesis) || block.IsConfig(c.first) || block.IsConfig(c.second) {
		t.Error("only the genesis block is a configuration block")
	}
	if err := block.Check(genesis, nil); err != nil { // nobody signs its envelope
		t.Error(err)
	}
}

// FuzzParse: no bytes make decoding or checking a block panic; failures are typed.
func FuzzParse(f *testing.F) {
	c := newChain(f)
	raw, err := proto.Marshal(c.second)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := block.Parse(raw)
		if err != nil {
			if code(err) != block.CodeMalformed {
				t.Fatal(err)
			}
			return
		}
		errs := []error{block.Check(b, nil), block.Check(b, c.first.GetHeader()), block.Verify(b, c.validation)}
		_, noChannel := block.ChannelID(b)
		_, noConfig := block.LastConfig(b)
		_, noFilter := block.Filter(b)
		for _, err := range append(errs, noChannel, noConfig, noFilter) {
			var e *block.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("got %v (%T)", err, err)
			}
		}
		if errs[2] == nil && !bytes.Equal(block.Hash(b.GetHeader()), block.Hash(c.second.GetHeader())) {
			t.Fatal("a forged header verifies")
		}
	})
}
