// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Tx is a transaction of a block after the checks that need no state.
type Tx struct {
	// TxID is the id under which ledgers enter the transaction: what its header
	// claims, or, if it claims none, what nonce and creator give. It is empty
	// for what does not decode, and proves nothing for what is invalid.
	TxID string
	// Type is the header type, -1 if undecodable.
	Type common.HeaderType
	// Code is the verdict so far; Finish can still make it invalid, and where it
	// is invalid for its content find it to be a duplicate instead.
	Code peer.TxValidationCode
	// Reason says why Code is not VALID.
	Reason error
	// Set is the transaction's read/write set, nil if there is none.
	Set *rwset.Set
	// Result is what its endorsers signed, nil if there is none.
	Result *envelope.Result
	// Payload is the ProposalResponsePayload that they signed, nil if there is
	// none.
	Payload []byte

	opened    *envelope.Opened
	bundle    *channel.Bundle
	chaincode string           // invoked
	endorsers []*msp.Presented // whose signatures are good, each once
	late      bool             // Code comes after the test for a duplicate
}

func (t *Tx) invalid(code peer.TxValidationCode, err error) *Tx {
	t.Code, t.Reason = code, err
	return t
}

// invalidAs takes the code from the error where it has one.
func (t *Tx) invalidAs(err error, otherwise peer.TxValidationCode) *Tx {
	var e *envelope.Error
	if errors.As(err, &e) && e.Validation != peer.TxValidationCode_VALID {
		otherwise = e.Validation
	}
	return t.invalid(otherwise, err)
}

// Endorsers are those whose endorsements' signatures are good, each once, in the
// transaction's order. They may be anybody the channel's MSPs know.
func (t *Tx) Endorsers() []*msp.Presented { return t.endorsers }

// Check makes the checks of one serialised envelope of a block that need no
// state, in Fabric's order: form, creator's signature, ids, content; and finds
// out which endorsers' signatures are good. It is safe for concurrent use.
func Check(raw []byte, bundle *channel.Bundle) *Tx {
	t := open(raw)
	t.bundle = bundle
	if t.Code != peer.TxValidationCode_VALID {
		return t
	}
	if err := checkCreator(t.opened, bundle); err != nil {
		return t.invalid(peer.TxValidationCode_BAD_CREATOR_SIGNATURE, err)
	}
	switch t.Type {
	case common.HeaderType_ENDORSER_TRANSACTION:
		return t.checkEndorsed()
	case common.HeaderType_CONFIG:
		if t.opened.Payload.Data == nil {
			return t.invalid(peer.TxValidationCode_INVALID_CONFIG_TRANSACTION, errors.New("a config transaction without data"))
		}
		return t
	default:
		return t.invalid(peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD, fmt.Errorf("a transaction of type %s in a block", t.Type))
	}
}

// open decodes an envelope as far as it goes.
func open(raw []byte) *Tx {
	t := &Tx{Type: -1, Code: peer.TxValidationCode_VALID}
	env := &common.Envelope{}
	if err := proto.Unmarshal(raw, env); err != nil {
		return t.invalid(peer.TxValidationCode_INVALID_OTHER_REASON, fmt.Errorf("envelope does not decode: %w", err))
	}
	opened, err := envelope.OpenAny(env)
	if err != nil {
		return t.invalidAs(err, peer.TxValidationCode_BAD_PAYLOAD)
	}
	t.opened, t.Type, t.TxID = opened, opened.Type(), opened.Channel.TxId
	if t.TxID == "" && len(opened.Signature.Nonce) > 0 && len(opened.Signature.Creator) > 0 {
		t.TxID = envelope.TxID(opened.Signature.Nonce, opened.Signature.Creator)
	}
	if err := opened.Check(); err != nil {
		return t.invalidAs(err, peer.TxValidationCode_BAD_COMMON_HEADER)
	}
	return t
}

// checkCreator: the creator is a valid member of the channel that the header
// names, and signed. A peer looks the channel's MSPs up by that name, so that a
// transaction for a channel unknown to it fails here; TARGET_CHAIN_NOT_FOUND,
// which would come later, is never given.
func checkCreator(o *envelope.Opened, bundle *channel.Bundle) error {
	if o.ChannelID() != bundle.ChannelID() {
		return fmt.Errorf("channel %q is not %q", o.ChannelID(), bundle.ChannelID())
	}
	if o.Envelope.Signature == nil {
		return errors.New("the envelope is not signed")
	}
	creator, err := bundle.Identities().Identity(o.Creator())
	if err != nil {
		return err
	}
	return creator.Verify(o.Envelope.Payload, o.Envelope.Signature)
}

// checkEndorsed takes an endorser transaction apart.
func (t *Tx) checkEndorsed() *Tx {
	tx, err := t.opened.Transaction()
	if err != nil {
		return t.invalidAs(err, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION)
	}
	t.late, t.Payload = true, tx.ResponsePayload
	named, err := tx.Chaincode()
	if err != nil {
		return t.invalidAs(err, peer.TxValidationCode_BAD_HEADER_EXTENSION)
	}
	if t.Result, err = tx.Result(); err != nil {
		return t.invalidAs(err, peer.TxValidationCode_BAD_RESPONSE_PAYLOAD)
	}
	if t.Set, err = rwset.Parse(t.Result.ReadWriteSet); err != nil {
		return t.invalid(peer.TxValidationCode_BAD_RWSET, err)
	}
	if code, err := checkChaincode(named, t.Result); err != nil {
		return t.invalid(code, err)
	}
	t.chaincode = named.Name
	seen := make(map[string]bool, len(t.Set.Namespaces))
	for _, ns := range t.Set.Namespaces {
		if seen[ns.Name] {
			return t.invalid(peer.TxValidationCode_ILLEGAL_WRITESET, fmt.Errorf("duplicate namespace %q in the read/write set", ns.Name))
		}
		seen[ns.Name] = true
	}
	t.endorsers = policy.Identities(tx.Claims(), t.bundle.Identities())
	return t
}

// checkChaincode: header, result and event speak of the same chaincode.
func checkChaincode(named *peer.ChaincodeID, result *envelope.Result) (peer.TxValidationCode, error) {
	ran := result.ChaincodeID
	switch {
	case named == nil:
		return peer.TxValidationCode_INVALID_OTHER_REASON, errors.New("the header extension names no chaincode")
	case ran == nil:
		return peer.TxValidationCode_INVALID_OTHER_REASON, errors.New("the result names no chaincode")
	case named.Name == "":
		return peer.TxValidationCode_INVALID_CHAINCODE, errors.New("the chaincode's name is empty")
	case named.Name != ran.Name:
		return peer.TxValidationCode_INVALID_CHAINCODE, fmt.Errorf("chaincode %q was proposed, %q ran", named.Name, ran.Name)
	case ran.Version == "":
		return peer.TxValidationCode_INVALID_CHAINCODE, errors.New("the chaincode's version is empty")
	}
	if result.Event == nil {
		return peer.TxValidationCode_VALID, nil
	}
	event := &peer.ChaincodeEvent{}
	if err := proto.Unmarshal(result.Event, event); err != nil {
		return peer.TxValidationCode_INVALID_OTHER_REASON, fmt.Errorf("chaincode event does not decode: %w", err)
	}
	if event.ChaincodeId != named.Name {
		return peer.TxValidationCode_INVALID_OTHER_REASON, fmt.Errorf("chaincode event is of %q, not %q", event.ChaincodeId, named.Name)
	}
	return peer.TxValidationCode_VALID, nil
}
