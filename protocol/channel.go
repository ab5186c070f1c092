// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// ChannelHash is Channel_hash of the channel that this genesis block began:
// SHA-256 of its header, as Fabric chains blocks. The header's hash of the data
// is checked, so the hash names the whole block.
func ChannelHash(genesis *common.Block) ([]byte, error) {
	h := genesis.GetHeader()
	if h.GetNumber() != 0 || len(h.GetPreviousHash()) != 0 {
		return nil, Errorf("REG-2", CodeWrongChannel, "block %d is not a genesis block", h.GetNumber())
	}
	if len(genesis.GetData().GetData()) != 1 || !bytes.Equal(block.DataHash(genesis.GetData()), h.GetDataHash()) {
		return nil, Errorf("REG-2", CodeMalformed, "genesis block's data is not what its header says")
	}
	return block.Hash(h), nil
}
