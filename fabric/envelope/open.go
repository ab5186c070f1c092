// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"time"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Opened is an envelope whose payload and headers parsed. Its signature is NOT
// verified: that is SignedData's claim.
type Opened struct {
	Envelope  *common.Envelope
	Payload   *common.Payload
	Channel   *common.ChannelHeader
	Signature *common.SignatureHeader
}

// Open parses an envelope's payload and headers, and checks them as a validator
// does: types other than ENDORSER_TRANSACTION, CONFIG and CONFIG_UPDATE, a
// non-zero epoch, an empty nonce or creator are refused. In a block a failure
// means NIL_ENVELOPE, BAD_PAYLOAD or BAD_COMMON_HEADER: [Error.Validation] says
// which.
func Open(envelope *common.Envelope) (*Opened, error) {
	o, err := OpenAny(envelope)
	if err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	return o, nil
}

// Check makes the checks that [Open] makes beyond [OpenAny].
func (o *Opened) Check() error {
	if err := o.check(); err != nil {
		return err.as(peer.TxValidationCode_BAD_COMMON_HEADER).about(o.Channel)
	}
	return nil
}

// OpenAny is Open without the checks on type, epoch, nonce and creator: for
// Deliver requests and for whoever only wants to look.
func OpenAny(envelope *common.Envelope) (*Opened, error) {
	if envelope == nil {
		return nil, fail(CodeMissing, nil, "there is no envelope").as(peer.TxValidationCode_NIL_ENVELOPE)
	}
	o := &Opened{Envelope: envelope, Payload: &common.Payload{}, Channel: &common.ChannelHeader{}, Signature: &common.SignatureHeader{}}
	if err := decode(envelope.GetPayload(), o.Payload, "the payload"); err != nil {
		return nil, err.as(peer.TxValidationCode_BAD_PAYLOAD)
	}
	const verdict = peer.TxValidationCode_BAD_COMMON_HEADER
	header := o.Payload.GetHeader()
	if header == nil {
		return nil, fail(CodeMissing, nil, "the payload has no header").as(verdict)
	}
	if err := decode(header.GetChannelHeader(), o.Channel, "the channel header"); err != nil {
		return nil, err.as(verdict)
	}
	if err := decode(header.GetSignatureHeader(), o.Signature, "the signature header"); err != nil {
		return nil, err.as(verdict).about(o.Channel)
	}
	return o, nil
}

func (o *Opened) check() *Error {
	switch o.Type() {
	case common.HeaderType_ENDORSER_TRANSACTION, common.HeaderType_CONFIG_UPDATE, common.HeaderType_CONFIG:
	default:
		return fail(CodeHeaderType, nil, "an envelope of type %s is no transaction", o.Type())
	}
	if o.Channel.GetEpoch() != 0 {
		return fail(CodeEpoch, nil, "the epoch is %d, not 0", o.Channel.GetEpoch())
	}
	return checkSignatureHeader(o.Signature)
}

// Type returns what the payload's data is.
func (o *Opened) Type() common.HeaderType { return common.HeaderType(o.Channel.GetType()) }

// ChannelID returns the channel that the envelope names.
func (o *Opened) ChannelID() string { return o.Channel.GetChannelId() }

// Creator returns the serialized identity that claims to have signed.
func (o *Opened) Creator() []byte { return o.Signature.GetCreator() }

// Timestamp returns the creator's time, zero if absent.
func (o *Opened) Timestamp() time.Time { return timeOf(o.Channel.GetTimestamp()) }

// SignedData is the claim to verify: the creator signed the payload.
func (o *Opened) SignedData() policy.SignedData {
	return policy.SignedData{Data: o.Envelope.GetPayload(), Identity: o.Creator(), Signature: o.Envelope.GetSignature()}
}
