// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// bftScene is a channel whose blocks four consenters agree on.
func bftScene(t *testing.T) (*scene, []*fpctest.Member) {
	s := newScene(t)
	set := &BFT{}
	var members []*fpctest.Member
	for i := range 4 {
		m := s.orderer.Issue(fpctest.Template{Name: fmt.Sprintf("orderer%d", i), OUs: []string{fpctest.RoleOrderer}})
		members = append(members, m)
		set.Consenters = append(set.Consenters, &common.Consenter{
			Id: uint32(i + 1), Host: "localhost", Port: uint32(7050 + i), MspId: "OrdererMSP", Identity: m.CertPEM,
			ClientTlsCert: []byte("tls"), ServerTlsCert: []byte("tls"),
		})
	}
	s.profile.Raft, s.profile.BFT = nil, set
	config, err := s.profile.Config()
	if err != nil {
		t.Fatal(err)
	}
	if s.bundle, err = NewBundle(channelID, config); err != nil {
		t.Fatal(err)
	}
	return s, members
}

func TestBFTProfile(t *testing.T) {
	s, members := bftScene(t)
	c := s.bundle.Consensus()
	if c.Type != "BFT" || len(c.Consenters) != 4 || c.Raft != nil {
		t.Errorf("consensus: got type %s, %d consenters, raft %v, want BFT of 4", c.Type, len(c.Consenters), c.Raft)
	}
	options := &orderer.BFTOptions{}
	if err := proto.Unmarshal(c.Metadata, options); err != nil || options.RequestBatchMaxCount != uint64(DefaultBatch.MaxMessages) {
		t.Errorf("options: got batches of %d, error %v, want %d", options.RequestBatchMaxCount, err, DefaultBatch.MaxMessages)
	}
	for n, want := range map[int]bool{0: false, 1: false, 2: false, 3: true, 4: true} {
		b := block.New(1, []byte("previous"), [][]byte{{1}})
		signAsConsenters(t, b, members[:n])
		if err := s.bundle.VerifyBlock(b); (err == nil) != want {
			t.Errorf("block signed by %d of 4: got %v, want good %t", n, err, want)
		}
	}
}

func TestBFTProfileRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*BFT){
		"nobody":      func(b *BFT) { b.Consenters = nil },
		"id 0":        func(b *BFT) { b.Consenters[1].Id = 0 },
		"id twice":    func(b *BFT) { b.Consenters[1].Id = 1 },
		"no identity": func(b *BFT) { b.Consenters[1].Identity = nil },
		"no MSP":      func(b *BFT) { b.Consenters[1].MspId = "" },
		"no host":     func(b *BFT) { b.Consenters[1].Host = "" },
		"no port":     func(b *BFT) { b.Consenters[1].Port = 0 },
		"no TLS":      func(b *BFT) { b.Consenters[1].ServerTlsCert = nil },
	} {
		s, _ := bftScene(t)
		spoil(s.profile.BFT)
		var ce *Error
		if _, err := s.profile.Config(); !errors.As(err, &ce) || ce.Code != CodeBadConfig {
			t.Errorf("%s: got %v, want an error of code %s", name, err, CodeBadConfig)
		}
	}
}

// signAsConsenters puts signatures in as BFT orderers do: they name consenter
// ids, from 1, in place of identities.
func signAsConsenters(t *testing.T, b *common.Block, members []*fpctest.Member) {
	t.Helper()
	marshal := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	metadata := &common.Metadata{Value: marshal(&common.OrdererBlockMetadata{LastConfig: &common.LastConfig{}})}
	for i, m := range members {
		header := marshal(&common.IdentifierHeader{Identifier: uint32(i + 1), Nonce: []byte("nonce")})
		signature, err := m.Sign(bytes.Join([][]byte{metadata.Value, header, block.HeaderBytes(b.Header)}, nil))
		if err != nil {
			t.Fatal(err)
		}
		metadata.Signatures = append(metadata.Signatures, &common.MetadataSignature{IdentifierHeader: header, Signature: signature})
	}
	b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = marshal(metadata)
}
