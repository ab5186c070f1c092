// SPDX-License-Identifier: Apache-2.0

package protocol

// The codes that more than one package names. A package may have codes of its
// own beside these; a code keeps its meaning for ever.
const (
	CodeInternal  Code = "internal"  // a fault of this program, not of its input
	CodeMalformed Code = "malformed" // does not decode, or not in the one form allowed
	CodeTooLarge  Code = "too_large"

	// Who and where.
	CodeWrongChannel   Code = "wrong_channel"
	CodeWrongChaincode Code = "wrong_chaincode"
	CodeWrongVersion   Code = "wrong_version"
	CodeWrongEnclave   Code = "wrong_enclave"
	CodeWrongMSP       Code = "wrong_msp" // MSP roots or configuration differ
	CodeNotAdmin       Code = "not_admin"
	CodeForeignCaller  Code = "foreign_caller" // caller's organisation is not the one required

	// Proposals.
	CodeForeignCreator  Code = "foreign_creator" // creator's certificate is not of the channel
	CodeRevokedCreator  Code = "revoked_creator"
	CodeBadSignature    Code = "bad_signature"
	CodeBadTxID         Code = "bad_tx_id"
	CodeOtherCreator    Code = "other_creator" // inner and outer creator differ
	CodeTransientData   Code = "transient_data"
	CodeUnknownFunction Code = "unknown_function"
	CodeBadArguments    Code = "bad_arguments"

	// Requests and responses.
	CodeUnknownKey     Code = "unknown_key" // another Chaincode_EK than the current one
	CodeRequestRefused Code = "request_refused"
	CodeRequestHash    Code = "request_hash"
	CodeErrorResponse  Code = "error_response" // signed under the error label
	CodeBadResponse    Code = "bad_response"
	CodeBadExec        Code = "bad_exec"
	CodeReservedKey    Code = "reserved_key"

	// State.
	CodeBadValue     Code = "bad_value"     // altered, moved or foreign sealed value
	CodeStaleRead    Code = "stale_read"    // replay saw another value
	CodeAlteredRange Code = "altered_range" // replay saw other rows
	CodeConsumed     Code = "consumed"      // the inner transaction id was used before

	// Enclaves and keys.
	CodeNotInitialised     Code = "not_initialised"
	CodeAlreadyInitialised Code = "already_initialised"
	CodeNotProvisioned     Code = "not_provisioned"
	CodeAlreadyProvisioned Code = "already_provisioned"
	CodeNotRegistered      Code = "not_registered"
	CodeAlreadyRegistered  Code = "already_registered"
	CodeRevoked            Code = "revoked"
	CodeWrongGeneration    Code = "wrong_generation"
	CodeLineage            Code = "lineage"
	CodeNotDesignated      Code = "not_designated" // not the organisation the policy names
	CodeSealedState        Code = "sealed_state"

	// Registration.
	CodeNoPolicy      Code = "no_policy"
	CodeWrongPolicy   Code = "wrong_policy"    // not the bytes the definition approved
	CodeNotInManifest Code = "not_in_manifest" // code id is not in the code manifest
	CodeClock         Code = "clock"           // the transaction's timestamp is far off
	CodeNoDefinition  Code = "no_definition"   // no committed definition
	CodeNotFound      Code = "not_found"
)

// hints says what to do about a code, where that is always the same.
var hints = map[Code]string{
	CodeNoPolicy:           "store ERCC's approved policy first: fpc ercc policy set",
	CodeWrongPolicy:        "the policy must be the bytes whose hash is ERCC's version: fpc ercc policy build, approve, commit, set",
	CodeNotInManifest:      "package the enclave that runs, or approve and commit a definition with its version",
	CodeNotRegistered:      "register the enclave: fpc lifecycle chaincode initenclave",
	CodeNotProvisioned:     "the enclave has no chaincode keys yet: fpc lifecycle chaincode initenclave",
	CodeNotInitialised:     "initialise the enclave: fpc lifecycle chaincode initenclave",
	CodeAlreadyInitialised: "this enclave is registered already; to attest it anew: fpc enclave refresh",
	CodeUnknownKey:         "the chaincode's key has changed: read the registry again",
	CodeNotAdmin:           "use the administrator's identity of the enclave's organisation",
	CodeNoDefinition:       "approve and commit the chaincode's definition first",
	CodeTransientData:      "leave the proposal's transient map empty: the client seals transient data into the request",
	CodeStaleRead:          "the state has changed since the enclave ran: invoke again",
	CodeAlteredRange:       "the state has changed since the enclave ran: invoke again",
	CodeWrongGeneration:    "the chaincode's key set has changed: read the registry again",
	CodeClock:              "set the clock of the client or of the peer",
}
