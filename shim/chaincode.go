// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// The messages that chaincodes handle. They have Fabric's fields on the wire,
// and are named here so that chaincodes outside this module can use them.
type (
	// Response is what a chaincode answers: status, message and payload.
	Response = peer.Response
	// SignedProposal is the client's proposal with its signature, as the peer
	// handed it over.
	SignedProposal = peer.SignedProposal
	// ChaincodeEvent is an event that a transaction emits when it commits.
	ChaincodeEvent = peer.ChaincodeEvent
	// QueryResponseMetadata tells how many rows a page holds, and the bookmark
	// with which the next page starts (empty: no next page).
	QueryResponseMetadata = peer.QueryResponseMetadata
	// KV is one row of a range: namespace, key and value.
	KV = ledger.KV
	// KeyModification is one entry of a key's history.
	KeyModification = ledger.KeyModification
)

// Status codes of a Response. A peer endorses a response only if its status is
// below ERRORTHRESHOLD.
const (
	OK             = 200
	ERRORTHRESHOLD = 400
	ERROR          = 500
)

// Chaincode is what a chaincode implements. Both methods may be called for
// several transactions at the same time, each with a stub of its own; state
// belongs on the ledger, not in the chaincode value.
type Chaincode interface {
	// Init is called instead of Invoke for a chaincode that was approved with
	// "init required", once. Newer chaincodes leave it empty.
	Init(stub ChaincodeStubInterface) *Response
	// Invoke runs one transaction or query. A panic becomes a response of
	// status 500.
	Invoke(stub ChaincodeStubInterface) *Response
}

// Success returns a response of status OK with the given payload.
func Success(payload []byte) *Response {
	return &Response{Status: OK, Payload: payload}
}

// Error returns a response of status ERROR with the given message. In a
// private chaincode the message is sealed for the client like a payload.
func Error(message string) *Response {
	return &Response{Status: ERROR, Message: message}
}
