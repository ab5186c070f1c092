// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

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
