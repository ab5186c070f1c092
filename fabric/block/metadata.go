// SPDX-License-Identifier: Apache-2.0

package block

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// grow gives the block every metadata slot.
func grow(block *common.Block) {
	if block.GetMetadata() == nil {
		block.Metadata = &common.BlockMetadata{}
	}
	for len(block.Metadata.Metadata) < slots {
		block.Metadata.Metadata = append(block.Metadata.Metadata, []byte{})
	}
}

// Slot returns the raw content of a metadata slot, nil if the block lacks it.
func Slot(block *common.Block, index common.BlockMetadataIndex) []byte {
	metadata := block.GetMetadata().GetMetadata()
	if int(index) < 0 || int(index) >= len(metadata) {
		return nil
	}
	return metadata[index]
}

// signatures reads the SIGNATURES slot: what the orderers signed beside the
// header, and their signatures.
func signatures(block *common.Block) (*common.Metadata, error) {
	raw := Slot(block, common.BlockMetadataIndex_SIGNATURES)
	if len(raw) == 0 {
		return nil, fail(block, CodeNoSignatures, nil, "it carries no signatures")
	}
	metadata := &common.Metadata{}
	if err := proto.Unmarshal(raw, metadata); err != nil {
		return nil, fail(block, CodeMalformed, err, "signature metadata")
	}
	return metadata, nil
}

// LastConfig returns the number of the newest configuration block at this block
// (its own number for a configuration block). The orderers sign it; the LAST_CONFIG
// slot, which nobody signs, is not read.
func LastConfig(block *common.Block) (uint64, error) {
	metadata, err := signatures(block)
	if err != nil {
		return 0, err
	}
	value := &common.OrdererBlockMetadata{}
	if err := proto.Unmarshal(metadata.GetValue(), value); err != nil {
		return 0, fail(block, CodeMalformed, err, "orderer metadata")
	}
	if value.GetLastConfig() == nil {
		return 0, fail(block, CodeMalformed, nil, "it does not name the last configuration block")
	}
	return value.GetLastConfig().GetIndex(), nil
}

// Filter returns the validation codes that a peer recorded for the block's
// transactions. They are that peer's claim: the orderers do not sign them.
func Filter(block *common.Block) ([]peer.TxValidationCode, error) {
	raw := Slot(block, common.BlockMetadataIndex_TRANSACTIONS_FILTER)
	if want := len(block.GetData().GetData()); len(raw) != want {
		return nil, fail(block, CodeFilter, nil, "%d validation codes for %d transactions", len(raw), want)
	}
	codes := make([]peer.TxValidationCode, len(raw))
	for i, code := range raw {
		codes[i] = peer.TxValidationCode(code)
	}
	return codes, nil
}

// SetFilter records validation codes, one per transaction.
func SetFilter(block *common.Block, codes []peer.TxValidationCode) error {
	if want := len(block.GetData().GetData()); len(codes) != want {
		return fail(block, CodeFilter, nil, "%d validation codes for %d transactions", len(codes), want)
	}
	raw := make([]byte, len(codes))
	for i, code := range codes {
		if code < 0 || code > 255 {
			return fail(block, CodeFilter, nil, "validation code %d of transaction %d does not fit a byte", code, i)
		}
		raw[i] = byte(code)
	}
	grow(block)
	block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER] = raw
	return nil
}
