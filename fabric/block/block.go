// SPDX-License-Identifier: Apache-2.0

// Package block is trusted: it hashes, builds and verifies blocks. The hash
// chain and the orderers' signatures are all that ties a block to its channel;
// everything else in a block's metadata is somebody's claim.
package block

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// slots is how many metadata slots a block has.
const slots = int(common.BlockMetadataIndex_COMMIT_HASH) + 1

// New builds an unsigned block with empty metadata over serialized envelopes.
func New(number uint64, previousHash []byte, envelopes [][]byte) *common.Block {
	b := &common.Block{
		Header:   &common.BlockHeader{Number: number, PreviousHash: previousHash},
		Data:     &common.BlockData{Data: envelopes},
		Metadata: &common.BlockMetadata{},
	}
	b.Header.DataHash = DataHash(b.Data)
	grow(b)
	return b
}

// HeaderBytes is the ASN.1 form that blocks are chained and signed by: SEQUENCE
// of INTEGER number, OCTET STRING previous hash, OCTET STRING data hash.
func HeaderBytes(header *common.BlockHeader) []byte {
	der, err := asn1.Marshal(struct {
		Number                 *big.Int
		PreviousHash, DataHash []byte
	}{new(big.Int).SetUint64(header.GetNumber()), header.GetPreviousHash(), header.GetDataHash()})
	if err != nil { // an integer and two strings always encode
		return nil
	}
	return der
}

// Hash is SHA-256 over HeaderBytes: the next block's previous hash. Of block 0
// it is the Channel_hash.
func Hash(header *common.BlockHeader) []byte {
	sum := sha256.Sum256(HeaderBytes(header))
	return sum[:]
}

// DataHash is SHA-256 over the concatenated envelopes. It does not cover where
// one envelope ends; [Check] closes that gap.
func DataHash(data *common.BlockData) []byte {
	h := sha256.New()
	for _, envelope := range data.GetData() {
		h.Write(envelope)
	}
	return h.Sum(nil)
}

// Codes of [Error].
const (
	CodeMalformed    = "malformed_block"
	CodeDataHash     = "wrong_data_hash"
	CodeNotNext      = "not_next_block" // a block is skipped, repeated or out of order
	CodeLink         = "broken_link"    // the previous hash is another block's
	CodeNoSignatures = "no_signatures"
	CodeSignatures   = "bad_signatures" // fewer good signatures than the channel asks for
	CodeFilter       = "bad_filter"
)

// Error says why a block is refused.
type Error struct {
	Code   string // stable
	Number uint64 // of the block
	Reason string
	Err    error // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("block %d: %s", e.Number, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(b *common.Block, code string, cause error, format string, args ...any) error {
	return &Error{Code: code, Number: b.GetHeader().GetNumber(), Reason: fmt.Sprintf(format, args...), Err: cause}
}

// Parse decodes a serialized block. What it returns has a header and data; call
// [Check] and [Verify] before trusting either.
func Parse(raw []byte) (*common.Block, error) {
	b := &common.Block{}
	if err := proto.Unmarshal(raw, b); err != nil {
		return nil, &Error{Code: CodeMalformed, Reason: "not a block", Err: err}
	}
	if b.GetHeader() == nil || b.GetData() == nil {
		return nil, fail(b, CodeMalformed, nil, "header or data is missing")
	}
	return b, nil
}

// Check verifies form and data hash of a block, and, where previous is given,
// that it is the next one and links to it. Each envelope must be in its one
// canonical encoding: otherwise the same concatenation, and so the same hash,
// could be cut into other transactions.
func Check(block *common.Block, previous *common.BlockHeader) error {
	header := block.GetHeader()
	if header == nil {
		return fail(block, CodeMalformed, nil, "the header is missing")
	}
	if err := checkEnvelopes(block); err != nil {
		return err
	}
	if hash := DataHash(block.GetData()); !bytes.Equal(hash, header.GetDataHash()) {
		return fail(block, CodeDataHash, nil, "the data hash is %x, the header says %x", hash, header.GetDataHash())
	}
	if previous == nil {
		return nil
	}
	if header.GetNumber() != previous.GetNumber()+1 || header.GetNumber() == 0 {
		return fail(block, CodeNotNext, nil, "block %d is the next one", previous.GetNumber()+1)
	}
	if hash := Hash(previous); !bytes.Equal(hash, header.GetPreviousHash()) {
		return fail(block, CodeLink, nil, "it links to %x, block %d is %x", header.GetPreviousHash(), previous.GetNumber(), hash)
	}
	return nil
}

func checkEnvelopes(block *common.Block) error {
	envelopes := block.GetData().GetData()
	if len(envelopes) == 0 {
		return fail(block, CodeMalformed, nil, "it holds no transaction")
	}
	if IsConfig(block) { // alone in its block, it cannot be cut elsewhere
		return nil
	}
	for i, raw := range envelopes {
		envelope := &common.Envelope{}
		if err := proto.Unmarshal(raw, envelope); err != nil {
			return fail(block, CodeMalformed, err, "transaction %d", i)
		}
		if len(envelope.GetPayload()) == 0 || len(envelope.GetSignature()) == 0 {
			return fail(block, CodeMalformed, nil, "transaction %d lacks payload or signature", i)
		}
		canonical, err := proto.Marshal(envelope)
		if err != nil || !bytes.Equal(canonical, raw) {
			return fail(block, CodeMalformed, err, "transaction %d is not in its canonical encoding", i)
		}
	}
	return nil
}

// ChannelID returns the channel named in the first envelope's header.
func ChannelID(block *common.Block) (string, error) {
	envelopes := block.GetData().GetData()
	if len(envelopes) == 0 {
		return "", fail(block, CodeMalformed, nil, "it holds no transaction")
	}
	header, err := channelHeader(envelopes[0])
	if err != nil {
		return "", fail(block, CodeMalformed, err, "transaction 0")
	}
	return header.GetChannelId(), nil
}

// IsConfig tells whether the block holds one transaction and that is a CONFIG.
func IsConfig(block *common.Block) bool {
	envelopes := block.GetData().GetData()
	if len(envelopes) != 1 {
		return false
	}
	header, err := channelHeader(envelopes[0])
	return err == nil && common.HeaderType(header.GetType()) == common.HeaderType_CONFIG
}

func channelHeader(raw []byte) (*common.ChannelHeader, error) {
	envelope, payload, header := &common.Envelope{}, &common.Payload{}, &common.ChannelHeader{}
	if err := proto.Unmarshal(raw, envelope); err != nil {
		return nil, fmt.Errorf("not an envelope: %w", err)
	}
	if err := proto.Unmarshal(envelope.GetPayload(), payload); err != nil {
		return nil, fmt.Errorf("not a payload: %w", err)
	}
	if payload.GetHeader() == nil {
		return nil, fmt.Errorf("the payload has no header")
	}
	if err := proto.Unmarshal(payload.GetHeader().GetChannelHeader(), header); err != nil {
		return nil, fmt.Errorf("not a channel header: %w", err)
	}
	return header, nil
}
