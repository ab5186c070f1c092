// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Filtered is a block without contents: transaction ids, types, verdicts, and
// the names of chaincode events without their payloads. Envelopes that do not
// decode are left out, and an endorser transaction whose inside does not decode
// stands without events: one garbage transaction must not stop the readers.
func Filtered(block *common.Block) *peer.FilteredBlock {
	out := &peer.FilteredBlock{Number: block.GetHeader().GetNumber()}
	for i, raw := range block.GetData().GetData() {
		tx, err := unpack(raw)
		if err != nil {
			continue
		}
		out.ChannelId = tx.header.GetChannelId()
		filtered := &peer.FilteredTransaction{
			Txid:             tx.header.GetTxId(),
			Type:             common.HeaderType(tx.header.GetType()),
			TxValidationCode: verdict(block, i),
		}
		if filtered.Type == common.HeaderType_ENDORSER_TRANSACTION {
			filtered.Data = &peer.FilteredTransaction_TransactionActions{TransactionActions: filteredActions(tx.data)}
		}
		out.FilteredTransactions = append(out.FilteredTransactions, filtered)
	}
	return out
}

// verdict is the transaction's entry in the block's transaction filter.
func verdict(block *common.Block, i int) peer.TxValidationCode {
	metadata := block.GetMetadata().GetMetadata()
	if len(metadata) <= int(common.BlockMetadataIndex_TRANSACTIONS_FILTER) {
		return peer.TxValidationCode_NOT_VALIDATED
	}
	filter := metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	if i >= len(filter) {
		return peer.TxValidationCode_NOT_VALIDATED
	}
	return peer.TxValidationCode(filter[i])
}

func filteredActions(data []byte) *peer.FilteredTransactionActions {
	out := &peer.FilteredTransactionActions{}
	events, err := events(data)
	if err != nil {
		return out
	}
	for _, event := range events {
		event.Payload = nil
		out.ChaincodeActions = append(out.ChaincodeActions, &peer.FilteredChaincodeAction{ChaincodeEvent: event})
	}
	return out
}

// Events returns the chaincode events of the valid transactions of a block, in
// their order, with payloads.
func Events(block *common.Block) ([]*peer.ChaincodeEvent, error) {
	var out []*peer.ChaincodeEvent
	for i, raw := range block.GetData().GetData() {
		if verdict(block, i) != peer.TxValidationCode_VALID {
			continue
		}
		tx, err := unpack(raw)
		if err != nil {
			return nil, fmt.Errorf("deliver: block %d, transaction %d: %w", block.GetHeader().GetNumber(), i, err)
		}
		if tx.header.GetType() != int32(common.HeaderType_ENDORSER_TRANSACTION) {
			continue
		}
		events, err := events(tx.data)
		if err != nil {
			return nil, fmt.Errorf("deliver: block %d, transaction %d: %w", block.GetHeader().GetNumber(), i, err)
		}
		out = append(out, events...)
	}
	return out, nil
}

// events returns the chaincode events of one encoded Transaction.
func events(data []byte) ([]*peer.ChaincodeEvent, error) {
	var tx peer.Transaction
	if err := proto.Unmarshal(data, &tx); err != nil {
		return nil, err
	}
	var out []*peer.ChaincodeEvent
	for _, action := range tx.GetActions() {
		var payload peer.ChaincodeActionPayload
		if err := proto.Unmarshal(action.GetPayload(), &payload); err != nil {
			return nil, err
		}
		var response peer.ProposalResponsePayload
		if err := proto.Unmarshal(payload.GetAction().GetProposalResponsePayload(), &response); err != nil {
			return nil, err
		}
		var result peer.ChaincodeAction
		if err := proto.Unmarshal(response.GetExtension(), &result); err != nil {
			return nil, err
		}
		var event peer.ChaincodeEvent
		if err := proto.Unmarshal(result.GetEvents(), &event); err != nil {
			return nil, err
		}
		if event.GetChaincodeId() != "" {
			out = append(out, &event)
		}
	}
	return out, nil
}

// transaction is one unpacked envelope of a block.
type transaction struct {
	header *common.ChannelHeader
	data   []byte
}

func unpack(envelope []byte) (*transaction, error) {
	var env common.Envelope
	if err := proto.Unmarshal(envelope, &env); err != nil {
		return nil, err
	}
	var payload common.Payload
	if err := proto.Unmarshal(env.GetPayload(), &payload); err != nil {
		return nil, err
	}
	var header common.ChannelHeader
	if err := proto.Unmarshal(payload.GetHeader().GetChannelHeader(), &header); err != nil {
		return nil, err
	}
	return &transaction{header: &header, data: payload.Data}, nil
}
