// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Codes of [Error].
const (
	CodeMalformed     = "malformed"           // a message or a part of it does not decode
	CodeMissing       = "missing_part"        // a part that must be there is not
	CodeHeaderType    = "bad_header_type"     // a type that has no business here
	CodeEpoch         = "bad_epoch"           // not zero
	CodeTxID          = "bad_tx_id"           // not the hash of nonce and creator
	CodeProposalHash  = "bad_proposal_hash"   // the endorsers signed for another proposal
	CodeActions       = "bad_actions"         // not exactly one action
	CodeNotSuccessful = "not_successful"      // a response has status below 200, or 400 and above
	CodeDisagree      = "payloads_differ"     // endorsers computed different results
	CodeNoEndorsement = "no_endorsement"      // nobody endorsed
	CodeForeignSigner = "foreign_signer"      // the signer is not the creator named in the header
	CodeSigning       = "signing_failed"      // the signer failed
	CodeRequest       = "bad_request"         // a proposal that cannot be built
	CodeWrongType     = "not_endorser_action" // taken apart as an endorser transaction, and none
)

// Error says why a message is not well formed.
type Error struct {
	Code       string // stable
	Reason     string
	TxID       string                // if known; claimed by the message, not checked
	Validation peer.TxValidationCode // what a validator records for such a transaction; 0 where none is judged
	Err        error                 // cause, or nil
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(code string, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...), Err: cause}
}

// as sets the verdict of a validator.
func (e *Error) as(verdict peer.TxValidationCode) *Error {
	e.Validation = verdict
	return e
}

// decode decodes one part of a message.
func decode(raw []byte, into proto.Message, what string) *Error {
	if err := proto.Unmarshal(raw, into); err != nil {
		return fail(CodeMalformed, err, "%s does not decode", what)
	}
	return nil
}

// encode is the one encoding that this package writes.
func encode(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fail(CodeRequest, err, "%s cannot be encoded", m.ProtoReflect().Descriptor().Name())
	}
	return b, nil
}
