// SPDX-License-Identifier: Apache-2.0

// Package block is trusted: it hashes, builds and verifies blocks. The hash
// chain and the orderers' signatures are all that ties a block to its channel.
package block

import (
	"errors"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// New builds an unsigned block with empty metadata over serialized envelopes.
func New(number uint64, previousHash []byte, envelopes [][]byte) *common.Block { return nil }

// HeaderBytes is the ASN.1 form that blocks are chained and signed by: SEQUENCE
// of INTEGER number, OCTET STRING previous hash, OCTET STRING data hash.
func HeaderBytes(header *common.BlockHeader) []byte { return nil }

// Hash is SHA-256 over HeaderBytes: the next block's previous hash. Of block 0
// it is the Channel_hash.
func Hash(header *common.BlockHeader) []byte { return nil }

// DataHash is SHA-256 over the concatenated envelopes.
func DataHash(data *common.BlockData) []byte { return nil }

// Check verifies form and data hash of a block, and, where previous is given,
// that it is the next one and links to it.
func Check(block *common.Block, previous *common.BlockHeader) error {
	return errors.New("block: not implemented")
}

// ChannelID returns the channel named in the first envelope's header.
func ChannelID(block *common.Block) (string, error) { return "", errors.New("block: not implemented") }

// IsConfig tells whether the block holds one CONFIG transaction.
func IsConfig(block *common.Block) bool { return false }

// LastConfig returns the number of the newest configuration block at this block
// (its own number for a configuration block).
func LastConfig(block *common.Block) (uint64, error) { return 0, errors.New("block: not implemented") }

// Sign puts an orderer's signature into the block: value, then signature header,
// then header bytes are signed. consenter is the consenter's own metadata; nonce
// is random.
func Sign(block *common.Block, lastConfig uint64, consenter []byte, nonce []byte, signer msp.Signer) error {
	return errors.New("block: not implemented")
}

// Verify checks the orderers' signatures of a raft channel's block against the
// BlockValidation policy in force before it.
func Verify(block *common.Block, validation policy.Policy) error {
	return errors.New("block: not implemented")
}

// VerifyBFT checks the signatures of a BFT channel's block: a quorum of the
// consenter set in force before it.
func VerifyBFT(block *common.Block, consenters []*common.Consenter, ids msp.Resolver) error {
	return errors.New("block: not implemented")
}

// Filter returns the validation codes that a peer recorded for the block's
// transactions. They are not signed by anybody.
func Filter(block *common.Block) ([]peer.TxValidationCode, error) {
	return nil, errors.New("block: not implemented")
}

// SetFilter records validation codes, one per transaction.
func SetFilter(block *common.Block, codes []peer.TxValidationCode) error {
	return errors.New("block: not implemented")
}
