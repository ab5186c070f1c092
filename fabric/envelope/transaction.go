// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"bytes"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Transaction is an unpacked endorser transaction: well formed, its transaction
// id and proposal hash recomputed. Neither its creator's nor its endorsers'
// signatures are verified.
type Transaction struct {
	*Opened
	TxID            string
	ProposalPayload []byte // ChaincodeProposalPayload, without transient map if the client is honest
	ResponsePayload []byte // what the endorsers signed
	Endorsements    []*peer.Endorsement
}

// Transaction takes an ENDORSER_TRANSACTION's data apart, with a validator's
// checks in its order: first the transaction id (BAD_PROPOSAL_TXID), then exactly
// one action with a matching proposal hash (INVALID_ENDORSER_TRANSACTION). A
// validator verifies the creator's signature before both.
func (o *Opened) Transaction() (*Transaction, error) {
	if o.Type() != common.HeaderType_ENDORSER_TRANSACTION {
		return nil, fail(CodeWrongType, nil, "an envelope of type %s is no endorser transaction", o.Type()).
			as(peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD).about(o.Channel)
	}
	txID := TxID(o.Signature.GetNonce(), o.Signature.GetCreator())
	if o.Channel.GetTxId() != txID {
		return nil, fail(CodeTxID, nil, "the transaction id is %q, nonce and creator give %q", o.Channel.GetTxId(), txID).
			as(peer.TxValidationCode_BAD_PROPOSAL_TXID).about(o.Channel)
	}
	t := &Transaction{Opened: o, TxID: txID}
	if err := t.unpack(); err != nil {
		return nil, err.as(peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION).about(o.Channel)
	}
	return t, nil
}

func (t *Transaction) unpack() *Error {
	transaction, signature := &peer.Transaction{}, &common.SignatureHeader{}
	if len(t.Payload.GetData()) == 0 {
		return fail(CodeMissing, nil, "the payload holds no transaction")
	}
	if err := decode(t.Payload.GetData(), transaction, "the transaction"); err != nil {
		return err
	}
	if n := len(transaction.GetActions()); n != 1 {
		return fail(CodeActions, nil, "the transaction has %d actions, not one", n)
	}
	outer := transaction.GetActions()[0]
	if err := decode(outer.GetHeader(), signature, "the action's signature header"); err != nil {
		return err
	}
	// The action's header is hashed with the proposal and otherwise ignored: the
	// creator that counts is the envelope's.
	if err := checkSignatureHeader(signature); err != nil {
		return err
	}
	action, response := &peer.ChaincodeActionPayload{}, &peer.ProposalResponsePayload{}
	if err := decode(outer.GetPayload(), action, "the action's payload"); err != nil {
		return err
	}
	if action.GetAction() == nil {
		return fail(CodeMissing, nil, "the action holds no endorsed result")
	}
	t.ProposalPayload = action.GetChaincodeProposalPayload()
	t.ResponsePayload = action.GetAction().GetProposalResponsePayload()
	t.Endorsements = action.GetAction().GetEndorsements()
	if err := decode(t.ResponsePayload, response, "the response payload"); err != nil {
		return err
	}
	if len(t.ProposalPayload) == 0 {
		return fail(CodeMissing, nil, "the action holds no proposal payload")
	}
	header := &common.Header{ChannelHeader: t.Payload.GetHeader().GetChannelHeader(), SignatureHeader: outer.GetHeader()}
	if hash := hashProposal(header, t.ProposalPayload); !bytes.Equal(hash, response.GetProposalHash()) {
		return fail(CodeProposalHash, nil, "the endorsers signed for proposal %x, this is %x", response.GetProposalHash(), hash)
	}
	return nil
}

// Chaincode returns the chaincode that the header names, nil if it names none.
// In a block a failure means BAD_HEADER_EXTENSION.
func (t *Transaction) Chaincode() (*peer.ChaincodeID, error) {
	extension := &peer.ChaincodeHeaderExtension{}
	if err := decode(t.Channel.GetExtension(), extension, "the header extension"); err != nil {
		return nil, err.as(peer.TxValidationCode_BAD_HEADER_EXTENSION).about(t.Channel)
	}
	return extension.GetChaincodeId(), nil
}

// Result returns what the endorsers signed. In a block a failure means
// BAD_RESPONSE_PAYLOAD.
func (t *Transaction) Result() (*Result, error) { return ParseResult(t.ResponsePayload) }

// Invocation returns the chaincode input that the transaction's proposal carried.
// Validators do not read it.
func (t *Transaction) Invocation() (*peer.ChaincodeSpec, error) {
	payload, invocation := &peer.ChaincodeProposalPayload{}, &peer.ChaincodeInvocationSpec{}
	if err := decode(t.ProposalPayload, payload, "the chaincode proposal payload"); err != nil {
		return nil, err.about(t.Channel)
	}
	if err := decode(payload.GetInput(), invocation, "the chaincode invocation"); err != nil {
		return nil, err.about(t.Channel)
	}
	if invocation.GetChaincodeSpec() == nil {
		return nil, fail(CodeMissing, nil, "the chaincode invocation is empty").about(t.Channel)
	}
	return invocation.GetChaincodeSpec(), nil
}

// Claims returns one claim per endorsement: what an endorsement policy judges.
func (t *Transaction) Claims() []policy.SignedData {
	claims := make([]policy.SignedData, len(t.Endorsements))
	for i, e := range t.Endorsements {
		claims[i] = EndorsementClaim(t.ResponsePayload, e)
	}
	return claims
}
