// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	ledgerpb "github.com/privatechaincode/fpc/internal/pb/ledger"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
)

// history finds a key's past values by walking the chain backwards: slow on a
// long chain, but an embedded network needs no index for it.
type history struct{ ledgers *ledger.Peer }

// History implements chaincode.History.
func (h history) History(channelID, ns, key string, height uint64, visit func(*ledgerpb.KeyModification) bool) error {
	l, ok := h.ledgers.Channel(channelID)
	if !ok {
		return fmt.Errorf("channel '%s' not found", channelID)
	}
	for number := height; number > 0; number-- {
		b, err := l.Block(number - 1)
		if err != nil {
			return err
		}
		writes, err := writesOf(b, ns, key)
		if err != nil {
			return err
		}
		for _, w := range slices.Backward(writes) {
			if !visit(w) {
				return nil
			}
		}
	}
	return nil
}

// writesOf returns the values that a block's valid transactions gave a key, in
// their order.
func writesOf(b *common.Block, ns, key string) ([]*ledgerpb.KeyModification, error) {
	codes, err := block.Filter(b)
	if err != nil {
		return nil, err
	}
	var found []*ledgerpb.KeyModification
	for i, raw := range b.GetData().GetData() {
		if codes[i] != pb.TxValidationCode_VALID {
			continue
		}
		w, err := writeOf(raw, ns, key)
		if err != nil {
			return nil, fmt.Errorf("block %d, transaction %d: %w", b.GetHeader().GetNumber(), i, err)
		}
		if w != nil {
			found = append(found, w)
		}
	}
	return found, nil
}

// writeOf returns the value that a valid transaction gave a key, nil if none.
func writeOf(raw []byte, ns, key string) (*ledgerpb.KeyModification, error) {
	var env common.Envelope
	if err := proto.Unmarshal(raw, &env); err != nil {
		return nil, err
	}
	opened, err := envelope.OpenAny(&env)
	if err != nil {
		return nil, err
	}
	if opened.Channel.GetType() != int32(common.HeaderType_ENDORSER_TRANSACTION) {
		return nil, nil
	}
	tx, err := opened.Transaction()
	if err != nil {
		return nil, err
	}
	result, err := tx.Result()
	if err != nil {
		return nil, err
	}
	set, err := rwset.Parse(result.ReadWriteSet)
	if err != nil {
		return nil, err
	}
	for _, n := range set.Namespaces {
		if n.Name != ns {
			continue
		}
		for _, w := range n.Writes {
			if w.Key == key {
				return &ledgerpb.KeyModification{TxId: tx.TxID, Value: w.Value, Timestamp: opened.Channel.GetTimestamp(), IsDelete: w.IsDelete()}, nil
			}
		}
	}
	return nil, nil
}
