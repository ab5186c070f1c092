// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"bytes"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Sign signs a serialized payload. The signer must be the creator that the
// payload's signature header names.
func Sign(payload []byte, signer msp.Signer) (*common.Envelope, error) {
	opened, err := OpenAny(&common.Envelope{Payload: payload})
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(opened.Creator(), signer.Creator()) {
		return nil, fail(CodeForeignSigner, nil, "the signer is not the creator that the payload names").about(opened.Channel)
	}
	signature, err := signer.Sign(payload)
	if err != nil {
		return nil, fail(CodeSigning, err, "sign the payload").about(opened.Channel)
	}
	return &common.Envelope{Payload: payload, Signature: signature}, nil
}

// Message says what a signed envelope other than an endorser transaction carries.
type Message struct {
	Type        common.HeaderType
	ChannelID   string
	TxID        string // Fabric derives none for these types
	Nonce       []byte // NonceSize random bytes; a Deliver request may do without
	Timestamp   time.Time
	TLSCertHash []byte // SHA-256 of the client's TLS certificate, where a server binds to it
	Version     int32
	Data        proto.Message
}

// NewSigned builds and signs an envelope around a message, for example a
// CONFIG_UPDATE or a Deliver request. A nil signer leaves creator and signature
// empty.
func NewSigned(m Message, signer msp.Signer) (*common.Envelope, error) {
	signatureHeader := &common.SignatureHeader{Nonce: m.Nonce}
	if signer != nil {
		signatureHeader.Creator = signer.Creator()
	}
	header, err := headers(&common.ChannelHeader{
		Type: int32(m.Type), Version: m.Version, Timestamp: timestamp(m.Timestamp), ChannelId: m.ChannelID,
		TxId: m.TxID, TlsCertHash: m.TLSCertHash,
	}, signatureHeader)
	if err != nil {
		return nil, err
	}
	data, err := encode(m.Data)
	if err != nil {
		return nil, err
	}
	payload, err := encode(&common.Payload{Header: header, Data: data})
	if err != nil {
		return nil, err
	}
	if signer == nil {
		return &common.Envelope{Payload: payload}, nil
	}
	return Sign(payload, signer)
}
