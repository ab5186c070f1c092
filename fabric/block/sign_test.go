// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

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
