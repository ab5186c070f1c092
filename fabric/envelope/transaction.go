// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Opened is an envelope whose payload and headers parsed and are well formed.
// Its signature is NOT verified.
type Opened struct {
	Envelope  *common.Envelope
	Payload   *common.Payload
	Channel   *common.ChannelHeader
	Signature *common.SignatureHeader
}

// Open parses an envelope's payload and headers. In a block a failure means
// NIL_ENVELOPE, BAD_PAYLOAD or BAD_COMMON_HEADER: [Error.Validation] says which.
// Types other than ENDORSER_TRANSACTION, CONFIG and CONFIG_UPDATE, a non-zero
// epoch, an empty nonce or creator are refused as a validator does.
func Open(envelope *common.Envelope) (*Opened, error) {
	return nil, errors.New("envelope: not implemented")
}

// OpenAny is Open without the checks on type, epoch, nonce and creator: for
// Deliver requests and for whoever only wants to look.
func OpenAny(envelope *common.Envelope) (*Opened, error) {
	return nil, errors.New("envelope: not implemented")
}

// SignedData is the claim to verify: the creator signed the payload.
func (o *Opened) SignedData() policy.SignedData { return policy.SignedData{} }

// Transaction takes an ENDORSER_TRANSACTION's data apart: first the transaction
// id (BAD_PROPOSAL_TXID), then exactly one action with a matching proposal hash
// (INVALID_ENDORSER_TRANSACTION).
func (o *Opened) Transaction() (*Transaction, error) {
	return nil, errors.New("envelope: not implemented")
}

// Transaction is an unpacked endorser transaction: well formed, its transaction
// id and proposal hash recomputed.
type Transaction struct {
	*Opened
	TxID            string
	Extension       *peer.ChaincodeHeaderExtension
	ProposalPayload []byte // ChaincodeProposalPayload without transient map
	ResponsePayload []byte // what the endorsers signed
	Result          *Result
	Endorsements    []*peer.Endorsement
}

// Invocation returns the chaincode input that the transaction's proposal carried.
func (t *Transaction) Invocation() (*peer.ChaincodeSpec, error) {
	return nil, errors.New("envelope: not implemented")
}

// Claims returns one claim per endorsement: what an endorsement policy judges.
func (t *Transaction) Claims() []policy.SignedData { return nil }

// Message says what a signed envelope other than an endorser transaction carries.
type Message struct {
	Type        common.HeaderType
	ChannelID   string
	TxID        string // empty: derived from nonce and creator if WithTxID
	Nonce       []byte
	Timestamp   time.Time
	TLSCertHash []byte
	Version     int32
	Data        proto.Message
}

// NewSigned builds and signs an envelope around a message, for example a
// CONFIG_UPDATE or a Deliver request. A nil signer leaves creator and signature
// empty.
func NewSigned(m Message, signer msp.Signer) (*common.Envelope, error) {
	return nil, errors.New("envelope: not implemented")
}
